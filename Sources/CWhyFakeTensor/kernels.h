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
} wf_kernels;

/// Lets a waiting thread wait a moment longer; `looks` counts from 0.
void wf_pause(int *looks);

#endif
