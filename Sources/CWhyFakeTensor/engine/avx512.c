// 32 registers of 16 floats: tiles of 8×48 and 6×64 outputs.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
#define WF_LANES 16
#define WF_FUSED 1
#define WF_MAX_PANELS 4
#include "vector.h"

#include "stages.h"
#include "training.h"
#include "training_backward.h"
#include "training_depthwise.h"
#include "optimizers.h"

const wf_kernels wf_avx512_kernels = {"avx512", run_task, run_step, update};
#pragma clang attribute pop
#endif
