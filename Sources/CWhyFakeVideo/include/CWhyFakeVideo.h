#ifndef CWHYFAKE_VIDEO_H
#define CWHYFAKE_VIDEO_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libswscale/swscale.h>

#endif
