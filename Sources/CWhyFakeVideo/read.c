#include "internal.h"

#include <errno.h>
#include <libavutil/cpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct wf_video {
  FILE *file;
  AVIOContext *io;
  AVFormatContext *format;
  AVStream *stream;
  AVCodecContext *codec;
  AVPacket *packet;
  AVFrame *frame;
  wf_converter converter;
  int frames_in_order;
  int has_orientation, orientation;
};

/* ---- The file. We open it ourselves, so that neither a name (http:, %03d) nor a playlist opens anything else. */

static int read_bytes(void *file, uint8_t *buffer, int size) {
  size_t count = fread(buffer, 1, (size_t)size, file);
  if (count > 0) return (int)count;
  return ferror((FILE *)file) ? AVERROR(EIO) : AVERROR_EOF;
}

static int64_t seek_bytes(void *file, int64_t offset, int whence) {
  if (whence == AVSEEK_SIZE) {
    struct stat info;
    return fstat(fileno(file), &info) == 0 ? info.st_size : AVERROR(errno);
  }
  if (fseeko(file, offset, whence & ~AVSEEK_FORCE) != 0) return AVERROR(errno);
  return ftello(file);
}

static int refuse_open(AVFormatContext *s, AVIOContext **io, const char *url, int flags, AVDictionary **options) {
  (void)s, (void)io, (void)url, (void)flags, (void)options;
  return AVERROR(EACCES);
}

static int open_format(wf_video *v, const char *path) {
  struct stat info;
  if (stat(path, &info) != 0) return AVERROR(errno);
  if (S_ISDIR(info.st_mode)) return AVERROR(EISDIR);
  if (!S_ISREG(info.st_mode)) return AVERROR(ESPIPE);
  if (info.st_size == 0) return WF_EMPTY;
  v->file = fopen(path, "rb");
  if (!v->file) return AVERROR(errno);
  size_t size = 1 << 16;
  uint8_t *buffer = av_malloc(size);
  if (!buffer) return WF_NO_MEMORY;
  v->io = avio_alloc_context(buffer, (int)size, 0, v->file, read_bytes, NULL, seek_bytes);
  if (!v->io) {
    av_free(buffer);
    return WF_NO_MEMORY;
  }
  const AVInputFormat *kind = NULL;
  /* By content only: with a name, text called .mp4 would pass for one. */
  int result = av_probe_input_buffer2(v->io, (void *)&kind, "", NULL, 0, 0);
  if (result < 0 || !kind) return result == AVERROR(ENOMEM) ? WF_NO_MEMORY : WF_NOT_RECOGNISED;
  if ((kind->flags & AVFMT_NOFILE) || !strcmp(kind->name, "hls") || !strcmp(kind->name, "concat")
      || !strcmp(kind->name, "dash") || !strcmp(kind->name, "tty"))
    return WF_NOT_RECOGNISED;
  v->format = avformat_alloc_context();
  if (!v->format) return WF_NO_MEMORY;
  v->format->pb = v->io;
  v->format->io_open = refuse_open;
  return avformat_open_input(&v->format, "", (void *)kind, NULL); /* frees the context if it fails */
}

int wf_video_probe(const char *path) {
  wf_quiet();
  wf_video *v = calloc(1, sizeof *v);
  if (!v) return AVERROR(ENOMEM);
  int result = open_format(v, path);
  if (result == WF_NOT_RECOGNISED || result == WF_EMPTY) {
    result = 0;
  } else if (result == 0) {
    result = v->format->ctx_flags & AVFMTCTX_NOHEADER ? 1 : 2;
    for (unsigned i = 0; i < v->format->nb_streams; i++) {
      const AVStream *stream = v->format->streams[i];
      if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO
          && !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC))
        result = 1;
    }
  } else if (v->io) {
    result = 1;
  } else if (result > 0) {
    result = AVERROR(ENOMEM);
  }
  wf_video_close(v);
  return result;
}

/* ---- Opening */

static const int32_t *display_matrix(const AVStream *stream) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVPacketSideData *side = av_packet_side_data_get(
    stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return side && side->size >= 9 * sizeof(int32_t) ? (const int32_t *)side->data : NULL;
#else
  size_t size = 0;
  const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return data && size >= 9 * sizeof(int32_t) ? (const int32_t *)data : NULL;
#endif
}

static int packets_are_frames(const AVFormatContext *format, enum AVCodecID codec) {
  const char *name = format->iformat->name;
  if (!strstr(name, "mov,") && !strstr(name, "matroska")) return 0;
  switch (codec) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_AV1:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_MJPEG:
    case AV_CODEC_ID_PRORES:
      return 1;
    default:
      return 0;
  }
}

static int find_info(wf_video *v) {
  unsigned count = v->format->nb_streams;
  AVDictionary **options = calloc(count ? count : 1, sizeof *options);
  if (!options) return WF_NO_MEMORY;
  for (unsigned i = 0; i < count; i++) av_dict_set_int(&options[i], "max_pixels", WF_MAX_PIXELS, 0);
  int result = avformat_find_stream_info(v->format, options);
  for (unsigned i = 0; i < count; i++) av_dict_free(&options[i]);
  free(options);
  return result < 0 ? result : WF_OK;
}

static int open_video(wf_video *v, const char *path, int threads) {
  int result = open_format(v, path);
  if (result) return result;
  for (unsigned i = 0; i < v->format->nb_streams; i++) {
    const AVCodecParameters *p = v->format->streams[i]->codecpar;
    if (p->codec_type == AVMEDIA_TYPE_VIDEO && (result = wf_check_size(p->width, p->height))) return result;
  }
  if ((result = find_info(v))) return result;
  const AVCodec *decoder = NULL;
  int index = av_find_best_stream(v->format, AVMEDIA_TYPE_VIDEO, -1, -1, (void *)&decoder, 0);
  if (index == AVERROR_DECODER_NOT_FOUND) return WF_NO_DECODER;
  if (index < 0) return WF_NO_VIDEO;
  v->stream = v->format->streams[index];
  if (v->stream->disposition & AV_DISPOSITION_ATTACHED_PIC) return WF_NO_VIDEO;
  if (v->stream->codecpar->codec_id == AV_CODEC_ID_ANSI) return WF_NOT_RECOGNISED;
  result = wf_check_size(v->stream->codecpar->width, v->stream->codecpar->height);
  if (result) return result;
  for (unsigned i = 0; i < v->format->nb_streams; i++)
    if ((int)i != index) v->format->streams[i]->discard = AVDISCARD_ALL;

  v->codec = avcodec_alloc_context3(decoder);
  v->packet = av_packet_alloc();
  v->frame = av_frame_alloc();
  if (!v->codec || !v->packet || !v->frame) return WF_NO_MEMORY;
  if ((result = avcodec_parameters_to_context(v->codec, v->stream->codecpar)) < 0) return result;
  v->codec->pkt_timebase = v->stream->time_base;
  /* Asked to choose, libav takes one more than there are processors. */
  v->codec->thread_count = threads > 0 ? threads : FFMIN(av_cpu_count(), 16);
  v->codec->max_pixels = WF_MAX_PIXELS;
  if ((result = avcodec_open2(v->codec, decoder, NULL)) < 0) return result;
  v->frames_in_order = packets_are_frames(v->format, v->codec->codec_id);
  const int32_t *matrix = display_matrix(v->stream);
  if (matrix) {
    v->has_orientation = 1;
    v->orientation = wf_orientation(matrix);
  }
  return WF_OK;
}

int wf_video_open(const char *path, int threads, wf_video **out) {
  wf_quiet();
  *out = NULL;
  wf_video *v = calloc(1, sizeof *v);
  if (!v) return WF_NO_MEMORY;
  int result = open_video(v, path, threads);
  if (result == WF_OK) *out = v;
  else wf_video_close(v);
  return result;
}

void wf_video_close(wf_video *v) {
  if (!v) return;
  wf_converter_free(&v->converter);
  av_frame_free(&v->frame);
  av_packet_free(&v->packet);
  avcodec_free_context(&v->codec);
  avformat_close_input(&v->format);
  if (v->io) {
    av_freep(&v->io->buffer);
    avio_context_free(&v->io);
  }
  if (v->file) fclose(v->file);
  free(v);
}

void wf_video_describe(const wf_video *v, wf_stream *out) {
  memset(out, 0, sizeof *out);
  strncpy(out->container, v->format->iformat->name, sizeof out->container - 1);
  strncpy(out->codec, avcodec_get_name(v->codec->codec_id), sizeof out->codec - 1);
  strncpy(out->decoder, v->codec->codec->name, sizeof out->decoder - 1);
  const AVCodecParameters *p = v->stream->codecpar;
  out->width = p->width;
  out->height = p->height;
  out->time_base_num = v->stream->time_base.num;
  out->time_base_den = v->stream->time_base.den;
  AVRational rate = av_guess_frame_rate(v->format, v->stream, NULL);
  out->frame_rate = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
  out->index_entries = strstr(v->format->iformat->name, "mov,") ? avformat_index_get_entries_count(v->stream) : 0;
  out->has_orientation = (uint8_t)v->has_orientation;
  out->orientation = (uint8_t)v->orientation;
  out->may_be_interlaced = p->field_order != AV_FIELD_PROGRESSIVE && p->field_order != AV_FIELD_UNKNOWN;
  out->packets_are_frames = (uint8_t)v->frames_in_order;
}

/* ---- Packets and frames */

/* Whether an H.264 packet holds an IDR picture: only there does decoding start exactly (a recovery point may be
 * gradual). Other codecs' key packets are taken at their word. */
static int is_entry(const wf_video *v) {
  const AVPacket *packet = v->packet;
  if (!(packet->flags & AV_PKT_FLAG_KEY)) return 0;
  if (v->codec->codec_id != AV_CODEC_ID_H264) return 1;
  const uint8_t *data = packet->data, *end = data + packet->size;
  if (v->codec->extradata_size >= 7 && v->codec->extradata[0] == 1) {
    size_t bytes = (v->codec->extradata[4] & 3) + 1u;
    while ((size_t)(end - data) > bytes) {
      size_t length = 0;
      for (size_t i = 0; i < bytes; i++) length = length << 8 | *data++;
      if (length == 0 || length > (size_t)(end - data)) return 0;
      if ((data[0] & 31) == 5) return 1;
      if ((data[0] & 31) == 1) return 0;
      data += length;
    }
    return 0;
  }
  for (; end - data > 3; data++)
    if (data[0] == 0 && data[1] == 0 && data[2] == 1 && (data[3] & 31) == 5) return 1;
  return 0;
}

int wf_video_read(wf_video *v, wf_packet *out) {
  for (;;) {
    av_packet_unref(v->packet);
    int result = av_read_frame(v->format, v->packet);
    if (result == AVERROR_EOF) return WF_END;
    if (result < 0) return result;
    if (v->packet->stream_index == v->stream->index) break;
  }
  const AVPacket *packet = v->packet;
  out->pts = packet->pts == AV_NOPTS_VALUE ? WF_NO_TIME : packet->pts;
  out->dts = packet->dts == AV_NOPTS_VALUE ? WF_NO_TIME : packet->dts;
  out->duration = packet->duration;
  out->size = packet->size;
  out->is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
  out->is_discarded = (packet->flags & AV_PKT_FLAG_DISCARD) != 0;
  out->is_corrupt = (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
  out->is_entry = (uint8_t)is_entry(v);
  return WF_OK;
}

int wf_video_seek(wf_video *v, int64_t dts) {
  av_packet_unref(v->packet);
  avcodec_flush_buffers(v->codec);
  int result = av_seek_frame(v->format, v->stream->index, dts, AVSEEK_FLAG_BACKWARD);
  return result < 0 ? result : WF_OK;
}

int wf_video_send(wf_video *v, int skip_unreferenced) {
  /* In H.264 a picture with nal_ref_idc 0 is needed by no other. (HEVC's sub-layer non-reference pictures may be.) */
  int skip = skip_unreferenced && v->codec->codec_id == AV_CODEC_ID_H264;
  v->codec->skip_frame = skip ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
  int result = avcodec_send_packet(v->codec, v->packet);
  av_packet_unref(v->packet);
  return result < 0 ? result : WF_OK;
}

int wf_video_drain(wf_video *v) {
  int result = avcodec_send_packet(v->codec, NULL);
  return result < 0 && result != AVERROR_EOF ? result : WF_OK;
}

int wf_video_receive(wf_video *v, wf_frame *out) {
  int result = avcodec_receive_frame(v->codec, v->frame);
  if (result == AVERROR(EAGAIN)) return WF_AGAIN;
  if (result == AVERROR_EOF) return WF_END;
  if (result < 0) return result;
  wf_describe_frame(v->frame, out);
  return WF_OK;
}

int wf_video_convert(wf_video *v, int width, int height, int orientation, int matrix, int full, uint8_t *rgb) {
  return wf_convert(&v->converter, v->frame, width, height, orientation, matrix, full, rgb);
}
