#include "kernels.h"

#include <math.h>
#include <string.h>

/// e^x within 2 units in the last place: range reduction by ln 2 in two parts and a polynomial of degree 6. Written
/// without library calls so that it vectorises; saturates below −87.3 and above 88.3; NaN stays NaN.
WF_INLINE float exponential(float x) {
  x = x < -87.3f ? -87.3f : x;
  x = x > 88.3f ? 88.3f : x;
  float n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;  // nearest integer
  float r = x - n * 0.693145752f - n * 1.42860677e-6f;
  float p = 1.3888889e-3f;
  p = p * r + 8.3333333e-3f;
  p = p * r + 4.1666667e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  int32_t bits = ((int32_t)n + 127) << 23;
  float scale;
  memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

WF_INLINE float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

WF_INLINE void activate(float *x, intptr_t count, float bias, wf_activation_kind kind) {
  switch (kind) {
    case WF_IDENTITY:
      if (bias != 0)
        for (intptr_t i = 0; i < count; i++) x[i] += bias;
      break;
    case WF_RELU:
      for (intptr_t i = 0; i < count; i++) {
        float v = x[i] + bias;
        x[i] = v < 0 ? 0 : v;
      }
      break;
    case WF_SIGMOID:
      for (intptr_t i = 0; i < count; i++) x[i] = sigmoid(x[i] + bias);
      break;
    case WF_SILU:
      for (intptr_t i = 0; i < count; i++) {
        float v = x[i] + bias;
        x[i] = v * sigmoid(v);
      }
      break;
  }
}

WF_MULTIVERSION void wf_activate(float *x, intptr_t count, wf_activation_kind kind) { activate(x, count, 0, kind); }

WF_MULTIVERSION void wf_bias_activate(float *x, intptr_t rows, intptr_t columns, intptr_t stride,
                                      const float *bias, wf_activation_kind kind) {
  for (intptr_t row = 0; row < rows; row++) activate(x + row * stride, columns, bias ? bias[row] : 0, kind);
}

WF_MULTIVERSION void wf_activate_backward(const float *before, const float *after, const float *gradient, float *out,
                                          intptr_t count, wf_activation_kind kind) {
  switch (kind) {
    case WF_IDENTITY:
      memcpy(out, gradient, (size_t)count * sizeof(float));
      break;
    case WF_RELU:
      for (intptr_t i = 0; i < count; i++) out[i] = after[i] > 0 ? gradient[i] : 0;
      break;
    case WF_SIGMOID:
      for (intptr_t i = 0; i < count; i++) out[i] = gradient[i] * after[i] * (1 - after[i]);
      break;
    case WF_SILU:
      for (intptr_t i = 0; i < count; i++) {
        float s = sigmoid(before[i]);
        out[i] = gradient[i] * s * (1 + before[i] * (1 - s));
      }
      break;
  }
}

WF_MULTIVERSION void wf_softmax(const float *x, float *y, intptr_t rows, intptr_t columns) {
  for (intptr_t row = 0; row < rows; row++, x += columns, y += columns) {
    float largest = -INFINITY;
    for (intptr_t i = 0; i < columns; i++) largest = x[i] > largest ? x[i] : largest;
    for (intptr_t i = 0; i < columns; i++) y[i] = exponential(x[i] - largest);
    float scale = 1.0f / wf_sum(y, columns);
    for (intptr_t i = 0; i < columns; i++) y[i] *= scale;
  }
}

WF_MULTIVERSION void wf_softmax_backward(const float *y, const float *gradient, float *out, intptr_t rows,
                                         intptr_t columns) {
  for (intptr_t row = 0; row < rows; row++, y += columns, gradient += columns, out += columns) {
    float mean = wf_dot(y, gradient, columns);
    for (intptr_t i = 0; i < columns; i++) out[i] = y[i] * (gradient[i] - mean);
  }
}
