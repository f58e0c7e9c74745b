#include "simd.h"

#include <string.h>

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(4 * LANES)));

/// Adds u · (16 values from `from`). Vectors are not returned: short registers have no convention for them.
WF_INLINE void add_products(lanes *sum, const lanes *u, const float *from) {
  lanes v;
  memcpy(&v, from, sizeof v);
  *sum += *u * v;
}

WF_INLINE void correlate_body(const float *a, const float *b, intptr_t width, intptr_t columns, intptr_t rows,
                              intptr_t step, float *sums) {
  const intptr_t moves[3] = {0, -step, step};
  lanes all[5] = {{0}};
  float rest[5] = {0};
  for (intptr_t y = 0; y < rows; y++, a += width, b += width) {
    intptr_t x = 0;
    for (; x + LANES <= columns; x += LANES) {
      lanes u, v;
      memcpy(&u, a + x, sizeof u);
      memcpy(&v, b + x, sizeof v);
      all[0] += u * u;
      all[1] += v * v;
      for (int k = 0; k < 3; k++) add_products(&all[2 + k], &u, b + x + moves[k]);
    }
    for (; x < columns; x++) {
      rest[0] += a[x] * a[x];
      rest[1] += b[x] * b[x];
      for (int k = 0; k < 3; k++) rest[2 + k] += a[x] * b[x + moves[k]];
    }
  }
  for (int k = 0; k < 5; k++) {
    sums[k] = rest[k];
    for (int i = 0; i < LANES; i++) sums[k] += all[k][i];
  }
}

VERSIONS(correlate,
         (const float *a, const float *b, intptr_t width, intptr_t columns, intptr_t rows, intptr_t step, float *sums),
         a, b, width, columns, rows, step, sums)

void wf_correlate(const float *a, const float *b, intptr_t width, intptr_t columns, intptr_t rows, intptr_t step,
                  float sums[5]) {
  CALL(correlate, a, b, width, columns, rows, step, sums);
}

WF_INLINE void slopes_body(const float *plane, intptr_t width, intptr_t height, float *restrict across,
                           float *restrict down) {
  memset(across, 0, (size_t)(width * height) * sizeof *across);
  memset(down, 0, (size_t)(width * height) * sizeof *down);
  for (intptr_t y = 1; y < height - 1; y++)
    for (intptr_t i = y * width + 1; i < (y + 1) * width - 1; i++) {
      across[i] = (plane[i + 1] - plane[i - 1]) * 0.5f;
      down[i] = (plane[i + width] - plane[i - width]) * 0.5f;
    }
}

VERSIONS(slopes, (const float *plane, intptr_t width, intptr_t height, float *restrict across, float *restrict down),
         plane, width, height, across, down)

void wf_slopes(const float *plane, intptr_t width, intptr_t height, float *across, float *down) {
  CALL(slopes, plane, width, height, across, down);
}
