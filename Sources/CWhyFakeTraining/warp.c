#include "simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int32_t ints4 __attribute__((vector_size(16)));
typedef float floats4 __attribute__((vector_size(16)));

intptr_t wf_reflected(intptr_t i, intptr_t count) {
  if (i >= 0 && i < count) return i;
  if (count == 1) return 0;
  intptr_t period = 2 * (count - 1), phase = i % period;
  if (phase < 0) phase += period;
  return phase < period - phase ? phase : period - phase;
}

/// The part of the input that the output asks for, outside and all.
typedef struct {
  intptr_t left, top, width, height;
} part;

static part asked(wf_affine map, float reach_x, float reach_y, intptr_t out_width, intptr_t out_height) {
  float w = (float)(out_width - 1), h = (float)(out_height - 1);
  float x = map.x, y = map.y;
  float left = x + fminf(0, map.x_column * w) + fminf(0, map.x_row * h);
  float right = x + fmaxf(0, map.x_column * w) + fmaxf(0, map.x_row * h);
  float top = y + fminf(0, map.y_column * w) + fminf(0, map.y_row * h);
  float bottom = y + fmaxf(0, map.y_column * w) + fmaxf(0, map.y_row * h);
  part p = {(intptr_t)floorf(left - reach_x) - 2, (intptr_t)floorf(top - reach_y) - 2, 0, 0};
  p.width = (intptr_t)ceilf(right + reach_x) + 3 - p.left;
  p.height = (intptr_t)ceilf(bottom + reach_y) + 3 - p.top;
  return p;
}

enum { MOST_TAPS = 64, BLOCK = 32 };

/// For the pixels of a block of a row: the first input pixel under the triangle around each one's point, counted from
/// `start`, and the weights of `taps` of them, which make 1.
typedef struct {
  int32_t first[BLOCK];
  float weights[MOST_TAPS][BLOCK];
} triangles;

WF_INLINE void weigh(float point, float step, float reach, intptr_t taps, intptr_t start, triangles *t) {
  const float slope = 1 / reach;
  float sums[BLOCK], distances[BLOCK];
  for (intptr_t i = 0; i < BLOCK; i++) {
    // Pixel k has its centre at k + ½.
    float at = point + step * (float)i, edge = at - reach - 0.5f;
    int32_t from = (int32_t)edge;
    from += (float)from < edge;
    t->first[i] = from - (int32_t)start;
    distances[i] = (float)from + 0.5f - at;
    sums[i] = 0;
  }
  for (intptr_t k = 0; k < taps; k++)
    for (intptr_t i = 0; i < BLOCK; i++) {
      float away = distances[i] + (float)k;
      float weight = 1 - (away < 0 ? -away : away) * slope;
      weight = weight < 0 ? 0 : weight;
      t->weights[k][i] = weight;
      sums[i] += weight;
    }
  for (intptr_t i = 0; i < BLOCK; i++) sums[i] = 1 / sums[i];
  for (intptr_t k = 0; k < taps; k++)
    for (intptr_t i = 0; i < BLOCK; i++) t->weights[k][i] *= sums[i];
}

WF_INLINE void rgb_pixels(const bytes4 *in, part p, const triangles *across, const triangles *down, intptr_t taps_x,
                          intptr_t taps_y, intptr_t count, uint8_t *out, int is_last) {
  for (intptr_t x = 0; x < count; x++) {
    const bytes4 *from = in + down->first[x] * p.width + across->first[x];
    floats4 sum = {0};
    for (intptr_t j = 0; j < taps_y; j++, from += p.width) {
      floats4 line = {0};
      for (intptr_t i = 0; i < taps_x; i++)
        line += __builtin_convertvector(__builtin_convertvector(from[i], ints4), floats4) * across->weights[i][x];
      sum += line * down->weights[j][x];
    }
    sum += WF_ROUNDER;
    ints4 level;
    memcpy(&level, &sum, sizeof level);
    // Means of levels are within 0 and 255 but for float's last digit, which rounding takes away.
    bytes4 pixel = __builtin_convertvector(level - 0x4B400000, bytes4);
    // The fourth byte belongs to the next pixel, which comes later; after the last there is none.
    memcpy(out + 3 * x, &pixel, is_last && x == count - 1 ? 3 : 4);
  }
}

WF_INLINE void plane_pixels(const float *in, part p, const triangles *across, const triangles *down, intptr_t taps_x,
                            intptr_t taps_y, intptr_t count, float *out, int is_last) {
  (void)is_last;
  for (intptr_t x = 0; x < count; x++) {
    const float *from = in + down->first[x] * p.width + across->first[x];
    float sum = 0;
    for (intptr_t j = 0; j < taps_y; j++, from += p.width) {
      float line = 0;
      for (intptr_t i = 0; i < taps_x; i++) line += from[i] * across->weights[i][x];
      sum += line * down->weights[j][x];
    }
    out[x] = sum;
  }
}

// Nearly all crops are enlarged or hardly made smaller: two or four taps, which the compiler then knows.
#define WARP(name, type, result, channels)                                                                           \
  WF_INLINE void name##_body(const type *in, part p, wf_affine map, float reach_x, float reach_y, intptr_t taps_x,   \
                             intptr_t taps_y, result *out, intptr_t out_width, intptr_t out_height) {                \
    triangles across, down;                                                                                          \
    for (intptr_t y = 0; y < out_height; y++)                                                                        \
      for (intptr_t x = 0; x < out_width; x += BLOCK) {                                                              \
        intptr_t count = out_width - x < BLOCK ? out_width - x : BLOCK;                                              \
        float u = map.x + map.x_column * (float)x + map.x_row * (float)y;                                            \
        float v = map.y + map.y_column * (float)x + map.y_row * (float)y;                                            \
        weigh(u, map.x_column, reach_x, taps_x, p.left, &across);                                                    \
        weigh(v, map.y_column, reach_y, taps_y, p.top, &down);                                                       \
        name##_pixels(in, p, &across, &down, taps_x, taps_y, count, out + (y * out_width + x) * channels,            \
                      y == out_height - 1 && x + count == out_width);                                                \
      }                                                                                                              \
  }                                                                                                                  \
  WF_INLINE void name##_taps_body(const type *in, part p, wf_affine map, float reach_x, float reach_y,               \
                                  intptr_t taps_x, intptr_t taps_y, result *out, intptr_t out_width,                 \
                                  intptr_t out_height) {                                                             \
    if (taps_x == 2 && taps_y == 2) name##_body(in, p, map, reach_x, reach_y, 2, 2, out, out_width, out_height);     \
    else if (taps_x <= 4 && taps_y <= 4)                                                                             \
      name##_body(in, p, map, reach_x, reach_y, 4, 4, out, out_width, out_height);                                   \
    else name##_body(in, p, map, reach_x, reach_y, taps_x, taps_y, out, out_width, out_height);                      \
  }                                                                                                                  \
  VERSIONS(name##_taps,                                                                                              \
           (const type *in, part p, wf_affine map, float reach_x, float reach_y, intptr_t taps_x, intptr_t taps_y,   \
            result *out, intptr_t out_width, intptr_t out_height),                                                   \
           in, p, map, reach_x, reach_y, taps_x, taps_y, out, out_width, out_height)

WARP(rgb, bytes4, uint8_t, 3)
WARP(plane, float, float, 1)

static intptr_t taps(float reach) {
  intptr_t count = 2 * (intptr_t)ceilf(reach);
  return count < 2 ? 2 : count > MOST_TAPS ? MOST_TAPS : count;
}

/// The input's columns under those of the part; freed by the caller.
static intptr_t *columns(part p, intptr_t width) {
  intptr_t *at = malloc((size_t)p.width * sizeof *at);
  for (intptr_t x = 0; at && x < p.width; x++) at[x] = wf_reflected(p.left + x, width);
  return at;
}

bool wf_warp_rgb(const uint8_t *in, intptr_t width, intptr_t height, wf_affine map, float reach_x, float reach_y,
                 uint8_t *out, intptr_t out_width, intptr_t out_height) {
  // Two more columns and rows than the widest triangle needs: four taps are taken where three or two would do.
  part p = asked(map, reach_x + 2, reach_y + 2, out_width, out_height);
  bytes4 *padded = malloc((size_t)(p.width * p.height) * sizeof *padded);
  intptr_t *at = columns(p, width);
  bool is_done = padded && at;
  if (is_done) {
    for (intptr_t y = 0; y < p.height; y++) {
      const uint8_t *row = in + wf_reflected(p.top + y, height) * width * 3;
      bytes4 *line = padded + y * p.width;
      for (intptr_t x = 0; x < p.width; x++) {
        const uint8_t *pixel = row + 3 * at[x];
        line[x] = (bytes4){pixel[0], pixel[1], pixel[2], 0};
      }
    }
    CALL(rgb_taps, padded, p, map, reach_x, reach_y, taps(reach_x), taps(reach_y), out, out_width, out_height);
  }
  free(at);
  free(padded);
  return is_done;
}

bool wf_warp_plane(const float *in, intptr_t width, intptr_t height, wf_affine map, float reach_x, float reach_y,
                   float *out, intptr_t out_width, intptr_t out_height) {
  part p = asked(map, reach_x + 2, reach_y + 2, out_width, out_height);
  float *padded = malloc((size_t)(p.width * p.height) * sizeof *padded);
  intptr_t *at = columns(p, width);
  bool is_done = padded && at;
  if (is_done) {
    for (intptr_t y = 0; y < p.height; y++) {
      const float *row = in + wf_reflected(p.top + y, height) * width;
      for (intptr_t x = 0; x < p.width; x++) padded[y * p.width + x] = row[at[x]];
    }
    CALL(plane_taps, padded, p, map, reach_x, reach_y, taps(reach_x), taps(reach_y), out, out_width, out_height);
  }
  free(at);
  free(padded);
  return is_done;
}
