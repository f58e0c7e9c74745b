#include "resample.h"

#include <math.h>

/* Each loop is compiled twice on x86: for AVX2 and for the baseline, chosen at run time. */
#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#define DISPATCH(name, ...)                  \
  if (has_avx2()) name##_avx2(__VA_ARGS__);  \
  else name##_any(__VA_ARGS__)
#define BOTH(name, parameters, ...)                                       \
  AVX2 static void name##_avx2 parameters { name##_body(__VA_ARGS__); }   \
  static void name##_any parameters { name##_body(__VA_ARGS__); }
#else
#define DISPATCH(name, ...) name##_any(__VA_ARGS__)
#define BOTH(name, parameters, ...) static void name##_any parameters { name##_body(__VA_ARGS__); }
#endif
#define INLINE static inline __attribute__((always_inline))

INLINE uint8_t to_byte(int32_t sum) {
  int32_t value = sum >> WF_RESAMPLE_BITS;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void wf_resample_rows(const uint8_t *in, intptr_t in_stride, intptr_t rows, uint8_t *out, intptr_t out_width,
                      const wf_reach *spans, const int32_t *weights, intptr_t taps) {
  const int32_t half = 1 << (WF_RESAMPLE_BITS - 1);
  for (intptr_t y = 0; y < rows; y++) {
    const uint8_t *row = in + y * in_stride;
    for (intptr_t x = 0; x < out_width; x++) {
      const uint8_t *pixel = row + (intptr_t)spans[x].first * 3;
      const int32_t *weight = weights + x * taps;
      int32_t red = half, green = half, blue = half;
      for (int32_t k = 0; k < spans[x].count; k++, pixel += 3) {
        red += pixel[0] * weight[k];
        green += pixel[1] * weight[k];
        blue += pixel[2] * weight[k];
      }
      *out++ = to_byte(red);
      *out++ = to_byte(green);
      *out++ = to_byte(blue);
    }
  }
}

enum { BLOCK = 1024 };

INLINE void columns_body(const uint8_t *restrict in, intptr_t in_stride, uint8_t *restrict out,
                         intptr_t row_bytes, intptr_t out_height, const wf_reach *spans, const int32_t *weights,
                         intptr_t taps) {
  int32_t sums[BLOCK];
  for (intptr_t y = 0; y < out_height; y++) {
    for (intptr_t start = 0; start < row_bytes; start += BLOCK) {
      intptr_t n = row_bytes - start < BLOCK ? row_bytes - start : BLOCK;
      for (intptr_t i = 0; i < n; i++) sums[i] = 1 << (WF_RESAMPLE_BITS - 1);
      for (int32_t k = 0; k < spans[y].count; k++) {
        const uint8_t *row = in + (spans[y].first + k) * in_stride + start;
        const int32_t weight = weights[y * taps + k];
        for (intptr_t i = 0; i < n; i++) sums[i] += row[i] * weight;
      }
      uint8_t *to = out + y * row_bytes + start;
      for (intptr_t i = 0; i < n; i++) to[i] = to_byte(sums[i]);
    }
  }
}

BOTH(columns,
     (const uint8_t *in, intptr_t in_stride, uint8_t *out, intptr_t row_bytes, intptr_t out_height,
      const wf_reach *spans, const int32_t *weights, intptr_t taps),
     in, in_stride, out, row_bytes, out_height, spans, weights, taps)

void wf_resample_columns(const uint8_t *in, intptr_t in_stride, uint8_t *out, intptr_t row_bytes,
                         intptr_t out_height, const wf_reach *spans, const int32_t *weights, intptr_t taps) {
  DISPATCH(columns, in, in_stride, out, row_bytes, out_height, spans, weights, taps);
}

INLINE void add_row_body(float *restrict sum, const uint8_t *restrict row, intptr_t n, float weight) {
  for (intptr_t i = 0; i < n; i++) sum[i] += row[i] * weight;
}

BOTH(add_row, (float *sum, const uint8_t *row, intptr_t n, float weight), sum, row, n, weight)

void wf_resample_float(const uint8_t *in, intptr_t in_stride, intptr_t row_bytes, uint8_t *out, intptr_t out_width,
                       intptr_t out_height, const wf_reach *column_spans, const float *column_weights,
                       intptr_t column_taps, const wf_reach *row_spans, const float *row_weights,
                       intptr_t row_taps, float *row) {
  for (intptr_t y = 0; y < out_height; y++) {
    for (intptr_t i = 0; i < row_bytes; i++) row[i] = 0;
    for (int32_t k = 0; k < column_spans[y].count; k++) {
      const uint8_t *from = in + (column_spans[y].first + k) * in_stride;
      DISPATCH(add_row, row, from, row_bytes, column_weights[y * column_taps + k]);
    }
    for (intptr_t x = 0; x < out_width; x++) {
      const float *pixel = row + (intptr_t)row_spans[x].first * 3;
      const float *weight = row_weights + x * row_taps;
      float red = 0, green = 0, blue = 0;
      for (int32_t k = 0; k < row_spans[x].count; k++, pixel += 3) {
        red += pixel[0] * weight[k];
        green += pixel[1] * weight[k];
        blue += pixel[2] * weight[k];
      }
      const float sums[3] = {red, green, blue};
      for (int c = 0; c < 3; c++) {
        long value = lrintf(sums[c]);
        *out++ = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
      }
    }
  }
}
