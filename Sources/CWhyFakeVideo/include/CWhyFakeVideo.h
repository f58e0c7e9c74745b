/* The door to libav: the only target that sees its headers. Plain types, opaque handles, no text output.
 *
 * Functions that can fail return WF_OK (0), one of the positive codes below, or a negative AVERROR;
 * wf_explain turns the latter into words. Pixels are RGB, 8 bits a channel, rows without gaps.
 *
 * libav's log level belongs to the whole process. On first use it is set to quiet if, and only if, it still has
 * libav's own default: a host program that has chosen a level keeps it. */
#ifndef CWHYFAKE_VIDEO_H
#define CWHYFAKE_VIDEO_H

#include <stddef.h>
#include <stdint.h>

#include "resample.h"

enum {
  WF_OK = 0,
  WF_END = 1,              /* nothing more to come */
  WF_AGAIN = 2,            /* the decoder wants another packet first */
  WF_NOT_RECOGNISED = 3,   /* the content is no container that libav knows */
  WF_NO_VIDEO = 4,         /* there is no video stream (a cover picture is none) */
  WF_NO_DECODER = 5,       /* this libav has no decoder for the codec */
  WF_TOO_LARGE = 6,        /* more than WF_MAX_SIDE a side or WF_MAX_PIXELS */
  WF_UNSUPPORTED = 7,      /* a colour matrix or pixel format that is not handled */
  WF_NO_ENCODER = 8,       /* none of the encoders is there */
  WF_EMPTY = 9,            /* the file has no bytes */
  WF_NO_MEMORY = 10
};

#define WF_MAX_SIDE 32768
#define WF_MAX_PIXELS (1 << 28)
static const int64_t WF_NO_TIME = INT64_MIN;

/* How stored rows and columns become upright ones: bit 0 exchanges x and y, then bit 1 mirrors x, bit 2 mirrors y. */
enum { WF_TRANSPOSE = 1, WF_FLIP_X = 2, WF_FLIP_Y = 4 };

/* The words of a negative result, into text (with its final zero). */
void wf_explain(int result, char *_Nonnull text, size_t size);

/* The version of the libav that is linked, as its makers name it. */
const char *_Nonnull wf_libav_version(void);

/* ---- Reading videos ---- */

typedef struct wf_video wf_video;

typedef struct {
  char container[64], codec[64], decoder[64];
  int32_t width, height;             /* as the container says, not yet upright */
  int32_t time_base_num, time_base_den;
  double frame_rate;                 /* average or guessed frames a second, 0 if unknown */
  int64_t index_entries;             /* packets that the container's index declares, 0 if it has none */
  uint8_t has_orientation;           /* the stream has a display matrix */
  uint8_t orientation;
  uint8_t may_be_interlaced;
  uint8_t packets_are_frames;        /* container and codec where each shown packet is one frame */
} wf_stream;

typedef struct {
  int64_t pts, dts, duration;        /* in the time base; WF_NO_TIME where missing */
  int32_t size;
  uint8_t is_key;
  uint8_t is_discarded;              /* decoded but not shown (edit lists) */
  uint8_t is_corrupt;
  uint8_t is_entry;                  /* decoding may start here, exactly */
} wf_packet;

typedef struct {
  int64_t pts, best_pts, duration;   /* WF_NO_TIME where missing; duration 0 */
  int32_t width, height;
  int32_t matrix;                    /* H.273 MatrixCoefficients, 2 if untagged */
  int32_t range;                     /* 0 untagged, 1 limited, 2 full */
  uint8_t is_rgb, is_gray, is_full_by_format;
  uint8_t has_orientation, orientation;
  char format[32];
} wf_frame;

/* Opens a file; threads 0 means as many as there are processors, 16 at most. */
int wf_video_open(const char *_Nonnull path, int threads, wf_video *_Nullable *_Nonnull out);
void wf_video_close(wf_video *_Nullable video);
void wf_video_describe(const wf_video *_Nonnull video, wf_stream *_Nonnull out);
/* The next packet of the video stream; it stays inside until wf_video_send. WF_END at the end. */
int wf_video_read(wf_video *_Nonnull video, wf_packet *_Nonnull out);
/* To a key packet at or before dts, and an empty decoder. The caller checks where it landed by what is read. */
int wf_video_seek(wf_video *_Nonnull video, int64_t dts);
/* The held packet to the decoder. With skip_unreferenced a picture that no other needs may be left undecoded. */
int wf_video_send(wf_video *_Nonnull video, int skip_unreferenced);
/* Tells the decoder that no packet follows. */
int wf_video_drain(wf_video *_Nonnull video);
/* The next frame in output order; held until the next call. WF_AGAIN, WF_END. */
int wf_video_receive(wf_video *_Nonnull video, wf_frame *_Nonnull out);
/* The held frame as width × height RGB (scaled if it has another size), then oriented, into rgb. Matrix is that of
 * H.273, full whether luma uses 0–255. */
int wf_video_convert(
  wf_video *_Nonnull video, int width, int height, int orientation, int matrix, int full, uint8_t *_Nonnull rgb);

/* What the bytes of a file look like: 0 nothing known, 1 a container with a video stream (or one that cannot be
 * opened to see), 2 a container without. Negative if the file cannot be read. */
int wf_video_probe(const char *_Nonnull path);

/* ---- Images ---- */

typedef struct wf_image wf_image;
enum { WF_PNG = 1, WF_JPEG = 2 };

int wf_image_open(const uint8_t *_Nonnull bytes, size_t count, int kind, wf_image *_Nullable *_Nonnull out);
void wf_image_close(wf_image *_Nullable image);
void wf_image_size(const wf_image *_Nonnull image, int32_t *_Nonnull width, int32_t *_Nonnull height);
int wf_image_convert(wf_image *_Nonnull image, int orientation, uint8_t *_Nonnull rgb);
/* Encodes; quality 1 … 100 is for JPEG. *out is freed by wf_bytes_free. */
int wf_image_encode(
  const uint8_t *_Nonnull rgb, int width, int height, int kind, int quality,
  uint8_t *_Nullable *_Nonnull out, size_t *_Nonnull count);
void wf_bytes_free(uint8_t *_Nullable bytes);

/* ---- Writing videos ---- */

typedef struct wf_writer wf_writer;

/* An mp4 with one video stream of width × height (padded to even sizes), ticks of 1/WF_TICKS s. The first of the
 * encoders (names with commas between) that opens is used; its name goes to used. quality is x264's CRF. */
#define WF_TICKS 60000
int wf_writer_open(
  const char *_Nonnull path, int width, int height, const char *_Nonnull encoders, const char *_Nonnull preset,
  int quality, int threads, char *_Nonnull used, size_t used_size, wf_writer *_Nullable *_Nonnull out);
/* One frame that is shown from start for duration ticks. */
int wf_writer_append(wf_writer *_Nonnull writer, const uint8_t *_Nonnull rgb, int64_t start, int64_t duration);
/* Writes what is left and closes the file. */
int wf_writer_finish(wf_writer *_Nonnull writer);
void wf_writer_close(wf_writer *_Nullable writer);

#endif
