/* Inner loops of image resampling; weights and order of passes are the caller's (RGBImage+Resampling.swift). */
#ifndef CWHYFAKE_RESAMPLE_H
#define CWHYFAKE_RESAMPLE_H

#include <stdint.h>

/* For each output position: the first input position and how many there are; weights[i * taps + k] goes with input
 * first + k. Fixed-point weights have WF_RESAMPLE_BITS bits after the point. */
enum { WF_RESAMPLE_BITS = 22 };

typedef struct {
  int32_t first, count;
} wf_reach;

/* Rows of RGB bytes → rows of out_width pixels, rounded to bytes. Row r of the input starts at in + r * in_stride. */
void wf_resample_rows(const uint8_t *_Nonnull in, intptr_t in_stride, intptr_t rows, uint8_t *_Nonnull out,
                      intptr_t out_stride, intptr_t out_width, const wf_reach *_Nonnull spans,
                      const int32_t *_Nonnull weights, intptr_t taps);

/* Columns: out_height rows of row_bytes bytes, each a weighted sum of input rows, rounded to bytes. */
void wf_resample_columns(const uint8_t *_Nonnull in, intptr_t in_stride, uint8_t *_Nonnull out, intptr_t out_stride,
                         intptr_t row_bytes, intptr_t out_height, const wf_reach *_Nonnull spans,
                         const int32_t *_Nonnull weights, intptr_t taps);

/* Both passes in floats, columns first, rounded once (ties to even): RGB bytes in, out_width × out_height out. column
 * spans start at row 0 of in, row spans at its first pixel. scratch has room for row_bytes + 3 * out_width + 2 floats.
 */
void wf_resample_float(const uint8_t *_Nonnull in, intptr_t in_stride, intptr_t row_bytes, uint8_t *_Nonnull out,
                       intptr_t out_stride, intptr_t out_width, intptr_t out_height,
                       const wf_reach *_Nonnull column_spans, const float *_Nonnull column_weights,
                       intptr_t column_taps, const wf_reach *_Nonnull row_spans, const float *_Nonnull row_weights,
                       intptr_t row_taps, float *_Nonnull scratch);

#endif
