#ifndef WF_INTERNAL_H
#define WF_INTERNAL_H

#include "CWhyFakeVideo.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

/* A cached conversion to RGB: the scaler, what it was set up for, and rows with room to spare at their end. */
typedef struct {
  struct SwsContext *scaler;
  int matrix, full;
  uint8_t *rows;
  size_t rows_size;
} wf_converter;

/* Sets the log level, once. */
void wf_quiet(void);
/* frame as width × height RGB, oriented, into rgb. */
int wf_convert(
  wf_converter *converter, const AVFrame *frame, int width, int height, int orientation, int matrix, int full,
  uint8_t *rgb);
void wf_converter_free(wf_converter *converter);
void wf_describe_frame(const AVFrame *frame, wf_frame *out);
/* WF_OK, or WF_TOO_LARGE. */
int wf_check_size(int64_t width, int64_t height);
/* Memory for width × height RGB padded to even sizes; av_free frees it. */
uint8_t *wf_padded(int width, int height);
/* rgb with its last column and row doubled where their number is odd, into padded (new memory if NULL). */
uint8_t *wf_pad(uint8_t *padded, const uint8_t *rgb, int width, int height);
/* The orientation bits of a display matrix (nine numbers). */
int wf_orientation(const int32_t *matrix);

#endif
