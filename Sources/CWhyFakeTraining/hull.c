#include "simd.h"

/// The four weights of a uniform cubic B-spline at `t` in [0, 1).
WF_INLINE void spline(float t, float weights[4]) {
  float s = 1 - t, t2 = t * t, t3 = t2 * t;
  weights[0] = s * s * s / 6;
  weights[1] = (3 * t3 - 6 * t2 + 4) / 6;
  weights[2] = (3 * (t + t2 - t3) + 1) / 6;
  weights[3] = t3 / 6;
}

WF_INLINE intptr_t cell(intptr_t i, intptr_t count, intptr_t grid, float *t) {
  float at = ((float)i + 0.5f) / (float)count * (float)(grid - 3);
  intptr_t first = (intptr_t)at;
  if (first > grid - 4) first = grid - 4;
  *t = at - (float)first;
  return first;
}

WF_INLINE void hull_body(const wf_hull *hull, intptr_t width, intptr_t height, float *restrict out,
                         float *restrict scratch) {
  const intptr_t grid = hull->grid;
  float *restrict x_at = scratch, *restrict y_at = x_at + width, *restrict farthest = y_at + width;
  float *row_x = farthest + 2 * width, *row_y = row_x + grid;
  for (intptr_t y = 0; y < height; y++) {
    float down[4], t;
    intptr_t top = cell(y, height, grid, &t);
    spline(t, down);
    for (intptr_t i = 0; i < grid; i++) {
      const float *x = hull->shifts + top * grid + i, *v = x + grid * grid;
      row_x[i] = x[0] * down[0] + x[grid] * down[1] + x[2 * grid] * down[2] + x[3 * grid] * down[3];
      row_y[i] = v[0] * down[0] + v[grid] * down[1] + v[2 * grid] * down[2] + v[3 * grid] * down[3];
    }
    for (intptr_t x = 0; x < width; x++) {
      float across[4];
      intptr_t left = cell(x, width, grid, &t);
      spline(t, across);
      const float *a = row_x + left, *b = row_y + left;
      x_at[x] = (float)x + 0.5f + (a[0] * across[0] + a[1] * across[1] + a[2] * across[2] + a[3] * across[3]);
      y_at[x] = (float)y + 0.5f + (b[0] * across[0] + b[1] * across[1] + b[2] * across[2] + b[3] * across[3]);
      farthest[x] = -1e30f;
    }
    for (intptr_t e = 0; e < hull->edge_count; e++) {
      const float nx = hull->edges[3 * e], ny = hull->edges[3 * e + 1], d = hull->edges[3 * e + 2];
      for (intptr_t x = 0; x < width; x++) {
        float away = nx * x_at[x] + ny * y_at[x] - d;
        farthest[x] = away > farthest[x] ? away : farthest[x];
      }
    }
    for (intptr_t x = 0; x < width; x++) {
      float share = 0.5f - farthest[x];
      share = share < 0 ? 0 : share;
      out[y * width + x] = share > 1 ? 1 : share;
    }
    // The picture's edge is not in it: blurred and cut, a mask that reached beyond would keep a stalk there.
    out[y * width] = out[y * width + width - 1] = 0;
    if (y == 0 || y == height - 1)
      for (intptr_t x = 0; x < width; x++) out[y * width + x] = 0;
  }
}

VERSIONS(hull, (const wf_hull *hull, intptr_t width, intptr_t height, float *restrict out, float *restrict scratch),
         hull, width, height, out, scratch)

void wf_hull_mask(wf_hull hull, intptr_t width, intptr_t height, float *out, float *scratch) {
  CALL(hull, &hull, width, height, out, scratch);
}

WF_INLINE void cut_body(float *plane, intptr_t count, float least) {
  for (intptr_t i = 0; i < count; i++) plane[i] = plane[i] < least ? 0 : plane[i];
}

VERSIONS(cut, (float *plane, intptr_t count, float least), plane, count, least)

void wf_cut_below(float *plane, intptr_t count, float least) { CALL(cut, plane, count, least); }

WF_INLINE void share_body(float *plane, intptr_t count, float factor) {
  for (intptr_t i = 0; i < count; i++) {
    float value = plane[i] * factor;
    value = value < 0 ? 0 : value;
    plane[i] = value > 1 ? 1 : value;
  }
}

VERSIONS(share, (float *plane, intptr_t count, float factor), plane, count, factor)

void wf_scale_share(float *plane, intptr_t count, float factor) { CALL(share, plane, count, factor); }

WF_INLINE void sharpen_body(float *restrict plane, const float *restrict blurred, intptr_t count, float amount) {
  for (intptr_t i = 0; i < count; i++) plane[i] += amount * (plane[i] - blurred[i]);
}

VERSIONS(sharpen, (float *restrict plane, const float *restrict blurred, intptr_t count, float amount), plane, blurred,
         count, amount)

void wf_sharpen(float *plane, const float *blurred, intptr_t count, float amount) {
  CALL(sharpen, plane, blurred, count, amount);
}
