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
                              float *sums) {
  const intptr_t moves[5] = {0, -1, 1, -width, width};
  lanes all[7] = {{0}};
  float rest[7] = {0};
  for (intptr_t y = 0; y < rows; y++, a += width, b += width) {
    intptr_t x = 0;
    for (; x + LANES <= columns; x += LANES) {
      lanes u, v;
      memcpy(&u, a + x, sizeof u);
      memcpy(&v, b + x, sizeof v);
      all[0] += u * u;
      all[1] += v * v;
      for (int k = 0; k < 5; k++) add_products(&all[2 + k], &u, b + x + moves[k]);
    }
    for (; x < columns; x++) {
      rest[0] += a[x] * a[x];
      rest[1] += b[x] * b[x];
      for (int k = 0; k < 5; k++) rest[2 + k] += a[x] * b[x + moves[k]];
    }
  }
  for (int k = 0; k < 7; k++) {
    sums[k] = rest[k];
    for (int i = 0; i < LANES; i++) sums[k] += all[k][i];
  }
}

VERSIONS(correlate,
         (const float *a, const float *b, intptr_t width, intptr_t columns, intptr_t rows, float *sums), a, b, width,
         columns, rows, sums)

void wf_correlate(const float *a, const float *b, intptr_t width, intptr_t columns, intptr_t rows, float sums[7]) {
  CALL(correlate, a, b, width, columns, rows, sums);
}
