#ifndef WF_YUV_H
#define WF_YUV_H

#include <stddef.h>
#include <stdint.h>

/* 8-bit 4:2:0 to RGB, bit for bit as swscale's vector code for x86 has it (same size, no accurate rounding): luma and
 * chroma times eight, products cut to their upper 16 bits, each chroma sample for 2 × 2 pixels. It is here because it
 * writes rows without gaps and no byte beyond them: swscale's runs over a row's end, which costs a copy. */

/* What a matrix and a range come to: 13 bits after the point. */
typedef struct {
  int16_t black, luma, red_v, green_u, green_v, blue_u;
} wf_yuv_rule;

/* From swscale's four coefficients of a matrix (16 bits after the point). */
wf_yuv_rule wf_yuv_rule_make(const int coefficients[4], int full);

/* width × height pixels; the first row is one that begins a chroma row. Exactly width × 3 bytes of each row of rgb are
 * written, and no byte beyond the planes' width is read. 0, and nothing done, where this CPU has no vector version. */
int wf_yuv420_to_rgb(
  const wf_yuv_rule *rule, const uint8_t *const planes[], const int strides[], int width, int height, uint8_t *rgb,
  size_t rgb_stride);

#endif
