#include "simd.h"

#include <math.h>
#include <string.h>

WF_INLINE void through_body(const uint8_t *restrict rgb, intptr_t count, const float *restrict m,
                            float *restrict red, float *restrict green, float *restrict blue) {
  for (intptr_t i = 0; i < count; i++) {
    float r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
    float x = m[0] * r + m[1] * g + m[2] * b + m[3];
    float y = m[4] * r + m[5] * g + m[6] * b + m[7];
    float z = m[8] * r + m[9] * g + m[10] * b + m[11];
    x = x < 0 ? 0 : x, y = y < 0 ? 0 : y, z = z < 0 ? 0 : z;
    red[i] = x > 255 ? 255 : x;
    green[i] = y > 255 ? 255 : y;
    blue[i] = z > 255 ? 255 : z;
  }
}

VERSIONS(through,
         (const uint8_t *restrict rgb, intptr_t count, const float *restrict m, float *restrict red,
          float *restrict green, float *restrict blue),
         rgb, count, m, red, green, blue)

void wf_planes_through(const uint8_t *rgb, intptr_t count, const float matrix[12], float *planes) {
  CALL(through, rgb, count, matrix, planes, planes + count, planes + 2 * count);
}

WF_INLINE void rgb_body(const float *restrict red, const float *restrict green, const float *restrict blue,
                        intptr_t count, uint8_t *restrict rgb) {
  for (intptr_t i = 0; i < count; i++) {
    rgb[3 * i] = (uint8_t)(int32_t)wf_level(red[i]);
    rgb[3 * i + 1] = (uint8_t)(int32_t)wf_level(green[i]);
    rgb[3 * i + 2] = (uint8_t)(int32_t)wf_level(blue[i]);
  }
}

VERSIONS(rgb,
         (const float *restrict red, const float *restrict green, const float *restrict blue, intptr_t count,
          uint8_t *restrict rgb),
         red, green, blue, count, rgb)

void wf_rgb_of_planes(const float *planes, intptr_t count, uint8_t *rgb) {
  CALL(rgb, planes, planes + count, planes + 2 * count, count, rgb);
}

WF_INLINE void levels_body(float *plane, intptr_t count) {
  for (intptr_t i = 0; i < count; i++) plane[i] = wf_level(plane[i]);
}

VERSIONS(levels, (float *plane, intptr_t count), plane, count)

void wf_levels(float *plane, intptr_t count) { CALL(levels, plane, count); }

/// Wellons' hash of 32 bits ("lowbias32"): every bit of the result depends on every bit of the position.
WF_INLINE uint32_t hash(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

WF_INLINE void noise_body(float *plane, intptr_t count, uint32_t seed, float deviation) {
  // Four bytes, each of variance (256² − 1) / 12.
  const float unit = deviation / 147.8005f;
  for (intptr_t i = 0; i < count; i++) {
    uint32_t bits = hash((uint32_t)i * 0x9E3779B9u + seed);
    int32_t sum = (int32_t)((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24)) - 510;
    plane[i] += (float)sum * unit;
  }
}

VERSIONS(noise, (float *plane, intptr_t count, uint32_t seed, float deviation), plane, count, seed, deviation)

void wf_add_noise(float *plane, intptr_t count, uint32_t seed, float deviation) {
  CALL(noise, plane, count, seed, deviation);
}

WF_INLINE void blur_body(float *restrict plane, intptr_t width, intptr_t height, const float *restrict taps,
                         intptr_t count, float *restrict scratch) {
  const intptr_t half = count / 2;
  float *restrict line = scratch + width * height;
  for (intptr_t y = 0; y < height; y++) {
    const float *row = plane + y * width;
    float *restrict out = scratch + y * width;
    for (intptr_t i = 0; i < half; i++) {
      line[i] = row[wf_reflected(i - half, width)];
      line[half + width + i] = row[wf_reflected(width + i, width)];
    }
    memcpy(line + half, row, (size_t)width * sizeof *line);
    for (intptr_t x = 0; x < width; x++) out[x] = line[x + half] * taps[half];
    for (intptr_t k = 0; k < half; k++)
      for (intptr_t x = 0; x < width; x++) out[x] += (line[x + k] + line[x + count - 1 - k]) * taps[k];
  }
  for (intptr_t y = 0; y < height; y++) {
    float *restrict out = plane + y * width;
    const float *middle = scratch + y * width;
    for (intptr_t x = 0; x < width; x++) out[x] = middle[x] * taps[half];
    for (intptr_t k = 0; k < half; k++) {
      const float *above = scratch + wf_reflected(y + k - half, height) * width;
      const float *below = scratch + wf_reflected(y + half - k, height) * width;
      for (intptr_t x = 0; x < width; x++) out[x] += (above[x] + below[x]) * taps[k];
    }
  }
}

VERSIONS(blur,
         (float *restrict plane, intptr_t width, intptr_t height, const float *restrict taps, intptr_t count,
          float *restrict scratch),
         plane, width, height, taps, count, scratch)

void wf_blur(float *plane, intptr_t width, intptr_t height, const float *taps, intptr_t count, float *scratch) {
  CALL(blur, plane, width, height, taps, count, scratch);
}

WF_INLINE void blend_body(const float *restrict a, const float *restrict b, const float *restrict mask,
                          intptr_t count, float *restrict out) {
  for (intptr_t c = 0; c < 3; c++)
    for (intptr_t i = 0; i < count; i++) {
      intptr_t k = c * count + i;
      out[k] = a[k] * mask[i] + b[k] * (1 - mask[i]);
    }
}

VERSIONS(blend,
         (const float *restrict a, const float *restrict b, const float *restrict mask, intptr_t count,
          float *restrict out),
         a, b, mask, count, out)

void wf_blend(const float *a, const float *b, const float *mask, intptr_t count, float *out) {
  CALL(blend, a, b, mask, count, out);
}

WF_INLINE void difference_body(const uint8_t *restrict a, const uint8_t *restrict b, intptr_t count,
                               float *restrict plane) {
  for (intptr_t i = 0; i < count; i++) {
    int32_t r = a[3 * i] - b[3 * i], g = a[3 * i + 1] - b[3 * i + 1], u = a[3 * i + 2] - b[3 * i + 2];
    int32_t sum = (r < 0 ? -r : r) + (g < 0 ? -g : g) + (u < 0 ? -u : u);
    plane[i] = (float)sum * (1 / 765.0f);
  }
}

VERSIONS(difference, (const uint8_t *restrict a, const uint8_t *restrict b, intptr_t count, float *restrict plane), a,
         b, count, plane)

void wf_difference(const uint8_t *a, const uint8_t *b, intptr_t count, float *plane) {
  CALL(difference, a, b, count, plane);
}
