#include "kernels.h"

#include <string.h>

/// A plane prepared for reading patches without bounds checks: padded with zeros, and for stride 2 each row split
/// into its even columns followed by its odd ones, so that neighbouring outputs read neighbouring values.
typedef struct {
  intptr_t rows, columns, half;
} padded_size;

WF_INLINE padded_size padded(const wf_plane *p) {
  padded_size s;
  s.rows = (p->outHeight - 1) * p->stride + p->kernelHeight;
  s.columns = (p->outWidth - 1) * p->stride + p->kernelWidth;
  s.half = (s.columns + 1) / 2;
  return s;
}

intptr_t wf_depthwise_scratch(const wf_plane *p) {
  padded_size s = padded(p);
  intptr_t forward = s.rows * 2 * s.half;
  intptr_t backward = (p->height + p->kernelHeight) * (p->width + p->kernelWidth);
  return (forward > backward ? forward : backward) + p->kernelHeight * p->kernelWidth;
}

/// Every second value of `source`.
WF_INLINE void gather_even(const float *restrict source, float *restrict out, intptr_t count) {
  for (intptr_t i = 0; i < count; i++) out[i] = source[2 * i];
}

WF_MULTIVERSION static void pad_plane(const wf_plane *p, const float *in, float *scratch) {
  padded_size s = padded(p);
  intptr_t pitch = p->stride == 2 ? 2 * s.half : s.columns;
  memset(scratch, 0, (size_t)(s.rows * pitch) * sizeof(float));
  intptr_t first = p->left, last = p->left + p->width;  // columns of the padded row that come from `in`
  if (last > s.columns) last = s.columns;
  for (intptr_t y = 0; y < s.rows; y++) {
    intptr_t sourceRow = y - p->top;
    if (sourceRow < 0 || sourceRow >= p->height) continue;
    const float *source = in + sourceRow * p->width - p->left;
    float *row = scratch + y * pitch;
    if (p->stride == 2) {
      intptr_t even = (first + 1) & ~(intptr_t)1, odd = first | 1;
      if (even < last) gather_even(source + even, row + (even >> 1), (last - even + 1) / 2);
      if (odd < last) gather_even(source + odd, row + s.half + (odd >> 1), (last - odd + 1) / 2);
    } else if (last > first) {
      memcpy(row + first, source + first, (size_t)(last - first) * sizeof(float));
    }
  }
}

/// Where column `kx` of the patch of output 0 is in a prepared row.
WF_INLINE intptr_t tap(const padded_size *s, intptr_t stride, intptr_t kx) {
  return stride == 2 ? (kx & 1) * s->half + (kx >> 1) : kx;
}

/// One output row of a K×K filter over rows prepared for stride 1 or 2.
WF_INLINE void filter_row(const float *restrict rows, intptr_t pitch, const intptr_t *restrict taps,
                          const float *restrict filter, int K,
                          float bias, float *restrict out, intptr_t width) {
  for (intptr_t x = 0; x < width; x++) {
    float sum = bias;
    for (int ky = 0; ky < K; ky++)
      for (int kx = 0; kx < K; kx++) sum += filter[ky * K + kx] * rows[ky * pitch + taps[kx] + x];
    out[x] = sum;
  }
}

WF_INLINE void filter_row_any(const wf_plane *p, const float *rows, intptr_t pitch, const float *filter, float bias,
                              float *out, intptr_t step) {
  for (intptr_t x = 0; x < p->outWidth; x++) {
    float sum = bias;
    for (intptr_t ky = 0; ky < p->kernelHeight; ky++)
      for (intptr_t kx = 0; kx < p->kernelWidth; kx++)
        sum += filter[ky * p->kernelWidth + kx] * rows[ky * pitch + x * step + kx];
    out[x] = sum;
  }
}

WF_MULTIVERSION static void filter_plane(const wf_plane *p, const float *prepared, const float *filter, float bias,
                                         float *out) {
  padded_size s = padded(p);
  intptr_t pitch = p->stride == 2 ? 2 * s.half : s.columns;
  intptr_t taps[8];
  bool square = p->kernelHeight == p->kernelWidth && p->stride <= 2;
  for (intptr_t k = 0; k < 8; k++) taps[k] = tap(&s, p->stride, k);
  for (intptr_t y = 0; y < p->outHeight; y++) {
    const float *rows = prepared + y * p->stride * pitch;
    float *row = out + y * p->outWidth;
    if (square && p->kernelWidth == 3) {
      filter_row(rows, pitch, taps, filter, 3, bias, row, p->outWidth);
    } else if (square && p->kernelWidth == 5) {
      filter_row(rows, pitch, taps, filter, 5, bias, row, p->outWidth);
    } else if (p->stride == 2) {
      for (intptr_t x = 0; x < p->outWidth; x++) {
        float sum = bias;
        for (intptr_t ky = 0; ky < p->kernelHeight; ky++)
          for (intptr_t kx = 0; kx < p->kernelWidth; kx++)
            sum += filter[ky * p->kernelWidth + kx] * rows[ky * pitch + tap(&s, 2, kx) + x];
        row[x] = sum;
      }
    } else {
      filter_row_any(p, rows, pitch, filter, bias, row, p->stride);
    }
  }
}

void wf_depthwise(const wf_plane *p, const float *in, const float *filter, float bias, wf_activation_kind kind,
                  float *out, float *scratch) {
  pad_plane(p, in, scratch);
  filter_plane(p, scratch, filter, bias, out);
  wf_activate(out, p->outHeight * p->outWidth, kind);
}

void wf_depthwise_backward_input(const wf_plane *p, const float *gradient, const float *filter, float *out,
                                 float *scratch) {
  // A convolution with stride 1 of the gradient, spread out by the stride, with the filter turned round.
  intptr_t kh = p->kernelHeight, kw = p->kernelWidth;
  wf_plane q = {.height = 0, .width = 0, .outHeight = p->height, .outWidth = p->width,
                .kernelHeight = kh, .kernelWidth = kw, .stride = 1, .top = 0, .left = 0};
  intptr_t rows = p->height + kh - 1, columns = p->width + kw - 1;
  memset(scratch, 0, (size_t)(rows * columns) * sizeof(float));
  for (intptr_t oy = 0; oy < p->outHeight; oy++) {
    intptr_t y = oy * p->stride - p->top + kh - 1;
    if (y < 0 || y >= rows) continue;
    for (intptr_t ox = 0; ox < p->outWidth; ox++) {
      intptr_t x = ox * p->stride - p->left + kw - 1;
      if (x >= 0 && x < columns) scratch[y * columns + x] = gradient[oy * p->outWidth + ox];
    }
  }
  float *turned = scratch + rows * columns;
  for (intptr_t i = 0; i < kh * kw; i++) turned[i] = filter[kh * kw - 1 - i];
  filter_plane(&q, scratch, turned, 0, out);
}

WF_MULTIVERSION void wf_depthwise_backward_filter(const wf_plane *p, const float *in, const float *gradient,
                                                  float *out, float *scratch) {
  padded_size s = padded(p);
  intptr_t pitch = p->stride == 2 ? 2 * s.half : s.columns;
  pad_plane(p, in, scratch);
  for (intptr_t ky = 0; ky < p->kernelHeight; ky++)
    for (intptr_t kx = 0; kx < p->kernelWidth; kx++) {
      double total = 0;
      for (intptr_t y = 0; y < p->outHeight; y++) {
        const float *row = scratch + (y * p->stride + ky) * pitch;
        const float *g = gradient + y * p->outWidth;
        float sum = 0;
        if (p->stride <= 2) {
#pragma clang fp reassociate(on)
          const float *source = row + tap(&s, p->stride, kx);
          for (intptr_t x = 0; x < p->outWidth; x++) sum += source[x] * g[x];
        } else {
          for (intptr_t x = 0; x < p->outWidth; x++) sum += row[x * p->stride + kx] * g[x];
        }
        total += sum;
      }
      out[ky * p->kernelWidth + kx] += (float)total;
    }
}

/// The outputs [first, last) whose input column x · stride + offset lies in [0, width).
WF_INLINE void inside(intptr_t offset, intptr_t stride, intptr_t width, intptr_t outWidth, intptr_t *first,
                      intptr_t *last) {
  *first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  *last = width - offset <= 0 ? 0 : (width - offset + stride - 1) / stride;
  if (*last > outWidth) *last = outWidth;
  if (*first > *last) *first = *last;
}

void wf_im2col(const wf_plane *p, intptr_t channels, const float *in, float *columns) {
  for (intptr_t c = 0; c < channels; c++, in += p->height * p->width)
    for (intptr_t ky = 0; ky < p->kernelHeight; ky++)
      for (intptr_t kx = 0; kx < p->kernelWidth; kx++) {
        intptr_t first, last;
        inside(kx - p->left, p->stride, p->width, p->outWidth, &first, &last);
        for (intptr_t oy = 0; oy < p->outHeight; oy++, columns += p->outWidth) {
          intptr_t y = oy * p->stride + ky - p->top;
          if (y < 0 || y >= p->height) {
            memset(columns, 0, (size_t)p->outWidth * sizeof(float));
            continue;
          }
          const float *source = in + y * p->width + kx - p->left;
          memset(columns, 0, (size_t)first * sizeof(float));
          for (intptr_t ox = first; ox < last; ox++) columns[ox] = source[ox * p->stride];
          memset(columns + last, 0, (size_t)(p->outWidth - last) * sizeof(float));
        }
      }
}

void wf_col2im(const wf_plane *p, intptr_t channels, const float *columns, float *out) {
  for (intptr_t c = 0; c < channels; c++, out += p->height * p->width)
    for (intptr_t ky = 0; ky < p->kernelHeight; ky++)
      for (intptr_t kx = 0; kx < p->kernelWidth; kx++) {
        intptr_t first, last;
        inside(kx - p->left, p->stride, p->width, p->outWidth, &first, &last);
        for (intptr_t oy = 0; oy < p->outHeight; oy++, columns += p->outWidth) {
          intptr_t y = oy * p->stride + ky - p->top;
          if (y < 0 || y >= p->height) continue;
          float *target = out + y * p->width + kx - p->left;
          for (intptr_t ox = first; ox < last; ox++) target[ox * p->stride] += columns[ox];
        }
      }
}
