#include "internal.h"
#include "yuv.h"

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

const char *wf_libav_version(void) { return av_version_info(); }

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

enum { BAND = 32 };

/* Stored rows first ..< first + count, which lie at rows, to their places in the upright picture. */
static void orient(
  const uint8_t *rows, size_t stride, int first, int count, int width, int height, int orientation, uint8_t *rgb) {
  if (orientation == 0) {
    for (int s = 0; s < count; s++)
      memcpy(rgb + (size_t)(first + s) * width * 3, rows + s * stride, (size_t)width * 3);
    return;
  }
  int transpose = orientation & WF_TRANSPOSE;
  ptrdiff_t columns = transpose ? height : width, lines = transpose ? width : height;
  ptrdiff_t right = orientation & WF_FLIP_X ? -3 : 3, down = (orientation & WF_FLIP_Y ? -3 : 3) * columns;
  if (right < 0) rgb += (columns - 1) * 3;
  if (down < 0) rgb += (lines - 1) * columns * 3;
  ptrdiff_t next_row = transpose ? right : down, next_column = transpose ? down : right;
  rgb += first * next_row;
  /* The inner loop runs along the rows that are written. */
  int outer = transpose ? width : count, inner = transpose ? count : width;
  size_t from_outer = transpose ? 3 : stride, from_inner = transpose ? stride : 3;
  ptrdiff_t to_outer = transpose ? next_column : next_row;
  for (int i = 0; i < outer; i++) {
    const uint8_t *from = rows + i * from_outer;
    uint8_t *to = rgb + i * to_outer;
    for (int j = 0; j < inner; j++, from += from_inner, to += right) {
      to[0] = from[0];
      to[1] = from[1];
      to[2] = from[2];
    }
  }
}

static int make_room(wf_converter *c, size_t size) {
  if (size <= c->rows_size) return WF_OK;
  av_freep(&c->rows);
  c->rows_size = 0;
  c->rows = av_malloc(size);
  if (!c->rows) return WF_NO_MEMORY;
  c->rows_size = size;
  return WF_OK;
}

/* Frames that swscale would convert by table and no filter: 1 if they were converted here instead, 0 if not,
 * WF_NO_MEMORY. */
static int convert_420(
  wf_converter *c, const AVFrame *frame, int width, int height, int orientation, int matrix, int full, uint8_t *rgb) {
  if (frame->format != AV_PIX_FMT_YUV420P && frame->format != AV_PIX_FMT_YUVJ420P) return 0;
  if (frame->width != width || frame->height != height || height % 2) return 0;
  wf_yuv_rule rule = wf_yuv_rule_make(sws_getCoefficients(matrix), full);
  size_t stride = (size_t)width * 3;
  const uint8_t *planes[3] = {frame->data[0], frame->data[1], frame->data[2]};
  if (orientation == 0) return wf_yuv420_to_rgb(&rule, planes, frame->linesize, width, height, rgb, stride);
  int result = make_room(c, stride * BAND);
  if (result) return result;
  for (int first = 0; first < height; first += BAND) {
    int count = height - first < BAND ? height - first : BAND;
    for (int i = 0; i < 3; i++) planes[i] = frame->data[i] + (ptrdiff_t)(i ? first / 2 : first) * frame->linesize[i];
    if (!wf_yuv420_to_rgb(&rule, planes, frame->linesize, width, count, c->rows, stride)) return 0;
    orient(c->rows, stride, first, count, width, height, orientation, rgb);
  }
  return 1;
}

int wf_convert(
  wf_converter *c, const AVFrame *frame, int width, int height, int orientation, int matrix, int full, uint8_t *rgb) {
  int result = wf_check_size(frame->width, frame->height);
  if (result) return result;
  result = convert_420(c, frame, width, height, orientation, matrix, full, rgb);
  if (result) return result == 1 ? WF_OK : result;
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
  if ((result = make_room(c, stride * (size_t)height + 64))) return result;
  uint8_t *planes[4] = {c->rows, NULL, NULL, NULL};
  int strides[4] = {(int)stride, 0, 0, 0};
  result = sws_scale(
    c->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, planes, strides);
  if (result < 0) return result;
  for (int first = 0; first < height; first += BAND) {
    int count = height - first < BAND ? height - first : BAND;
    orient(c->rows + first * stride, stride, first, count, width, height, orientation, rgb);
  }
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
