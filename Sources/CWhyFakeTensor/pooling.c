#include "kernels.h"

#include <math.h>

typedef struct {
  intptr_t y0, y1, x0, x1;
} window;

/// The part of an output's window that lies inside the plane; may be empty.
WF_INLINE window window_at(const wf_plane *p, intptr_t oy, intptr_t ox) {
  window w = {oy * p->stride - p->top, 0, ox * p->stride - p->left, 0};
  w.y1 = w.y0 + p->kernelHeight < p->height ? w.y0 + p->kernelHeight : p->height;
  w.x1 = w.x0 + p->kernelWidth < p->width ? w.x0 + p->kernelWidth : p->width;
  if (w.y0 < 0) w.y0 = 0;
  if (w.x0 < 0) w.x0 = 0;
  return w;
}

WF_INLINE intptr_t largest(const wf_plane *p, const float *in, window w) {
  intptr_t best = -1;
  for (intptr_t y = w.y0; y < w.y1; y++)
    for (intptr_t x = w.x0; x < w.x1; x++) {
      intptr_t i = y * p->width + x;
      if (best < 0 || in[i] > in[best] || in[i] != in[i]) best = i;
    }
  return best;
}

void wf_max_pool(const wf_plane *p, const float *in, float *out) {
  for (intptr_t oy = 0; oy < p->outHeight; oy++)
    for (intptr_t ox = 0; ox < p->outWidth; ox++) {
      intptr_t best = largest(p, in, window_at(p, oy, ox));
      *out++ = best < 0 ? -INFINITY : in[best];
    }
}

void wf_max_pool_backward(const wf_plane *p, const float *in, const float *gradient, float *out) {
  for (intptr_t oy = 0; oy < p->outHeight; oy++)
    for (intptr_t ox = 0; ox < p->outWidth; ox++, gradient++) {
      intptr_t best = largest(p, in, window_at(p, oy, ox));
      if (best >= 0) out[best] += *gradient;
    }
}

WF_INLINE float share(const wf_plane *p, bool countPadding, window w) {
  intptr_t n = countPadding ? p->kernelHeight * p->kernelWidth : (w.y1 - w.y0) * (w.x1 - w.x0);
  return 1.0f / (float)n;
}

void wf_average_pool(const wf_plane *p, bool countPadding, const float *in, float *out) {
  for (intptr_t oy = 0; oy < p->outHeight; oy++)
    for (intptr_t ox = 0; ox < p->outWidth; ox++) {
      window w = window_at(p, oy, ox);
      float sum = 0;
      for (intptr_t y = w.y0; y < w.y1; y++)
        for (intptr_t x = w.x0; x < w.x1; x++) sum += in[y * p->width + x];
      *out++ = w.y1 > w.y0 && w.x1 > w.x0 ? sum * share(p, countPadding, w) : 0;
    }
}

void wf_average_pool_backward(const wf_plane *p, bool countPadding, const float *gradient, float *out) {
  for (intptr_t oy = 0; oy < p->outHeight; oy++)
    for (intptr_t ox = 0; ox < p->outWidth; ox++, gradient++) {
      window w = window_at(p, oy, ox);
      float g = *gradient * share(p, countPadding, w);
      for (intptr_t y = w.y0; y < w.y1; y++)
        for (intptr_t x = w.x0; x < w.x1; x++) out[y * p->width + x] += g;
    }
}

typedef struct {
  intptr_t low, high;
  float weight;  // of `high`
} blend;

WF_INLINE blend blend_at(intptr_t i, intptr_t length, intptr_t outLength) {
  float position = ((float)i + 0.5f) * ((float)length / (float)outLength) - 0.5f;
  if (position < 0) position = 0;
  blend b;
  b.low = (intptr_t)position;
  if (b.low > length - 1) b.low = length - 1;
  b.high = b.low + 1 < length ? b.low + 1 : length - 1;
  b.weight = position - (float)b.low;
  return b;
}

void wf_resize_bilinear(const float *in, intptr_t height, intptr_t width, float *out, intptr_t outHeight,
                        intptr_t outWidth) {
  for (intptr_t y = 0; y < outHeight; y++) {
    blend v = blend_at(y, height, outHeight);
    const float *top = in + v.low * width, *bottom = in + v.high * width;
    for (intptr_t x = 0; x < outWidth; x++) {
      blend h = blend_at(x, width, outWidth);
      float above = (1 - h.weight) * top[h.low] + h.weight * top[h.high];
      float below = (1 - h.weight) * bottom[h.low] + h.weight * bottom[h.high];
      *out++ = (1 - v.weight) * above + v.weight * below;
    }
  }
}

void wf_resize_bilinear_backward(const float *gradient, intptr_t outHeight, intptr_t outWidth, float *out,
                                 intptr_t height, intptr_t width) {
  for (intptr_t y = 0; y < outHeight; y++) {
    blend v = blend_at(y, height, outHeight);
    float *top = out + v.low * width, *bottom = out + v.high * width;
    for (intptr_t x = 0; x < outWidth; x++, gradient++) {
      blend h = blend_at(x, width, outWidth);
      float above = (1 - v.weight) * *gradient, below = v.weight * *gradient;
      top[h.low] += (1 - h.weight) * above;
      top[h.high] += h.weight * above;
      bottom[h.low] += (1 - h.weight) * below;
      bottom[h.high] += h.weight * below;
    }
  }
}
