#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct wf_image {
  AVFrame *frame;
  wf_converter converter;
};

static int decode(const uint8_t *bytes, size_t count, int kind, AVFrame *frame) {
  const AVCodec *decoder = avcodec_find_decoder(kind == WF_PNG ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG);
  if (!decoder) return WF_NO_DECODER;
  if (count > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) return WF_TOO_LARGE;
  int result = WF_NO_MEMORY;
  AVCodecContext *codec = avcodec_alloc_context3(decoder);
  AVPacket *packet = av_packet_alloc();
  if (!codec || !packet || av_new_packet(packet, (int)count) < 0) goto end;
  memcpy(packet->data, bytes, count);
  codec->max_pixels = WF_MAX_PIXELS;
  codec->thread_count = 1;
  codec->err_recognition = AV_EF_CRCCHECK;
  if ((result = avcodec_open2(codec, decoder, NULL)) < 0) goto end;
  if ((result = avcodec_send_packet(codec, packet)) < 0) goto end;
  if ((result = avcodec_send_packet(codec, NULL)) < 0) goto end;
  result = avcodec_receive_frame(codec, frame);
end:
  av_packet_free(&packet);
  avcodec_free_context(&codec);
  return result;
}

int wf_image_open(const uint8_t *bytes, size_t count, int kind, wf_image **out) {
  wf_quiet();
  *out = NULL;
  wf_image *image = calloc(1, sizeof *image);
  if (!image || !(image->frame = av_frame_alloc())) {
    free(image);
    return WF_NO_MEMORY;
  }
  int result = decode(bytes, count, kind, image->frame);
  if (!result) result = wf_check_size(image->frame->width, image->frame->height);
  if (result) wf_image_close(image);
  else *out = image;
  return result;
}

void wf_image_close(wf_image *image) {
  if (!image) return;
  wf_converter_free(&image->converter);
  av_frame_free(&image->frame);
  free(image);
}

void wf_image_size(const wf_image *image, int32_t *width, int32_t *height) {
  *width = image->frame->width;
  *height = image->frame->height;
}

int wf_image_convert(wf_image *image, int orientation, uint8_t *rgb) {
  const AVFrame *frame = image->frame;
  return wf_convert(
    &image->converter, frame, frame->width, frame->height, orientation, AVCOL_SPC_SMPTE170M, 1, rgb);
}

/* The scaler's last chroma column of an odd width is not to be trusted, so it gets even sizes, padded. */
static int fill_yuv(AVFrame *frame, const uint8_t *rgb, int width, int height) {
  int even_width = (width + 1) & ~1, even_height = (height + 1) & ~1;
  int result = WF_NO_MEMORY;
  uint8_t *padded = wf_pad(NULL, rgb, width, height);
  struct SwsContext *scaler = sws_getContext(
    even_width, even_height, AV_PIX_FMT_RGB24, even_width, even_height, AV_PIX_FMT_YUVJ420P,
    SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
  if (padded && scaler) {
    const uint8_t *planes[4] = {padded, NULL, NULL, NULL};
    int strides[4] = {even_width * 3, 0, 0, 0};
    result = sws_scale(scaler, planes, strides, 0, even_height, frame->data, frame->linesize);
    if (result > 0) result = WF_OK;
  }
  sws_freeContext(scaler);
  av_free(padded);
  return result;
}

int wf_image_encode(
  const uint8_t *rgb, int width, int height, int kind, int quality, uint8_t **out, size_t *count) {
  wf_quiet();
  *out = NULL;
  *count = 0;
  const AVCodec *encoder = avcodec_find_encoder(kind == WF_PNG ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG);
  if (!encoder) return WF_NO_ENCODER;
  int result = WF_NO_MEMORY;
  AVCodecContext *codec = avcodec_alloc_context3(encoder);
  AVPacket *packet = av_packet_alloc();
  AVFrame *frame = av_frame_alloc();
  if (!codec || !packet || !frame) goto end;
  codec->width = frame->width = width;
  codec->height = frame->height = height;
  codec->time_base = (AVRational){1, 25};
  codec->thread_count = 1;
  codec->pix_fmt = frame->format = kind == WF_PNG ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_YUVJ420P;
  if (kind == WF_JPEG) {
    codec->color_range = frame->color_range = AVCOL_RANGE_JPEG;
    codec->flags |= AV_CODEC_FLAG_QSCALE;
    codec->global_quality = FF_QP2LAMBDA * (1 + (100 - quality) * 30 / 99);
    codec->qmin = 1;
    frame->quality = codec->global_quality;
  }
  if ((result = avcodec_open2(codec, encoder, NULL)) < 0) goto end;
  frame->width = (width + 1) & ~1;
  frame->height = (height + 1) & ~1;
  if ((result = av_frame_get_buffer(frame, 0)) < 0) goto end;
  frame->width = width;
  frame->height = height;
  if (kind == WF_PNG) {
    for (int y = 0; y < height; y++)
      memcpy(frame->data[0] + (ptrdiff_t)y * frame->linesize[0], rgb + (size_t)y * width * 3, (size_t)width * 3);
  } else if ((result = fill_yuv(frame, rgb, width, height))) {
    goto end;
  }
  if ((result = avcodec_send_frame(codec, frame)) < 0) goto end;
  if ((result = avcodec_send_frame(codec, NULL)) < 0) goto end;
  if ((result = avcodec_receive_packet(codec, packet)) < 0) goto end;
  *out = av_malloc((size_t)packet->size);
  if (!*out) {
    result = WF_NO_MEMORY;
    goto end;
  }
  memcpy(*out, packet->data, (size_t)packet->size);
  *count = (size_t)packet->size;
  result = WF_OK;
end:
  av_frame_free(&frame);
  av_packet_free(&packet);
  avcodec_free_context(&codec);
  return result;
}

void wf_bytes_free(uint8_t *bytes) { av_free(bytes); }
