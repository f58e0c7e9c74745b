#include "internal.h"

#include <libavutil/display.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void set_level(void) {
  if (av_log_get_level() == AV_LOG_INFO) av_log_set_level(AV_LOG_QUIET);
}

void wf_quiet(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, set_level);
}

void wf_explain(int result, char *text, size_t size) {
  if (av_strerror(result, text, size) < 0 && size > 0) text[0] = 0;
}

int wf_check_size(int64_t width, int64_t height) {
  if (width > WF_MAX_SIDE || height > WF_MAX_SIDE || width * height > WF_MAX_PIXELS) return WF_TOO_LARGE;
  return WF_OK;
}

int wf_orientation(const int32_t *m) {
  /* Stored (p, q) is shown at (m0·p + m3·q, m1·p + m4·q); other angles go to the nearest quarter turn. */
  double a = m[0], b = m[1], c = m[3], d = m[4];
  if (a * a + d * d >= b * b + c * c) return (a < 0 ? WF_FLIP_X : 0) | (d < 0 ? WF_FLIP_Y : 0);
  return WF_TRANSPOSE | (c < 0 ? WF_FLIP_X : 0) | (b < 0 ? WF_FLIP_Y : 0);
}

void wf_describe_frame(const AVFrame *frame, wf_frame *out) {
  const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
  memset(out, 0, sizeof *out);
  out->pts = frame->pts == AV_NOPTS_VALUE ? WF_NO_TIME : frame->pts;
  out->best_pts = frame->best_effort_timestamp == AV_NOPTS_VALUE ? WF_NO_TIME : frame->best_effort_timestamp;
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 0)
  out->duration = frame->duration;
#else
  out->duration = frame->pkt_duration;
#endif
  out->width = frame->width;
  out->height = frame->height;
  out->matrix = frame->colorspace;
  out->range = frame->color_range;
  if (format) {
    out->is_rgb = (format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
    out->is_gray = !out->is_rgb && format->nb_components <= 2;
    out->is_full_by_format = strncmp(format->name, "yuvj", 4) == 0;
    strncpy(out->format, format->name, sizeof out->format - 1);
  }
  const AVFrameSideData *side = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
  if (side && side->size >= 9 * sizeof(int32_t)) {
    out->has_orientation = 1;
    out->orientation = (uint8_t)wf_orientation((const int32_t *)side->data);
  }
}

static void orient(const uint8_t *rows, size_t stride, int width, int height, int orientation, uint8_t *rgb) {
  if (orientation == 0) {
    for (int y = 0; y < height; y++) memcpy(rgb + (size_t)y * width * 3, rows + y * stride, (size_t)width * 3);
    return;
  }
  int transpose = orientation & WF_TRANSPOSE;
  int columns = transpose ? height : width, lines = transpose ? width : height;
  for (int y = 0; y < lines; y++) {
    int v = orientation & WF_FLIP_Y ? lines - 1 - y : y;
    for (int x = 0; x < columns; x++) {
      int u = orientation & WF_FLIP_X ? columns - 1 - x : x;
      const uint8_t *from = transpose ? rows + u * stride + (size_t)v * 3 : rows + v * stride + (size_t)u * 3;
      rgb[0] = from[0];
      rgb[1] = from[1];
      rgb[2] = from[2];
      rgb += 3;
    }
  }
}

int wf_convert(
  wf_converter *c, const AVFrame *frame, int width, int height, int orientation, int matrix, int full, uint8_t *rgb) {
  int result = wf_check_size(frame->width, frame->height);
  if (result) return result;
  if (!sws_isSupportedInput(frame->format)) return WF_UNSUPPORTED;
  struct SwsContext *before = c->scaler;
  c->scaler = sws_getCachedContext(
    c->scaler, frame->width, frame->height, frame->format, width, height, AV_PIX_FMT_RGB24,
    SWS_BILINEAR, NULL, NULL, NULL);
  if (!c->scaler) return WF_UNSUPPORTED;
  if (c->scaler != before || c->matrix != matrix || c->full != full) {
    /* Fails only where there is nothing to set (RGB to RGB). */
    sws_setColorspaceDetails(
      c->scaler, sws_getCoefficients(matrix), full, sws_getCoefficients(SWS_CS_DEFAULT), 0, 0, 1 << 16, 1 << 16);
    c->matrix = matrix;
    c->full = full;
  }
  /* The scaler's vector code writes past the last pixel of a row. */
  size_t stride = (((size_t)width * 3 + 63) & ~(size_t)63) + 64;
  size_t size = stride * (size_t)height + 64;
  if (size > c->rows_size) {
    av_freep(&c->rows);
    c->rows_size = 0;
    c->rows = av_malloc(size);
    if (!c->rows) return WF_NO_MEMORY;
    c->rows_size = size;
  }
  uint8_t *planes[4] = {c->rows, NULL, NULL, NULL};
  int strides[4] = {(int)stride, 0, 0, 0};
  result = sws_scale(
    c->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, planes, strides);
  if (result < 0) return result;
  orient(c->rows, stride, width, height, orientation, rgb);
  return WF_OK;
}

uint8_t *wf_padded(int width, int height) {
  /* Room beyond the last row: the scaler reads whole vectors. */
  return av_mallocz((size_t)((width + 1) & ~1) * ((height + 1) & ~1) * 3 + 64);
}

uint8_t *wf_pad(uint8_t *padded, const uint8_t *rgb, int width, int height) {
  if (!padded) padded = wf_padded(width, height);
  if (!padded) return NULL;
  size_t from = (size_t)width * 3, to = (size_t)((width + 1) & ~1) * 3;
  for (int y = 0; y < ((height + 1) & ~1); y++) {
    uint8_t *row = padded + y * to;
    memcpy(row, rgb + (size_t)(y < height ? y : height - 1) * from, from);
    if (to > from) memcpy(row + from, row + from - 3, 3);
  }
  return padded;
}

void wf_converter_free(wf_converter *c) {
  sws_freeContext(c->scaler);
  av_freep(&c->rows);
  memset(c, 0, sizeof *c);
}
