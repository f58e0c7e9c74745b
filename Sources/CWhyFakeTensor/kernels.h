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
  void (*adam)(const wf_adam_tensor *tensor, intptr_t first, intptr_t last, float beta1, float beta2, float rate,
               float correction, float epsilon, float keep);
} wf_kernels;

/// The set in use.
const wf_kernels *wf_kernels_in_use(void);

/// Lets a waiting thread wait a moment longer; `looks` counts from 0.
void wf_pause(int *looks);

#endif
