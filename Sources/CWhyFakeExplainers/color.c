#include "kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void *wf_explainers_allocate(intptr_t bytes) {
  void *memory = malloc(bytes > 0 ? (size_t)bytes : 1);
  if (!memory) abort();
  return memory;
}

/// Pixels that are converted at once.
enum { BLOCK = 256 };

/// sRGB's curve: byte to linear light in [0, 1].
static void fill_linear(float table[256]) {
  for (int i = 0; i < 256; i++) {
    double v = i / 255.0;
    table[i] = (float)(v > 0.04045 ? pow((v + 0.055) / 1.055, 2.4) : v / 12.92);
  }
}

/// CIELAB's f. The cube root is guessed from the exponent and made exact to float's last digits by two steps of Halley's
/// method, which vectorises.
static inline __attribute__((always_inline)) float lab_curve(float t) {
  uint32_t bits;
  memcpy(&bits, &t, 4);
  bits = bits / 3 + 0x2a5119f2u;
  float root;
  memcpy(&root, &bits, 4);
  for (int i = 0; i < 2; i++) {
    float cube = root * root * root;
    root = root * ((cube + t + t) / (cube + cube + t));
  }
  return t > 0.008856f ? root : 7.787f * t + 16.0f / 116.0f;
}

static inline __attribute__((always_inline)) int16_t whole(float value) {
  value *= WF_COLOR_UNIT;
  return (int16_t)(value + (value < 0 ? -0.5f : 0.5f));
}

WF_MULTIVERSION
static void lab_block(const float *restrict red, const float *restrict green, const float *restrict blue,
                      intptr_t count, int16_t *restrict l, int16_t *restrict a, int16_t *restrict b) {
  for (intptr_t i = 0; i < count; i++) {
    // Rows of sRGB's matrix by D65's white (0.95047, 1, 1.08883), as scikit-image has them.
    float x = lab_curve((0.412453f * red[i] + 0.357580f * green[i] + 0.180423f * blue[i]) / 0.95047f);
    float y = lab_curve(0.212671f * red[i] + 0.715160f * green[i] + 0.072169f * blue[i]);
    float z = lab_curve((0.019334f * red[i] + 0.119193f * green[i] + 0.950227f * blue[i]) / 1.08883f);
    l[i] = whole(116.0f * y - 16.0f);
    a[i] = whole(500.0f * (x - y));
    b[i] = whole(200.0f * (y - z));
  }
}

void wf_lab_from_rgb(const uint8_t *rgb, intptr_t count, int16_t *l, int16_t *a, int16_t *b) {
  float linear[256], red[BLOCK], green[BLOCK], blue[BLOCK];
  fill_linear(linear);
  for (intptr_t first = 0; first < count; first += BLOCK) {
    intptr_t n = count - first < BLOCK ? count - first : BLOCK;
    for (intptr_t i = 0; i < n; i++) {
      const uint8_t *pixel = rgb + 3 * (first + i);
      red[i] = linear[pixel[0]];
      green[i] = linear[pixel[1]];
      blue[i] = linear[pixel[2]];
    }
    lab_block(red, green, blue, n, l + first, a + first, b + first);
  }
}

void wf_planes_from_rgb(const uint8_t *rgb, intptr_t count, int16_t *r, int16_t *g, int16_t *b) {
  int16_t value[256];
  for (int i = 0; i < 256; i++) value[i] = (int16_t)((i * 100 * WF_COLOR_UNIT + 127) / 255);
  for (intptr_t i = 0; i < count; i++) {
    r[i] = value[rgb[3 * i]];
    g[i] = value[rgb[3 * i + 1]];
    b[i] = value[rgb[3 * i + 2]];
  }
}
