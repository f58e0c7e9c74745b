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

/// The first of `taps` pixels under the triangle around `point`, and their weights, not yet divided by their sum.
WF_INLINE intptr_t weigh(float point, float reach, intptr_t taps, float *weights, float *sum) {
  // Pixel i has its centre at i + ½.
  float from = ceilf(point - reach - 0.5f);
  float distance = from + 0.5f - point, slope = 1 / reach, total = 0;
  for (intptr_t k = 0; k < taps; k++) {
    float away = distance + (float)k;
    float weight = 1 - (away < 0 ? -away : away) * slope;
    weights[k] = weight < 0 ? 0 : weight;
    total += weights[k];
  }
  *sum = total;
  return (intptr_t)from;
}

enum { MOST_TAPS = 64 };

WF_INLINE void rgb_body(const bytes4 *in, part p, wf_affine map, float reach_x, float reach_y, intptr_t taps_x,
                        intptr_t taps_y, uint8_t *out, intptr_t out_width, intptr_t out_height) {
  for (intptr_t y = 0; y < out_height; y++)
    for (intptr_t x = 0; x < out_width; x++) {
      float across[MOST_TAPS], down[MOST_TAPS], sum_x, sum_y;
      float u = map.x + map.x_column * (float)x + map.x_row * (float)y;
      float v = map.y + map.y_column * (float)x + map.y_row * (float)y;
      intptr_t left = weigh(u, reach_x, taps_x, across, &sum_x) - p.left;
      intptr_t top = weigh(v, reach_y, taps_y, down, &sum_y) - p.top;
      floats4 sum = {0};
      for (intptr_t j = 0; j < taps_y; j++) {
        const bytes4 *row = in + (top + j) * p.width + left;
        floats4 line = {0};
        for (intptr_t i = 0; i < taps_x; i++)
          line += __builtin_convertvector(__builtin_convertvector(row[i], ints4), floats4) * across[i];
        sum += line * down[j];
      }
      sum = sum * (1 / (sum_x * sum_y)) + WF_ROUNDER;
      ints4 level;
      memcpy(&level, &sum, sizeof level);
      level -= 0x4B400000;
      // Means of levels are within 0 and 255 but for float's last digit, which rounding takes away.
      for (int c = 0; c < 3; c++) out[3 * (y * out_width + x) + c] = (uint8_t)level[c];
    }
}

WF_INLINE void plane_body(const float *in, part p, wf_affine map, float reach_x, float reach_y, intptr_t taps_x,
                          intptr_t taps_y, float *out, intptr_t out_width, intptr_t out_height) {
  for (intptr_t y = 0; y < out_height; y++)
    for (intptr_t x = 0; x < out_width; x++) {
      float across[MOST_TAPS], down[MOST_TAPS], sum_x, sum_y, sum = 0;
      float u = map.x + map.x_column * (float)x + map.x_row * (float)y;
      float v = map.y + map.y_column * (float)x + map.y_row * (float)y;
      intptr_t left = weigh(u, reach_x, taps_x, across, &sum_x) - p.left;
      intptr_t top = weigh(v, reach_y, taps_y, down, &sum_y) - p.top;
      for (intptr_t j = 0; j < taps_y; j++) {
        const float *row = in + (top + j) * p.width + left;
        float line = 0;
        for (intptr_t i = 0; i < taps_x; i++) line += row[i] * across[i];
        sum += line * down[j];
      }
      out[y * out_width + x] = sum * (1 / (sum_x * sum_y));
    }
}

// Nearly all crops are enlarged or hardly made smaller: two or four taps, which the compiler then knows.
#define WARP(name, type, result)                                                                                   \
  WF_INLINE void name##_taps_body(const type *in, part p, wf_affine map, float reach_x, float reach_y,             \
                                  intptr_t taps_x, intptr_t taps_y, result *out, intptr_t out_width,               \
                                  intptr_t out_height) {                                                           \
    if (taps_x == 2 && taps_y == 2) name##_body(in, p, map, reach_x, reach_y, 2, 2, out, out_width, out_height);   \
    else if (taps_x <= 4 && taps_y <= 4)                                                                           \
      name##_body(in, p, map, reach_x, reach_y, 4, 4, out, out_width, out_height);                                 \
    else name##_body(in, p, map, reach_x, reach_y, taps_x, taps_y, out, out_width, out_height);                    \
  }                                                                                                                \
  VERSIONS(name##_taps,                                                                                            \
           (const type *in, part p, wf_affine map, float reach_x, float reach_y, intptr_t taps_x, intptr_t taps_y, \
            result *out, intptr_t out_width, intptr_t out_height),                                                 \
           in, p, map, reach_x, reach_y, taps_x, taps_y, out, out_width, out_height)

WARP(rgb, bytes4, uint8_t)
WARP(plane, float, float)

static intptr_t taps(float reach) {
  intptr_t count = 2 * (intptr_t)ceilf(reach);
  return count < 2 ? 2 : count > MOST_TAPS ? MOST_TAPS : count;
}

bool wf_warp_rgb(const uint8_t *in, intptr_t width, intptr_t height, wf_affine map, float reach_x, float reach_y,
                 uint8_t *out, intptr_t out_width, intptr_t out_height) {
  // Two more columns and rows than the widest triangle needs: four taps are taken where three or two would do.
  part p = asked(map, reach_x + 2, reach_y + 2, out_width, out_height);
  bytes4 *padded = malloc((size_t)(p.width * p.height) * sizeof *padded);
  if (!padded) return false;
  for (intptr_t y = 0; y < p.height; y++) {
    const uint8_t *row = in + wf_reflected(p.top + y, height) * width * 3;
    bytes4 *line = padded + y * p.width;
    for (intptr_t x = 0; x < p.width; x++) {
      const uint8_t *pixel = row + 3 * wf_reflected(p.left + x, width);
      line[x] = (bytes4){pixel[0], pixel[1], pixel[2], 0};
    }
  }
  CALL(rgb_taps, padded, p, map, reach_x, reach_y, taps(reach_x), taps(reach_y), out, out_width, out_height);
  free(padded);
  return true;
}

bool wf_warp_plane(const float *in, intptr_t width, intptr_t height, wf_affine map, float reach_x, float reach_y,
                   float *out, intptr_t out_width, intptr_t out_height) {
  part p = asked(map, reach_x + 2, reach_y + 2, out_width, out_height);
  float *padded = malloc((size_t)(p.width * p.height) * sizeof *padded);
  if (!padded) return false;
  for (intptr_t y = 0; y < p.height; y++) {
    const float *row = in + wf_reflected(p.top + y, height) * width;
    for (intptr_t x = 0; x < p.width; x++) padded[y * p.width + x] = row[wf_reflected(p.left + x, width)];
  }
  CALL(plane_taps, padded, p, map, reach_x, reach_y, taps(reach_x), taps(reach_y), out, out_width, out_height);
  free(padded);
  return true;
}
