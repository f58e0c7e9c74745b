/// The inference engine's kernels: stages of an execution plan, on pixels whose channels lie side by side.
///
/// A map is `[images][height][width][pitch]` floats, pitch the channels rounded up to a multiple of
/// ``WF_PANEL``; what rounding up adds holds zeros. Weights of products are packed in panels of ``WF_PANEL`` outputs,
/// `[panel][inputs][WF_PANEL]`, those of depthwise filters in `[panel][kernel · kernel][WF_PANEL]`, biases in
/// `[panel][WF_PANEL]`.
#ifndef WHYFAKE_ENGINE_H
#define WHYFAKE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

/// Channels that are computed side by side, for every kernel set.
#define WF_PANEL 16

#pragma clang assume_nonnull begin

typedef enum { WF_IDENTITY = 0, WF_RELU = 1, WF_SIGMOID = 2, WF_SILU = 3 } wf_activation_kind;

typedef enum {
  /// Planes `[images][channels][height][width]` to `[images][outHeight][outWidth][outPitch]`, with zeros around.
  WF_INTERLEAVE,
  /// A dense k×k convolution of interleaved pictures whose pitch is not rounded up.
  WF_PATCHES,
  /// A 1×1 convolution or a linear layer, of gated rows if there is a gate.
  WF_POINTWISE,
  /// A depthwise convolution, after a 1×1 one if there are weights for it.
  WF_DEPTHWISE,
  /// The largest of each window.
  WF_MAX_POOL,
  /// A map back to planes `[images][channels][height][width]`.
  WF_PLANES,
} wf_stage_kind;

/// Where a buffer begins: floats from one of the bases that a run is given; base −1 for none.
typedef struct {
  int32_t base;
  intptr_t offset;
} wf_place;

/// One stage: every thread takes tasks of it until none is left; the next one begins when all are done.
typedef struct {
  wf_stage_kind kind;
  wf_activation_kind activation;        // of what the stage puts out
  wf_activation_kind expandActivation;  // of the 1×1 convolution before a depthwise one
  intptr_t images;
  intptr_t height, width, channels, pitch;              // of the input
  intptr_t outHeight, outWidth, outChannels, outPitch;  // of the output
  intptr_t kernel, stride, top, left;
  intptr_t middle;  // channels between the two convolutions of WF_DEPTHWISE, a multiple of WF_PANEL
  wf_place input, output;
  wf_place residual;  // added before the activation; a map of the output's height and width
  intptr_t residualPitch;
  wf_place gate;      // `[images][pitch]`, multiplies the input of WF_POINTWISE
  bool gatesWeights;  // whether it multiplies the weights in place of the rows
  wf_place sums;      // WF_DEPTHWISE: `[images][outHeight][outPitch]` sums over columns, out;
                      // WF_POINTWISE: `[images][outPitch]` sums over pixels, out
  intptr_t chunk;     // WF_POINTWISE: the input's channels lie in chunks of so many, each a plane of its own, as
                      // WF_DEPTHWISE leaves them: `[images][pitch / chunk][height][width][chunk]`
  intptr_t parts;     // WF_POINTWISE: if not 0, row i of the input is the sum of so many rows of `pitch`, times `scale`
  float scale;
  const float *_Nullable weights, *_Nullable bias;                  // packed; of the 1×1 convolution
  const float *_Nullable depthwiseWeights, *_Nullable depthwiseBias;
  const float *_Nullable ahead;                                                   // weights of the stages that follow:
  intptr_t aheadFloats;                                                           // fetched from memory meanwhile
  // How the work is cut.
  intptr_t tasks;
  intptr_t blockRows;    // WF_POINTWISE: rows of a task; WF_INTERLEAVE, WF_PATCHES, WF_MAX_POOL: output rows
  intptr_t blockPanels;  // panels of a task; of a WF_DEPTHWISE's chunks, which they make up without rest
  bool cutsImages;       // WF_POINTWISE: whether rows are counted through all images; else a task is of one image
  intptr_t wholeChunks;  // WF_DEPTHWISE: chunks of panels whose plane is one task; the planes of others are cut
  intptr_t strips;       // into so many
} wf_stage;

/// Floats of scratch that one thread needs for a stage.
intptr_t wf_stage_scratch(const wf_stage *stage);

/// Runs `count` stages.
///
/// - bases: what places are counted from.
/// - scratch: `threads` times the largest `wf_stage_scratch`.
/// - seconds: `count` times, or NULL.
void wf_run_stages(const wf_stage *stages, intptr_t count, float *_Nonnull const *_Nonnull bases, float *scratch, intptr_t scratchSize,
                   int threads, double *_Nullable seconds);

/// The kernel set in use: `avx512`, `avx2`, `neon` or `portable`. The best that the CPU has, unless the environment
/// variable WHYFAKE_KERNELS names another one that it has.
const char *wf_kernel_set(void);

/// Whether the CPU has the kernel set of that name.
bool wf_has_kernel_set(const char *name);

/// Calls `body(context, thread, of)` on `of` ≤ `threads` threads at once, the caller's among them as thread 0. Inside such a
/// call, and where the pool is busy with another caller's work, `of` is 1.
void wf_parallel(int threads, void (*body)(void *_Nullable context, int thread, int of), void *_Nullable context);

#pragma clang assume_nonnull end

#endif
