#include "resample.h"

#include <string.h>

#include "simd.h"

/* Each loop is compiled for AVX-512, AVX2 and the baseline on x86, chosen at run time. */
#if defined(__x86_64__)
#define VERSIONS(name, parameters, ...)                                                  \
  WF_TARGET_AVX512 static void name##_avx512 parameters { name##_body(__VA_ARGS__); }    \
  WF_TARGET_AVX2 static void name##_avx2 parameters { name##_body(__VA_ARGS__); }        \
  static void name##_plain parameters { name##_body(__VA_ARGS__); }
#define CALL(name, ...)                                        \
  switch (wf_instructions_to_use()) {                          \
    case WF_AVX512: name##_avx512(__VA_ARGS__); break;         \
    case WF_AVX2: name##_avx2(__VA_ARGS__); break;             \
    case WF_PLAIN: name##_plain(__VA_ARGS__); break;           \
  }
#else
#define VERSIONS(name, parameters, ...) static void name##_plain parameters { name##_body(__VA_ARGS__); }
#define CALL(name, ...) name##_plain(__VA_ARGS__)
#endif

/* Vectors that the compiler splits where registers are shorter. A pixel is three of the four lanes of a short one. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef int32_t ints16 __attribute__((vector_size(64)));
typedef float floats16 __attribute__((vector_size(64)));
typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int32_t ints4 __attribute__((vector_size(16)));
typedef float floats4 __attribute__((vector_size(16)));

enum { HALF = 1 << (WF_RESAMPLE_BITS - 1) };

WF_INLINE uint8_t to_byte(int32_t value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

/* ---- Fixed point: integers may be added in any order. */

/* One pixel of each of `rows` rows (a constant). Four bytes of it are read and written unless `exact`. */
WF_INLINE void sum_pixels(const uint8_t *in, intptr_t in_stride, int rows, int exact, const int32_t *weights,
                          int32_t count, uint8_t *out, intptr_t out_stride) {
  ints4 sums[4];
  for (int r = 0; r < rows; r++) sums[r] = (ints4){HALF, HALF, HALF, HALF};
  for (int32_t k = 0; k < count; k++, in += 3)
    for (int r = 0; r < rows; r++) {
      bytes4 pixel = {0};
      memcpy(&pixel, in + r * in_stride, exact ? 3 : 4);
      sums[r] += __builtin_convertvector(pixel, ints4) * weights[k];
    }
  for (int r = 0; r < rows; r++) {
    ints4 value = sums[r] >> WF_RESAMPLE_BITS;
    ints4 under = value < 0, over = value > 255;
    bytes4 pixel = __builtin_convertvector((value & ~under & ~over) | (over & 255), bytes4);
    memcpy(out + r * out_stride, &pixel, exact ? 3 : 4);
  }
}

WF_INLINE void rows_body(const uint8_t *in, intptr_t in_stride, intptr_t rows, uint8_t *out, intptr_t out_stride,
                         intptr_t out_width, const wf_reach *spans, const int32_t *weights, intptr_t taps) {
  intptr_t y = 0, last = out_width - 1;
  /* The fourth byte belongs to the next pixel, which comes later, except in the last column and row. */
  for (; y + 4 < rows; y += 4, in += 4 * in_stride, out += 4 * out_stride)
    for (intptr_t x = 0; x < out_width; x++) {
      const uint8_t *from = in + (intptr_t)spans[x].first * 3;
      const int32_t *weight = weights + x * taps;
      if (x < last) sum_pixels(from, in_stride, 4, 0, weight, spans[x].count, out + 3 * x, out_stride);
      else sum_pixels(from, in_stride, 4, 1, weight, spans[x].count, out + 3 * x, out_stride);
    }
  for (; y < rows; y++, in += in_stride, out += out_stride)
    for (intptr_t x = 0; x < out_width; x++)
      sum_pixels(in + (intptr_t)spans[x].first * 3, in_stride, 1, 1, weights + x * taps, spans[x].count, out + 3 * x,
                 out_stride);
}

VERSIONS(rows,
         (const uint8_t *in, intptr_t in_stride, intptr_t rows, uint8_t *out, intptr_t out_stride, intptr_t out_width,
          const wf_reach *spans, const int32_t *weights, intptr_t taps),
         in, in_stride, rows, out, out_stride, out_width, spans, weights, taps)

void wf_resample_rows(const uint8_t *in, intptr_t in_stride, intptr_t rows, uint8_t *out, intptr_t out_stride,
                      intptr_t out_width, const wf_reach *spans, const int32_t *weights, intptr_t taps) {
  CALL(rows, in, in_stride, rows, out, out_stride, out_width, spans, weights, taps);
}

/* `blocks` (a constant) times 16 bytes of one row. */
WF_INLINE void sum_rows(const uint8_t *in, intptr_t in_stride, int blocks, const int32_t *weights, int32_t count,
                        uint8_t *out) {
  ints16 sums[4];
  for (int b = 0; b < blocks; b++) sums[b] = (ints16){0} + HALF;
  for (int32_t k = 0; k < count; k++, in += in_stride)
    for (int b = 0; b < blocks; b++) {
      bytes16 bytes;
      memcpy(&bytes, in + 16 * b, 16);
      sums[b] += __builtin_convertvector(bytes, ints16) * weights[k];
    }
  for (int b = 0; b < blocks; b++) {
    ints16 value = sums[b] >> WF_RESAMPLE_BITS;
    ints16 under = value < 0, over = value > 255;
    value = (value & ~under & ~over) | (over & 255);
    bytes16 bytes = __builtin_convertvector(value, bytes16);
    memcpy(out + 16 * b, &bytes, 16);
  }
}

WF_INLINE void columns_body(const uint8_t *in, intptr_t in_stride, uint8_t *out, intptr_t out_stride,
                            intptr_t row_bytes, intptr_t out_height, const wf_reach *spans, const int32_t *weights,
                            intptr_t taps) {
  for (intptr_t y = 0; y < out_height; y++, out += out_stride, weights += taps) {
    const uint8_t *from = in + spans[y].first * in_stride;
    int32_t count = spans[y].count;
    intptr_t i = 0;
    for (; i + 64 <= row_bytes; i += 64) sum_rows(from + i, in_stride, 4, weights, count, out + i);
    for (; i + 16 <= row_bytes; i += 16) sum_rows(from + i, in_stride, 1, weights, count, out + i);
    for (; i < row_bytes; i++) {
      int32_t sum = HALF;
      for (int32_t k = 0; k < count; k++) sum += from[k * in_stride + i] * weights[k];
      out[i] = to_byte(sum >> WF_RESAMPLE_BITS);
    }
  }
}

VERSIONS(columns,
         (const uint8_t *in, intptr_t in_stride, uint8_t *out, intptr_t out_stride, intptr_t row_bytes,
          intptr_t out_height, const wf_reach *spans, const int32_t *weights, intptr_t taps),
         in, in_stride, out, out_stride, row_bytes, out_height, spans, weights, taps)

void wf_resample_columns(const uint8_t *in, intptr_t in_stride, uint8_t *out, intptr_t out_stride, intptr_t row_bytes,
                         intptr_t out_height, const wf_reach *spans, const int32_t *weights, intptr_t taps) {
  CALL(columns, in, in_stride, out, out_stride, row_bytes, out_height, spans, weights, taps);
}

/* ---- Floats: sums begin at 0 and take their terms in order, downwards with fused multiplication (where the CPU has
 * it), along the row without. */

WF_INLINE void add_rows(const uint8_t *in, intptr_t in_stride, int blocks, const float *weights, int32_t count,
                        float *out) {
#pragma STDC FP_CONTRACT ON
  floats16 sums[4];
  for (int b = 0; b < blocks; b++) sums[b] = (floats16){0};
  for (int32_t k = 0; k < count; k++, in += in_stride)
    for (int b = 0; b < blocks; b++) {
      bytes16 bytes;
      memcpy(&bytes, in + 16 * b, 16);
      sums[b] += __builtin_convertvector(bytes, floats16) * weights[k];
    }
  for (int b = 0; b < blocks; b++) memcpy(out + 16 * b, &sums[b], sizeof sums[b]);
}

WF_INLINE void down(const uint8_t *in, intptr_t in_stride, intptr_t row_bytes, const float *weights, int32_t count,
                    float *row) {
#pragma STDC FP_CONTRACT ON
  intptr_t i = 0;
  for (; i + 64 <= row_bytes; i += 64) add_rows(in + i, in_stride, 4, weights, count, row + i);
  for (; i + 16 <= row_bytes; i += 16) add_rows(in + i, in_stride, 1, weights, count, row + i);
  for (; i < row_bytes; i++) {
    float sum = 0;
    for (int32_t k = 0; k < count; k++) sum += in[k * in_stride + i] * weights[k];
    row[i] = sum;
  }
}

WF_INLINE void along(const float *row, intptr_t out_width, const wf_reach *spans, const float *weights, intptr_t taps,
                     float *sums, uint8_t *out) {
#pragma STDC FP_CONTRACT OFF
  for (intptr_t x = 0; x < out_width; x++, weights += taps) {
    const float *pixel = row + (intptr_t)spans[x].first * 3;
    floats4 sum = {0};
    for (int32_t k = 0; k < spans[x].count; k++, pixel += 3) {
      floats4 colours;
      memcpy(&colours, pixel, sizeof colours);
      sum += colours * weights[k];
    }
    memcpy(sums + 3 * x, &sum, sizeof sum); /* The fourth lane is overwritten by the next pixel. */
  }
  for (intptr_t i = 0; i < 3 * out_width; i++) {
    /* Adding 1.5 · 2²³ rounds to an integer, ties to even, which is then in the low bits. */
    float large = sums[i] + 0x1.8p23f;
    int32_t bits;
    memcpy(&bits, &large, sizeof bits);
    out[i] = to_byte(bits - 0x4B400000);
  }
}

WF_INLINE void float_body(const uint8_t *in, intptr_t in_stride, intptr_t row_bytes, uint8_t *out,
                          intptr_t out_stride, intptr_t out_width, intptr_t out_height, const wf_reach *column_spans,
                          const float *column_weights, intptr_t column_taps, const wf_reach *row_spans,
                          const float *row_weights, intptr_t row_taps, float *scratch) {
  float *sums = scratch + row_bytes + 1;
  scratch[row_bytes] = 0; /* read with the last pixel */
  for (intptr_t y = 0; y < out_height; y++, out += out_stride) {
    down(in + column_spans[y].first * in_stride, in_stride, row_bytes, column_weights + y * column_taps,
         column_spans[y].count, scratch);
    along(scratch, out_width, row_spans, row_weights, row_taps, sums, out);
  }
}

VERSIONS(float,
         (const uint8_t *in, intptr_t in_stride, intptr_t row_bytes, uint8_t *out, intptr_t out_stride,
          intptr_t out_width, intptr_t out_height, const wf_reach *column_spans, const float *column_weights,
          intptr_t column_taps, const wf_reach *row_spans, const float *row_weights, intptr_t row_taps,
          float *scratch),
         in, in_stride, row_bytes, out, out_stride, out_width, out_height, column_spans, column_weights, column_taps,
         row_spans, row_weights, row_taps, scratch)

void wf_resample_float(const uint8_t *in, intptr_t in_stride, intptr_t row_bytes, uint8_t *out, intptr_t out_stride,
                       intptr_t out_width, intptr_t out_height, const wf_reach *column_spans,
                       const float *column_weights, intptr_t column_taps, const wf_reach *row_spans,
                       const float *row_weights, intptr_t row_taps, float *scratch) {
  CALL(float, in, in_stride, row_bytes, out, out_stride, out_width, out_height, column_spans, column_weights,
       column_taps, row_spans, row_weights, row_taps, scratch);
}
