#include "kernels.h"

WF_MULTIVERSION void wf_add(const float *x, const float *y, float *out, intptr_t count) {
  for (intptr_t i = 0; i < count; i++) out[i] = x[i] + y[i];
}

WF_MULTIVERSION void wf_multiply(const float *x, const float *y, float *out, intptr_t count) {
  for (intptr_t i = 0; i < count; i++) out[i] = x[i] * y[i];
}

WF_MULTIVERSION void wf_scale_shift(const float *x, float scale, float shift, float *out, intptr_t count) {
  for (intptr_t i = 0; i < count; i++) out[i] = x[i] * scale + shift;
}

WF_MULTIVERSION void wf_add_scaled(const float *x, const float *y, float scale, float *out, intptr_t count) {
  for (intptr_t i = 0; i < count; i++) out[i] = x[i] + scale * y[i];
}

// Sums run in blocks of 4096 that are added in double, so that the error does not grow with the length.
#define BLOCK 4096

WF_INLINE float blockwise(const float *x, const float *y, float mean, intptr_t count, int what) {
  double total = 0;
  for (intptr_t start = 0; start < count; start += BLOCK) {
    intptr_t end = count - start < BLOCK ? count : start + BLOCK;
    float sum = 0;
    {
#pragma clang fp reassociate(on)
      for (intptr_t i = start; i < end; i++) {
        if (what == 0) sum += x[i];
        if (what == 1) sum += x[i] * y[i];
        if (what == 2) sum += (x[i] - mean) * (x[i] - mean);
      }
    }
    total += sum;
  }
  return (float)total;
}

WF_MULTIVERSION float wf_sum(const float *x, intptr_t count) { return blockwise(x, x, 0, count, 0); }

WF_MULTIVERSION float wf_dot(const float *x, const float *y, intptr_t count) { return blockwise(x, y, 0, count, 1); }

WF_MULTIVERSION float wf_squared_deviation(const float *x, float mean, intptr_t count) {
  return blockwise(x, x, mean, count, 2);
}

WF_MULTIVERSION void wf_sum_over_channels(const float *x, const float *weights, intptr_t channels, intptr_t plane,
                                          float *out) {
  for (intptr_t i = 0; i < plane; i++) out[i] = 0;
  for (intptr_t c = 0; c < channels; c++)
    for (intptr_t i = 0; i < plane; i++) out[i] += weights[c] * x[c * plane + i];
}
