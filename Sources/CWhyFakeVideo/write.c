#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* How long each frame is shown, until its packet comes out of the encoder. */
typedef struct {
  int64_t start, duration;
} wf_span;

struct wf_writer {
  AVFormatContext *format;
  AVStream *stream;
  AVCodecContext *codec;
  AVPacket *packet;
  AVFrame *frame;
  struct SwsContext *scaler;
  uint8_t *padded;
  int width, height, has_header, is_finished;
  wf_span *spans;
  size_t span_count, span_room;
};

static int open_encoder(wf_writer *w, const char *name, const char *preset, int quality, int threads) {
  const AVCodec *encoder = avcodec_find_encoder_by_name(name);
  if (!encoder || encoder->type != AVMEDIA_TYPE_VIDEO) return WF_NO_ENCODER;
  AVCodecContext *codec = avcodec_alloc_context3(encoder);
  if (!codec) return WF_NO_MEMORY;
  codec->width = w->frame->width;
  codec->height = w->frame->height;
  codec->pix_fmt = AV_PIX_FMT_YUV420P;
  codec->time_base = (AVRational){1, WF_TICKS};
  codec->color_primaries = AVCOL_PRI_BT709;
  codec->color_trc = AVCOL_TRC_BT709;
  codec->colorspace = AVCOL_SPC_BT709;
  codec->color_range = AVCOL_RANGE_MPEG;
  codec->chroma_sample_location = AVCHROMA_LOC_LEFT;
  codec->thread_count = threads;
  /* Without reordering, decoding times are presentation times: an mp4 then keeps each duration, also the last, and
   * needs no edit list. */
  codec->max_b_frames = 0;
  if (w->format->oformat->flags & AVFMT_GLOBALHEADER) codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (!strcmp(name, "libx264")) {
    av_opt_set(codec->priv_data, "preset", preset, 0);
    av_opt_set(codec->priv_data, "profile", "high", 0);
    av_opt_set_double(codec->priv_data, "crf", quality, 0);
  } else if (!strcmp(name, "mpeg4")) {
    codec->flags |= AV_CODEC_FLAG_QSCALE;
    codec->global_quality = FF_QP2LAMBDA * (quality < 18 ? 2 : 2 + (quality - 18) / 3);
  } else {
    int64_t rate = (int64_t)codec->width * codec->height * 6;
    codec->bit_rate = rate < 500000 ? 500000 : rate > 40000000 ? 40000000 : rate;
  }
  int result = avcodec_open2(codec, encoder, NULL);
  if (result < 0) {
    avcodec_free_context(&codec);
    return result;
  }
  w->codec = codec;
  return WF_OK;
}

static int open_writer(
  wf_writer *w, const char *path, int width, int height, const char *encoders, const char *preset, int quality,
  int threads, char *used, size_t used_size) {
  int result = wf_check_size((int64_t)width + 1, (int64_t)height + 1);
  if (result) return result;
  w->width = width;
  w->height = height;
  if (!(w->frame = av_frame_alloc()) || !(w->packet = av_packet_alloc())) return WF_NO_MEMORY;
  w->frame->width = (width + 1) & ~1;
  w->frame->height = (height + 1) & ~1;
  w->frame->format = AV_PIX_FMT_YUV420P;
  w->frame->colorspace = AVCOL_SPC_BT709;
  w->frame->color_range = AVCOL_RANGE_MPEG;
  if ((result = avformat_alloc_output_context2(&w->format, NULL, "mp4", path)) < 0) return result;

  result = WF_NO_ENCODER;
  while (*encoders && result) {
    size_t length = strcspn(encoders, ",");
    char name[64] = "";
    if (length < sizeof name) {
      memcpy(name, encoders, length);
      result = open_encoder(w, name, preset, quality, threads);
      if (result == WF_OK) {
        strncpy(used, name, used_size - 1);
        used[used_size - 1] = 0;
      }
    }
    encoders += length + (encoders[length] == ',');
  }
  if (result) return WF_NO_ENCODER;

  w->scaler = sws_getContext(
    w->frame->width, w->frame->height, AV_PIX_FMT_RGB24, w->frame->width, w->frame->height, AV_PIX_FMT_YUV420P,
    SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
  if (!w->scaler) return WF_UNSUPPORTED;
  sws_setColorspaceDetails(
    w->scaler, sws_getCoefficients(SWS_CS_DEFAULT), 1, sws_getCoefficients(SWS_CS_ITU709), 0, 0, 1 << 16, 1 << 16);
  w->padded = wf_padded(width, height);
  if (!w->padded) return WF_NO_MEMORY;

  w->stream = avformat_new_stream(w->format, NULL);
  if (!w->stream) return WF_NO_MEMORY;
  w->stream->time_base = w->codec->time_base;
  if ((result = avcodec_parameters_from_context(w->stream->codecpar, w->codec)) < 0) return result;
  if ((result = avio_open(&w->format->pb, path, AVIO_FLAG_WRITE)) < 0) return result;
  AVDictionary *options = NULL;
  av_dict_set(&options, "movflags", "+faststart", 0);
  av_dict_set_int(&options, "video_track_timescale", WF_TICKS, 0);
  result = avformat_write_header(w->format, &options);
  av_dict_free(&options);
  if (result < 0) return result;
  w->has_header = 1;
  return WF_OK;
}

int wf_writer_open(
  const char *path, int width, int height, const char *encoders, const char *preset, int quality, int threads,
  char *used, size_t used_size, wf_writer **out) {
  wf_quiet();
  *out = NULL;
  /* A name with a colon must not choose a protocol. */
  size_t size = strlen(path) + sizeof "file:";
  char *url = malloc(size);
  wf_writer *w = calloc(1, sizeof *w);
  int result = WF_NO_MEMORY;
  if (url && w) {
    memcpy(url, "file:", 5);
    memcpy(url + 5, path, size - 5);
    result = open_writer(w, url, width, height, encoders, preset, quality, threads, used, used_size);
  }
  free(url);
  if (result == WF_OK) *out = w;
  else wf_writer_close(w);
  return result;
}

static int64_t take_duration(wf_writer *w, int64_t start) {
  for (size_t i = 0; i < w->span_count; i++) {
    if (w->spans[i].start != start) continue;
    int64_t duration = w->spans[i].duration;
    w->spans[i] = w->spans[--w->span_count];
    return duration;
  }
  return 0;
}

static int write_packets(wf_writer *w) {
  for (;;) {
    int result = avcodec_receive_packet(w->codec, w->packet);
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return WF_OK;
    if (result < 0) return result;
    w->packet->stream_index = w->stream->index;
    w->packet->duration = take_duration(w, w->packet->pts);
    av_packet_rescale_ts(w->packet, w->codec->time_base, w->stream->time_base);
    result = av_interleaved_write_frame(w->format, w->packet);
    if (result < 0) return result;
    if (w->format->pb->error < 0) return w->format->pb->error;
  }
}

int wf_writer_append(wf_writer *w, const uint8_t *rgb, int64_t start, int64_t duration) {
  if (w->span_count == w->span_room) {
    size_t room = w->span_room ? 2 * w->span_room : 64;
    wf_span *spans = realloc(w->spans, room * sizeof *spans);
    if (!spans) return WF_NO_MEMORY;
    w->spans = spans;
    w->span_room = room;
  }
  w->spans[w->span_count++] = (wf_span){start, duration};

  wf_pad(w->padded, rgb, w->width, w->height);
  int result;
  if (!w->frame->buf[0]) result = av_frame_get_buffer(w->frame, 0);
  else result = av_frame_make_writable(w->frame);
  if (result < 0) return result;
  const uint8_t *planes[4] = {w->padded, NULL, NULL, NULL};
  int strides[4] = {w->frame->width * 3, 0, 0, 0};
  result = sws_scale(w->scaler, planes, strides, 0, w->frame->height, w->frame->data, w->frame->linesize);
  if (result < 0) return result;
  w->frame->pts = start;
  w->frame->pict_type = AV_PICTURE_TYPE_NONE;
  w->frame->quality = w->codec->global_quality;
  if ((result = avcodec_send_frame(w->codec, w->frame)) < 0) return result;
  return write_packets(w);
}

int wf_writer_finish(wf_writer *w) {
  int result = avcodec_send_frame(w->codec, NULL);
  if (result < 0) return result;
  if ((result = write_packets(w))) return result;
  w->is_finished = 1;
  if ((result = av_write_trailer(w->format)) < 0) return result;
  if (w->format->pb->error < 0) return w->format->pb->error;
  result = avio_closep(&w->format->pb);
  return result < 0 ? result : WF_OK;
}

void wf_writer_close(wf_writer *w) {
  if (!w) return;
  if (w->format) {
    if (w->format->pb) avio_closep(&w->format->pb);
    avformat_free_context(w->format);
  }
  avcodec_free_context(&w->codec);
  av_packet_free(&w->packet);
  av_frame_free(&w->frame);
  sws_freeContext(w->scaler);
  av_free(w->padded);
  free(w->spans);
  free(w);
}
