/// Shared by the kernels. Not public.
#ifndef WHYFAKE_EXPLAINERS_KERNELS_H
#define WHYFAKE_EXPLAINERS_KERNELS_H

#include "CWhyFakeExplainers.h"

/// Compiles a function for AVX-512, AVX2 and the baseline; the loader picks. On arm64 NEON is the baseline.
#if defined(__x86_64__) && defined(__ELF__)
#define WF_MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WF_MULTIVERSION
#endif

// The same bits with every instruction set: no fused multiply-add.
#pragma STDC FP_CONTRACT OFF

/// Memory or the end of the process, as in Swift.
void *wf_explainers_allocate(intptr_t bytes);

#endif
