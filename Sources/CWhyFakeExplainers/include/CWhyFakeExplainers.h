/// The C side of module Explainers: the loops of SLIC.
///
/// Functions are single-threaded; Swift splits the work and checks sizes. All give the same bits with every instruction
/// set: colours and their sums are whole numbers, and no multiplication is fused with an addition.
#ifndef CWHYFAKE_EXPLAINERS_H
#define CWHYFAKE_EXPLAINERS_H

#include <stdbool.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Colours are counted in parts of 1/128: CIELAB's unit, or a hundredth of a colour channel's range.
enum { WF_COLOR_UNIT = 128 };

// color.c

/// RGB bytes, interleaved, to CIELAB (sRGB, D65, 2° observer): three planes in units of 1/128.
void wf_lab_from_rgb(const uint8_t *rgb, intptr_t count, int16_t *l, int16_t *a, int16_t *b);
/// RGB bytes, interleaved, to three planes whose 255 is 100 · 128.
void wf_planes_from_rgb(const uint8_t *rgb, intptr_t count, int16_t *r, int16_t *g, int16_t *b);

// slic.c

/// A volume that is being cut, and its clusters.
typedef struct {
  intptr_t frames, height, width, clusters;
  const int16_t *_Nonnull colors[3];  // three planes of frames·height·width
  int32_t *labels;           // frames·height·width, each in 0..<clusters
  float *centres;            // for each cluster three colours, x, y, t
  float spaceWeight;         // what one squared pixel of distance counts, in squared units of colour
  float temporalSpacing;     // pixels for a step of one frame
  float reach[3];            // pixels farther from a centre than this in x, y, t are not asked
} wf_slic;

/// Numbers for each cluster in `sums`: three colours, x, y, t, pixels.
enum { WF_SLIC_SUMS = 7 };

/// Floats that `wf_slic_assign` needs as scratch.
intptr_t wf_slic_scratch(const wf_slic *slic);
/// Gives each pixel of frame `t` to the nearest centre within reach; where there is none it keeps its label.
void wf_slic_assign(const wf_slic *slic, intptr_t t, float *scratch);
/// Adds the pixels of frame `t` to the sums of their clusters.
void wf_slic_sum(const wf_slic *slic, intptr_t t, int64_t *sums);
/// Moves the centres to the means of their pixels; false where none moved. A cluster without pixels stays where it is.
bool wf_slic_move(wf_slic *slic, const int64_t *sums);

// connect.c

/// Makes every segment connected (6 neighbours) and returns how many there are, numbered in the order of their first
/// pixel: the smallest piece goes to the neighbour whose mean colour is nearest to its own (of equal ones that with the
/// longer border), again and again, until all have `least` pixels and there are no more than clusters.
intptr_t wf_slic_connect(const wf_slic *slic, intptr_t least);

#pragma clang assume_nonnull end

#endif
