/// Shared by the kernels. Not public.
#ifndef WHYFAKE_KERNELS_H
#define WHYFAKE_KERNELS_H

#include "CWhyFakeTensor.h"

/// Compiles a function for AVX-512, AVX2 + FMA and the baseline; the loader picks. On arm64 NEON is the baseline.
#if defined(__x86_64__) && defined(__ELF__)
#define WF_MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WF_MULTIVERSION
#endif

#define WF_INLINE static inline __attribute__((always_inline))

/// The engine's stages for one instruction set (`engine/`).
typedef struct {
  const char *name;
  void (*run_task)(const wf_stage *stage, float *const *bases, float *scratch, intptr_t task);
  void (*run_step)(const wf_step *step, float *scratch, intptr_t task);
  void (*update)(const wf_update *tensor, const wf_update_rule *rule, intptr_t first, intptr_t last);
} wf_kernels;

/// The set in use.
const wf_kernels *wf_kernels_in_use(void);

/// A row of items, each of many tasks: every thread takes tasks of an item until none is left, and the next item begins
/// when all are done.
typedef struct {
  const void *items;
  intptr_t count;
  intptr_t (*tasks)(const void *items, intptr_t i);
  void (*run_task)(const void *context, const void *items, intptr_t i, float *scratch, intptr_t task);
  const void *context;
  bool (*goes_on)(const void *items, intptr_t i, intptr_t count);  // NULL, or whether nobody waits for item `i`
  float *scratch;                                                  // `scratchSize` floats for each thread
  intptr_t scratchSize;
  double *seconds;  // NULL, or for each item the time that it took is added
} wf_schedule;

void wf_execute(const wf_schedule *schedule, int threads);

/// Lets a waiting thread wait a moment longer; `looks` counts from 0.
void wf_pause(int *looks);

#endif
