/// Steps of optimisers and moving averages: one pass over all tensors, whose results do not depend on the number of
/// threads.
#ifndef WHYFAKE_OPTIMIZERS_H
#define WHYFAKE_OPTIMIZERS_H

#include <stdbool.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef enum {
  /// mean ← β₁ · mean + (1 − β₁) · g, square ← β₂ · square + (1 − β₂) · g²,
  /// value ← value · keep − rate · mean / (√square · correction + ε).
  WF_ADAM,
  /// g ← g + decay · value, mean ← momentum · mean + g, value ← value − rate · (g + momentum · mean) with Nesterov's
  /// rule, else value − rate · mean.
  WF_SGD,
  /// value ← value + rate · (g − value).
  WF_AVERAGE,
} wf_update_kind;

/// What holds for all tensors.
typedef struct {
  wf_update_kind kind;
  float beta1, beta2, epsilon;
  float momentum;
  bool nesterov;
} wf_update_rule;

/// One tensor.
typedef struct {
  const float *before;                    // the value
  float *value;                           // the new one, in the same place or elsewhere
  const float *gradient;                  // or what is averaged
  float *_Nullable mean, *_Nullable square;  // moving averages of the gradient and of its square, as the rule needs
  intptr_t count;
  float rate, correction, keep, decay;
} wf_update;

void wf_run_updates(const wf_update *updates, intptr_t count, const wf_update_rule *rule, int threads);

#pragma clang assume_nonnull end

#endif
