/// The training passes: steps forwards and backwards through a network, on maps as the engine has them
/// (`Documentation/Training.md`).
///
/// Every convolution leaves its map as it is before batch normalisation, and nothing else: what is normalised and
/// activated is computed where it is read. With fixed statistics the normalisation is part of weights and bias: the map
/// is then what it gives. Frozen statistics are known ones that stand beside the weights, whose gradients are wanted.
#ifndef WHYFAKE_TRAINING_H
#define WHYFAKE_TRAINING_H

#include <stdbool.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A convolution's map with its batch normalisation. Vectors are `[pitch]` unless it says otherwise.
typedef struct {
  intptr_t images, height, width, channels, pitch;
  bool activated;  // SiLU behind the normalisation, or nothing
  float epsilon;
  float *_Nullable map;                            // `[images · height · width][pitch]`, before normalisation
  const float *_Nullable bias;                     // with fixed statistics, else NULL
  const float *_Nullable gamma, *_Nullable beta;   // `[channels]`
  const float *_Nullable frozenMean, *_Nullable frozenVariance;  // `[channels]`, in place of the batch's; else NULL
  float *_Nullable mean, *_Nullable inverse;       // in use; inverse is 1/√(σ² + ε)
  float *_Nullable factor, *_Nullable shift;       // normalised = map · factor + shift
  float *_Nullable batchMean, *_Nullable batchVariance;  // `[channels]`, handed out
  /// `[parts][2][pitch]`: mean and Σ(y − mean)² of each part of the pixels; NULL where statistics are known.
  float *_Nullable partials;
  intptr_t parts;
  /// With z the gradient of what is normalised, that of the map is a · z + b · y + c.
  float *_Nullable a, *_Nullable b, *_Nullable c;
  /// `[sumParts][2][pitch]`: Σ z and Σ z · (y − mean).
  float *_Nullable sums;
  intptr_t sumParts;
  float *_Nullable gammaGradient, *_Nullable betaGradient;  // `[channels]`
  /// `[images]`, what the map is multiplied with after normalisation; NULL for 1.
  const float *_Nullable imageFactors;
} wf_layer;

/// Squeeze and excitation of a layer: pooled → reduce → SiLU → expand → sigmoid. Vectors are per image.
typedef struct {
  intptr_t squeezed, squeezedPitch;
  const float *reduceWeights, *reduceBias, *expandWeights, *expandBias;  // `[squeezed][channels]`, `[channels][squeezed]`
  float *pooled, *gates;             // `[images][pitch]`
  float *before, *after;             // `[images][squeezedPitch]`, around the SiLU
  float *sums;                       // `[images][5][pitch]`: Σ u·a, Σ u·s, Σ s, Σ u·s·(y − mean), Σ s·(y − mean), where
                                     // u is the gradient of what is gated, a the activated map, s the activation's slope
  float *pooledGradient;             // `[images][pitch]`, of each pixel
  float *gateGradient;               // `[images][pitch]`, before the sigmoid
  float *beforeGradient;             // `[images][squeezedPitch]`
  float *_Nullable reduceWeightsGradient, *_Nullable reduceBiasGradient, *_Nullable expandWeightsGradient,
      *_Nullable expandBiasGradient;
} wf_gate;

typedef enum {
  /// Packs weights for products and filters, forwards and backwards.
  WF_PACK_WEIGHTS,
  /// Pictures to pixels whose channels lie side by side, with zeros around.
  WF_INTERLEAVE_INPUT,
  /// Planes `input` `[images][inputs][inputHeight · inputWidth]` to a map `output` of `inputPitch`, a panel of an image a
  /// task; if there is a `target`, the map is the gradient of what that layer gives, and its sums are taken.
  WF_INTERLEAVE_MAP,
  /// The way back: a map `input` to planes.
  WF_SEPARATE_MAP,
  // Forwards: the map of `layer`, and the statistics of its parts.
  WF_FORWARD_DENSE,
  WF_FORWARD_POINTWISE,
  WF_FORWARD_DEPTHWISE,
  /// Joins the statistics of the parts, or takes the frozen ones.
  WF_JOIN_STATISTICS,
  /// The mean over the plane of `layer`, to `output`.
  WF_FORWARD_POOL,
  WF_FORWARD_GATE,
  /// What `layer` gives, normalised, plus `residual`, to `output`.
  WF_FORWARD_OUTPUT,
  // Backwards.
  /// Sums of `layer`, of which only the mean over the plane was used; its gradient is `gradient` `[images][pitch]`.
  WF_BACKWARD_POOL,
  /// The sums of the parts of `layer` to a, b, c and the gradients of γ and β.
  WF_JOIN_SUMS,
  WF_BACKWARD_POINTWISE,
  WF_BACKWARD_GATE,
  /// The gradients of the gate's weights, and what WF_JOIN_SUMS does.
  WF_BACKWARD_GATE_WEIGHTS,
  WF_BACKWARD_DEPTHWISE,
  WF_BACKWARD_DENSE,
  /// The gradient of the pictures.
  WF_BACKWARD_INPUT,
  /// Adds up the parts of a filter's gradient.
  WF_JOIN_FILTER,
} wf_step_kind;

/// One step: every thread takes tasks of it until none is left.
typedef struct {
  wf_step_kind kind;
  intptr_t tasks;
  wf_layer *_Nullable layer;  // whose map is made, or whose gradient goes backwards
  wf_layer *_Nullable source;  // what it reads, normalised and activated; NULL where it reads `input` as it is
  wf_gate *_Nullable gate;    // of the source
  const float *_Nullable input;      // a finished map, or pictures
  intptr_t inputHeight, inputWidth, inputChannels, inputPitch;
  float *_Nullable output;
  const float *_Nullable residual;   // added to the output, of its shape
  const float *_Nullable gradient;   // z of the layer; for a pooled one `[images][pitch]`
  bool isPooled;                     // whether it is
  wf_layer *_Nullable target;        // whose sums are taken of the gradient that is put out; NULL with fixed statistics
  const float *_Nullable weights;    // `[out][in / groups][kernel][kernel]`
  float *_Nullable packed, *_Nullable packedBackward;
  intptr_t outputs, inputs, kernel, stride, top, left;  // of the filter
  bool isDepthwise;
  const float *_Nullable zeros;      // as many as the largest pitch
  float *_Nullable filterSums;       // parts of the filter's gradient, NULL if nobody wants it
  float *_Nullable filterGradient;
  intptr_t parts, blockRows, blockPanels;  // how the work is cut
  bool streams;                      // whether the map that is put out is too large for the caches
} wf_step;

/// Floats of scratch that one thread needs for a step.
intptr_t wf_step_scratch(const wf_step *step);

/// Runs `count` steps, each on up to `threads` threads.
///
/// - scratch: `threads` times `scratchSize`.
/// - seconds: `count` times that are added to, or NULL.
void wf_run_steps(const wf_step *steps, intptr_t count, float *scratch, intptr_t scratchSize, int threads,
                  double *_Nullable seconds);

#pragma clang assume_nonnull end

#endif
