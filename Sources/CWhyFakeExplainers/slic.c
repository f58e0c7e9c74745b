// Assignment goes centre by centre over the pixels in its reach, a frame at a time, so that a frame's colours, distances
// and labels stay in the cache and the inner loop is a row of floats without branches.
#include "kernels.h"

#include <math.h>
#include <stddef.h>

intptr_t wf_slic_scratch(const wf_slic *slic) { return 4 * slic->height * slic->width + slic->width; }

static intptr_t clamp(float value, intptr_t most) {
  return value <= 0 ? 0 : value >= (float)most ? most : (intptr_t)value;
}

WF_MULTIVERSION
static void widen(const int16_t *restrict from, float *restrict to, intptr_t count) {
  for (intptr_t i = 0; i < count; i++) to[i] = from[i];
}

WF_MULTIVERSION
static void assign_row(const float *restrict l, const float *restrict a, const float *restrict b,
                       const float *restrict across, float base, const float *restrict centre, int32_t label,
                       float *restrict distances, int32_t *restrict labels, intptr_t count) {
  float cl = centre[0], ca = centre[1], cb = centre[2];
  for (intptr_t i = 0; i < count; i++) {
    float dl = l[i] - cl, da = a[i] - ca, db = b[i] - cb;
    float distance = dl * dl + da * da + db * db + (across[i] + base);
    float least = distances[i];
    int32_t old = labels[i];
    distances[i] = distance < least ? distance : least;
    labels[i] = distance < least ? label : old;
  }
}

void wf_slic_assign(const wf_slic *slic, intptr_t t, float *scratch) {
  intptr_t height = slic->height, width = slic->width, plane = height * width;
  float *distances = scratch + 3 * plane, *across = scratch + 4 * plane;
  int32_t *labels = slic->labels + t * plane;
  for (int c = 0; c < 3; c++) widen(slic->colors[c] + t * plane, scratch + c * plane, plane);
  for (intptr_t i = 0; i < plane; i++) distances[i] = INFINITY;
  for (intptr_t k = 0; k < slic->clusters; k++) {
    const float *centre = slic->centres + 6 * k;
    float dt = (float)t - centre[5];
    if (fabsf(dt) > slic->reach[2]) continue;
    dt *= slic->temporalSpacing;
    // Whole pixels within reach.
    intptr_t left = clamp(ceilf(centre[3] - slic->reach[0]), width);
    intptr_t right = clamp(floorf(centre[3] + slic->reach[0]) + 1, width);
    intptr_t top = clamp(ceilf(centre[4] - slic->reach[1]), height);
    intptr_t bottom = clamp(floorf(centre[4] + slic->reach[1]) + 1, height);
    for (intptr_t x = left; x < right; x++) {
      float dx = (float)x - centre[3];
      across[x] = slic->spaceWeight * (dx * dx);
    }
    for (intptr_t y = top; y < bottom; y++) {
      float dy = (float)y - centre[4];
      intptr_t start = y * width + left;
      assign_row(scratch + start, scratch + plane + start, scratch + 2 * plane + start, across + left,
                 slic->spaceWeight * (dy * dy + dt * dt), centre, (int32_t)k, distances + start, labels + start,
                 right - left);
    }
  }
}

void wf_slic_sum(const wf_slic *slic, intptr_t t, int64_t *sums) {
  for (intptr_t y = 0; y < slic->height; y++) {
    intptr_t row = (t * slic->height + y) * slic->width;
    const int32_t *labels = slic->labels + row;
    const int16_t *l = slic->colors[0] + row, *a = slic->colors[1] + row, *b = slic->colors[2] + row;
    for (intptr_t x = 0; x < slic->width;) {
      // A run of one label; at most 2^15 pixels, so that 32 bits hold the sums.
      intptr_t start = x, limit = slic->width - x < 32768 ? slic->width : x + 32768;
      int32_t label = labels[x], suml = 0, suma = 0, sumb = 0;
      for (; x < limit && labels[x] == label; x++) {
        suml += l[x];
        suma += a[x];
        sumb += b[x];
      }
      int64_t count = x - start, *sum = sums + WF_SLIC_SUMS * (intptr_t)label;
      sum[0] += suml;
      sum[1] += suma;
      sum[2] += sumb;
      sum[3] += (start + x - 1) * count / 2;
      sum[4] += y * count;
      sum[5] += t * count;
      sum[6] += count;
    }
  }
}

bool wf_slic_move(wf_slic *slic, const int64_t *sums) {
  bool moved = false;
  for (intptr_t k = 0; k < slic->clusters; k++, sums += WF_SLIC_SUMS) {
    float *centre = slic->centres + 6 * k;
    for (int i = 0; i < 6 && sums[6] > 0; i++) {
      float mean = (float)((double)sums[i] / (double)sums[6]);
      moved |= mean != centre[i];
      centre[i] = mean;
    }
  }
  return moved;
}
