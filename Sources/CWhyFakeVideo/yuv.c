#include "yuv.h"

#include "simd.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static int16_t rounded(int64_t value) {
  int64_t r = (value + (1 << 15)) >> 16;
  return (int16_t)(r < -0x7FFF ? -0x7FFF : r > 0x7FFF ? 0x7FFF : r);
}

wf_yuv_rule wf_yuv_rule_make(const int coefficients[4], int full) {
  int64_t c[4] = {coefficients[0], coefficients[1], -(int64_t)coefficients[2], -(int64_t)coefficients[3]};
  int64_t luma = 1 << 16, black = 0;
  if (full) {
    for (int i = 0; i < 4; i++) c[i] = c[i] * 224 / 255;
  } else {
    luma = luma * 255 / 219;
    black = 16 << 16;
  }
  return (wf_yuv_rule){
    .black = rounded(black * 8), .luma = rounded(luma * 8192), .red_v = rounded(c[0] * 8192),
    .green_u = rounded(c[2] * 8192), .green_v = rounded(c[3] * 8192), .blue_u = rounded(c[1] * 8192)};
}

#if defined(__x86_64__)
/* Byte permutations of the vector versions, made once for all rows. */
typedef struct {
  uint8_t bytes[3][64];
  uint64_t blues[3];
} places;

/* Both versions: pixels at even and at odd places are computed as two vectors of 16-bit numbers, which share their
 * chroma; packing them to bytes leaves, in each group of 16 pixels, first the even ones, then the odd. */

/* Where a pixel of a vector is after packing. */
WF_INLINE int place_of(int pixel) { return (pixel & ~15) + (pixel & 1) * 8 + (pixel & 15) / 2; }

/* AVX2: for each colour and third of the 48 bytes of 16 pixels, where its bytes come from (128: elsewhere). */
static void set_places_256(places *p) {
  for (int colour = 0; colour < 3; colour++)
    for (int at = 0; at < 48; at++)
      p->bytes[colour][at] = (uint8_t)(at % 3 == colour ? place_of(at / 3) : 128);
}

/* AVX-512: for each third of the 192 bytes of 64 pixels, which byte of red (0 …) or green (64 …), or else of blue. */
static void set_places_512(places *p) {
  for (int at = 0; at < 192; at++) {
    p->bytes[at / 64][at % 64] = (uint8_t)(place_of(at / 3) + (at % 3 == 1 ? 64 : 0));
    if (at % 3 == 2) p->blues[at / 64] |= (uint64_t)1 << (at % 64);
  }
}

/* The last `count` bytes of a row, filled up with zeros to a whole vector of `size`. */
static const uint8_t *rest(uint8_t *whole, size_t size, const uint8_t *bytes, int count) {
  memset(whole, 0, size);
  return memcpy(whole, bytes, (size_t)count);
}

/* ---- AVX2: 32 pixels at a time */

WF_TARGET_AVX2 static void row_avx2(
  const wf_yuv_rule *rule, const places *places, const uint8_t *y, const uint8_t *u, const uint8_t *v, int width,
  uint8_t *rgb) {
  const __m256i black = _mm256_set1_epi16(rule->black), luma = _mm256_set1_epi16(rule->luma);
  const __m256i red_v = _mm256_set1_epi16(rule->red_v), blue_u = _mm256_set1_epi16(rule->blue_u);
  const __m256i green_u = _mm256_set1_epi16(rule->green_u), green_v = _mm256_set1_epi16(rule->green_v);
  const __m256i grey = _mm256_set1_epi16(1024), low = _mm256_set1_epi16(255);
  for (int x = 0; x < width; x += 32) {
    uint8_t rest_y[32], rest_u[16], rest_v[16], rest_rgb[96];
    int n = width - x;
    const uint8_t *at_y = y + x, *at_u = u + x / 2, *at_v = v + x / 2;
    uint8_t *to = rgb + 3 * (ptrdiff_t)x;
    if (n < 32) {
      at_y = rest(rest_y, sizeof rest_y, at_y, n);
      at_u = rest(rest_u, sizeof rest_u, at_u, (n + 1) / 2);
      at_v = rest(rest_v, sizeof rest_v, at_v, (n + 1) / 2);
      to = rest_rgb;
    }
    __m256i both = _mm256_loadu_si256((const __m256i *)at_y);
    __m256i even = _mm256_slli_epi16(_mm256_and_si256(both, low), 3);
    __m256i odd = _mm256_slli_epi16(_mm256_srli_epi16(both, 8), 3);
    even = _mm256_mulhi_epi16(_mm256_sub_epi16(even, black), luma);
    odd = _mm256_mulhi_epi16(_mm256_sub_epi16(odd, black), luma);
    __m256i du = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)at_u));
    __m256i dv = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)at_v));
    du = _mm256_sub_epi16(_mm256_slli_epi16(du, 3), grey);
    dv = _mm256_sub_epi16(_mm256_slli_epi16(dv, 3), grey);
    __m256i add[3] = {
      _mm256_mulhi_epi16(dv, red_v),
      _mm256_add_epi16(_mm256_mulhi_epi16(du, green_u), _mm256_mulhi_epi16(dv, green_v)),
      _mm256_mulhi_epi16(du, blue_u)};
    __m256i thirds[3];
    for (int third = 0; third < 3; third++) thirds[third] = _mm256_setzero_si256();
    for (int colour = 0; colour < 3; colour++) {
      __m256i bytes = _mm256_packus_epi16(_mm256_add_epi16(even, add[colour]), _mm256_add_epi16(odd, add[colour]));
      for (int third = 0; third < 3; third++) {
        __m256i place = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(places->bytes[colour] + 16 * third)));
        thirds[third] = _mm256_or_si256(thirds[third], _mm256_shuffle_epi8(bytes, place));
      }
    }
    _mm256_storeu_si256((__m256i *)to, _mm256_permute2x128_si256(thirds[0], thirds[1], 0x20));
    _mm256_storeu_si256((__m256i *)(to + 32), _mm256_permute2x128_si256(thirds[2], thirds[0], 0x30));
    _mm256_storeu_si256((__m256i *)(to + 64), _mm256_permute2x128_si256(thirds[1], thirds[2], 0x31));
    if (n < 32) memcpy(rgb + 3 * (ptrdiff_t)x, rest_rgb, (size_t)n * 3);
  }
}

/* ---- AVX-512 with byte permutations: 64 pixels at a time */

WF_TARGET_AVX512 static void row_avx512(
  const wf_yuv_rule *rule, const places *places, const uint8_t *y, const uint8_t *u, const uint8_t *v, int width,
  uint8_t *rgb) {
  const __m512i black = _mm512_set1_epi16(rule->black), luma = _mm512_set1_epi16(rule->luma);
  const __m512i red_v = _mm512_set1_epi16(rule->red_v), blue_u = _mm512_set1_epi16(rule->blue_u);
  const __m512i green_u = _mm512_set1_epi16(rule->green_u), green_v = _mm512_set1_epi16(rule->green_v);
  const __m512i grey = _mm512_set1_epi16(1024), low = _mm512_set1_epi16(255);
  for (int x = 0; x < width; x += 64) {
    uint8_t rest_y[64], rest_u[32], rest_v[32], rest_rgb[192];
    int n = width - x;
    const uint8_t *at_y = y + x, *at_u = u + x / 2, *at_v = v + x / 2;
    uint8_t *to = rgb + 3 * (ptrdiff_t)x;
    if (n < 64) {
      at_y = rest(rest_y, sizeof rest_y, at_y, n);
      at_u = rest(rest_u, sizeof rest_u, at_u, (n + 1) / 2);
      at_v = rest(rest_v, sizeof rest_v, at_v, (n + 1) / 2);
      to = rest_rgb;
    }
    __m512i both = _mm512_loadu_si512(at_y);
    __m512i even = _mm512_slli_epi16(_mm512_and_si512(both, low), 3);
    __m512i odd = _mm512_slli_epi16(_mm512_srli_epi16(both, 8), 3);
    even = _mm512_mulhi_epi16(_mm512_sub_epi16(even, black), luma);
    odd = _mm512_mulhi_epi16(_mm512_sub_epi16(odd, black), luma);
    __m512i du = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)at_u));
    __m512i dv = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)at_v));
    du = _mm512_sub_epi16(_mm512_slli_epi16(du, 3), grey);
    dv = _mm512_sub_epi16(_mm512_slli_epi16(dv, 3), grey);
    __m512i add_red = _mm512_mulhi_epi16(dv, red_v), add_blue = _mm512_mulhi_epi16(du, blue_u);
    __m512i add_green = _mm512_add_epi16(_mm512_mulhi_epi16(du, green_u), _mm512_mulhi_epi16(dv, green_v));
    __m512i red = _mm512_packus_epi16(_mm512_add_epi16(even, add_red), _mm512_add_epi16(odd, add_red));
    __m512i green = _mm512_packus_epi16(_mm512_add_epi16(even, add_green), _mm512_add_epi16(odd, add_green));
    __m512i blue = _mm512_packus_epi16(_mm512_add_epi16(even, add_blue), _mm512_add_epi16(odd, add_blue));
    for (int third = 0; third < 3; third++) {
      __m512i place = _mm512_loadu_si512(places->bytes[third]);
      __m512i bytes = _mm512_permutex2var_epi8(red, place, green);
      _mm512_storeu_si512(to + third * 64, _mm512_mask_permutexvar_epi8(bytes, places->blues[third], place, blue));
    }
    if (n < 64) memcpy(rgb + 3 * (ptrdiff_t)x, rest_rgb, (size_t)n * 3);
  }
}
typedef void row_function(
  const wf_yuv_rule *rule, const places *places, const uint8_t *y, const uint8_t *u, const uint8_t *v, int width,
  uint8_t *rgb);

int wf_yuv420_to_rgb(
  const wf_yuv_rule *rule, const uint8_t *const planes[], const int strides[], int width, int height, uint8_t *rgb,
  size_t rgb_stride) {
  wf_instructions instructions = wf_instructions_to_use();
  if (instructions == WF_PLAIN) return 0;
  row_function *row = instructions == WF_AVX512 ? row_avx512 : row_avx2;
  places places = {0};
  if (instructions == WF_AVX512) set_places_512(&places);
  else set_places_256(&places);
  for (int y = 0; y < height; y++)
    row(
      rule, &places, planes[0] + (ptrdiff_t)y * strides[0], planes[1] + (ptrdiff_t)(y / 2) * strides[1],
      planes[2] + (ptrdiff_t)(y / 2) * strides[2], width, rgb + (size_t)y * rgb_stride);
  return 1;
}
#else
int wf_yuv420_to_rgb(
  const wf_yuv_rule *rule, const uint8_t *const planes[], const int strides[], int width, int height, uint8_t *rgb,
  size_t rgb_stride) {
  (void)rule, (void)planes, (void)strides, (void)width, (void)height, (void)rgb, (void)rgb_stride;
  return 0;
}
#endif
