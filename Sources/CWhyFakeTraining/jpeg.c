#include "simd.h"

#include <string.h>

/// Sixteen blocks beside each other: the compiler splits the vector where registers are shorter.
enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(4 * LANES)));

/// The example tables of the standard (ITU-T T.81, K.1 and K.2), row by row.
static const uint8_t luma_table[64] = {
  16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,   //
  14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,   //
  18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,   //
  49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
static const uint8_t chroma_table[64] = {
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,  //
  24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,  //
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,  //
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

static void quantisers(const uint8_t table[64], int quality, float steps[64]) {
  int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  for (int i = 0; i < 64; i++) {
    int step = (table[i] * scale + 50) / 100;
    steps[i] = (float)(step < 1 ? 1 : step > 255 ? 255 : step);
  }
}

/// ½·cos(kπ/16).
#define C1 0.490392640f
#define C2 0.461939766f
#define C3 0.415734806f
#define C4 0.353553391f
#define C5 0.277785117f
#define C6 0.191341716f
#define C7 0.097545161f

/// The cosine transform of eight values that lie `step` apart, orthonormal.
WF_INLINE void forward(lanes *v, int step) {
  lanes s0 = v[0] + v[7 * step], d0 = v[0] - v[7 * step];
  lanes s1 = v[step] + v[6 * step], d1 = v[step] - v[6 * step];
  lanes s2 = v[2 * step] + v[5 * step], d2 = v[2 * step] - v[5 * step];
  lanes s3 = v[3 * step] + v[4 * step], d3 = v[3 * step] - v[4 * step];
  lanes a = s0 + s3, b = s1 + s2, c = s0 - s3, d = s1 - s2;
  v[0] = (a + b) * C4;
  v[4 * step] = (a - b) * C4;
  v[2 * step] = c * C2 + d * C6;
  v[6 * step] = c * C6 - d * C2;
  v[step] = d0 * C1 + d1 * C3 + d2 * C5 + d3 * C7;
  v[3 * step] = d0 * C3 - d1 * C7 - d2 * C1 - d3 * C5;
  v[5 * step] = d0 * C5 - d1 * C1 + d2 * C7 + d3 * C3;
  v[7 * step] = d0 * C7 - d1 * C5 + d2 * C3 - d3 * C1;
}

WF_INLINE void inverse(lanes *v, int step) {
  lanes x1 = v[step], x3 = v[3 * step], x5 = v[5 * step], x7 = v[7 * step];
  lanes a = (v[0] + v[4 * step]) * C4, b = (v[0] - v[4 * step]) * C4;
  lanes c = v[2 * step] * C2 + v[6 * step] * C6, d = v[2 * step] * C6 - v[6 * step] * C2;
  lanes s0 = a + c, s3 = a - c, s1 = b + d, s2 = b - d;
  lanes d0 = x1 * C1 + x3 * C3 + x5 * C5 + x7 * C7;
  lanes d1 = x1 * C3 - x3 * C7 - x5 * C1 - x7 * C5;
  lanes d2 = x1 * C5 - x3 * C1 + x5 * C7 + x7 * C3;
  lanes d3 = x1 * C7 - x3 * C5 + x5 * C3 - x7 * C1;
  v[0] = s0 + d0;
  v[7 * step] = s0 - d0;
  v[step] = s1 + d1;
  v[6 * step] = s1 - d1;
  v[2 * step] = s2 + d2;
  v[5 * step] = s2 - d2;
  v[3 * step] = s3 + d3;
  v[4 * step] = s3 - d3;
}

/// Every block of a plane there, quantised, and back; the result is whole levels.
WF_INLINE void blocks(float *plane, intptr_t width, intptr_t height, const float *steps) {
  float inverses[64];
  for (int i = 0; i < 64; i++) inverses[i] = 1 / steps[i];
  for (intptr_t y = 0; y < height; y += 8)
    for (intptr_t x = 0; x < width; x += 8 * LANES) {
      intptr_t n = (width - x) / 8 < LANES ? (width - x) / 8 : LANES;
      float *strip = plane + y * width + x;
      lanes v[64];
      float values[64][LANES];
      if (n < LANES) memset(values, 0, sizeof values);
      for (intptr_t r = 0; r < 8; r++)
        for (intptr_t b = 0; b < n; b++)
          for (intptr_t c = 0; c < 8; c++) values[8 * r + c][b] = strip[r * width + 8 * b + c];
      memcpy(v, values, sizeof v);
      for (int i = 0; i < 64; i++) v[i] -= 128.0f;
      for (int r = 0; r < 8; r++) forward(v + 8 * r, 1);
      for (int c = 0; c < 8; c++) forward(v + c, 8);
      for (int i = 0; i < 64; i++) v[i] = ((v[i] * inverses[i] + WF_ROUNDER) - WF_ROUNDER) * steps[i];
      for (int c = 0; c < 8; c++) inverse(v + c, 8);
      for (int r = 0; r < 8; r++) inverse(v + 8 * r, 1);
      memcpy(values, v, sizeof v);
      for (int i = 0; i < 64; i++)
        for (int b = 0; b < LANES; b++) values[i][b] = wf_level(values[i][b] + 128);
      for (intptr_t r = 0; r < 8; r++)
        for (intptr_t b = 0; b < n; b++)
          for (intptr_t c = 0; c < 8; c++) strip[r * width + 8 * b + c] = values[8 * r + c][b];
    }
}

WF_INLINE void colour_row(const float *restrict red, const float *restrict green, const float *restrict blue,
                          intptr_t width, float *restrict luma, float *restrict cb, float *restrict cr) {
  for (intptr_t x = 0; x < width; x++) {
    float r = red[x], g = green[x], b = blue[x];
    luma[x] = wf_level(0.299f * r + 0.587f * g + 0.114f * b);
    cb[x] = wf_level(128 - 0.168735892f * r - 0.331264108f * g + 0.5f * b);
    cr[x] = wf_level(128 + 0.5f * r - 0.418687589f * g - 0.081312411f * b);
  }
}

/// The edges of a row repeated outwards, as encoders do.
WF_INLINE void pad(float *row, intptr_t left, intptr_t width, intptr_t padded) {
  for (intptr_t x = 0; x < left; x++) row[x] = row[left];
  for (intptr_t x = left + width; x < padded; x++) row[x] = row[left + width - 1];
}

/// Means of squares of four of two rows. Halves and quarters are rounded up and down in turn, as libjpeg does: a rounding
/// of one's own would often send coefficients to another step.
WF_INLINE void halve(const float *restrict rows, intptr_t width, float *restrict out) {
  for (intptr_t x = 0; x < width / 2; x++) {
    const float *above = rows + 2 * x, *below = above + width;
    int32_t sum = (int32_t)(above[0] + above[1] + below[0] + below[1]);
    out[x] = (float)((sum + 1 + (int32_t)(x & 1)) >> 2);
  }
}

static intptr_t padded(intptr_t count) { return (count + 15) / 16 * 16; }

intptr_t wf_jpeg_scratch(intptr_t width, intptr_t height) {
  intptr_t w = padded(width + 15), h = padded(height + 15);
  return (w * h + w * h / 2 + 4 * w) * (intptr_t)sizeof(float);
}

WF_INLINE void jpeg_body(float *planes, intptr_t width, intptr_t height, const float *luma_steps,
                         const float *chroma_steps, intptr_t left, intptr_t top, float *scratch) {
  const intptr_t count = width * height, w = padded(left + width), h = padded(top + height), half = w / 2;
  float *luma = scratch, *cb = luma + w * h, *cr = cb + w * h / 4, *lines = cr + w * h / 4;
  for (intptr_t y = 0; y < h; y += 2) {
    for (intptr_t k = 0; k < 2; k++) {
      intptr_t from = y + k - top;
      from = from < 0 ? 0 : from >= height ? height - 1 : from;
      float *row = luma + (y + k) * w, *blues = lines + k * w, *reds = lines + (2 + k) * w;
      const float *red = planes + from * width;
      colour_row(red, red + count, red + 2 * count, width, row + left, blues + left, reds + left);
      pad(row, left, width, w);
      pad(blues, left, width, w);
      pad(reds, left, width, w);
    }
    halve(lines, w, cb + y / 2 * half);
    halve(lines + 2 * w, w, cr + y / 2 * half);
  }
  blocks(luma, w, h, luma_steps);
  blocks(cb, half, h / 2, chroma_steps);
  blocks(cr, half, h / 2, chroma_steps);
  float *restrict blues = lines, *restrict reds = lines + w;
  for (intptr_t y = 0; y < height; y++) {
    const float *blue = cb + (y + top) / 2 * half, *red = cr + (y + top) / 2 * half;
    for (intptr_t x = 0; x < half; x++) {
      blues[2 * x] = blues[2 * x + 1] = blue[x] - 128;
      reds[2 * x] = reds[2 * x + 1] = red[x] - 128;
    }
    const float *bright = luma + (y + top) * w + left;
    const float *restrict u = blues + left, *restrict v = reds + left;
    float *restrict r = planes + y * width, *restrict g = r + count, *restrict b = g + count;
    for (intptr_t x = 0; x < width; x++) {
      r[x] = wf_level(bright[x] + 1.402f * v[x]);
      g[x] = wf_level(bright[x] - 0.344136286f * u[x] - 0.714136286f * v[x]);
      b[x] = wf_level(bright[x] + 1.772f * u[x]);
    }
  }
}

VERSIONS(jpeg,
         (float *planes, intptr_t width, intptr_t height, const float *luma_steps, const float *chroma_steps,
          intptr_t left, intptr_t top, float *scratch),
         planes, width, height, luma_steps, chroma_steps, left, top, scratch)

void wf_jpeg(float *planes, intptr_t width, intptr_t height, int quality, int left, int top, void *scratch) {
  float luma_steps[64], chroma_steps[64];
  quantisers(luma_table, quality, luma_steps);
  quantisers(chroma_table, quality, chroma_steps);
  CALL(jpeg, planes, width, height, luma_steps, chroma_steps, left, top, scratch);
}
