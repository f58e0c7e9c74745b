// 16 registers of 8 floats: tiles of 6×16 outputs.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define WF_LANES 8
#define WF_FUSED 1
#define WF_MAX_PANELS 1
#define WF_TILE_ROWS 6
#include "vector.h"

#include "stages.h"
#include "training.h"
#include "training_backward.h"
#include "training_depthwise.h"
#include "optimizers.h"

const wf_kernels wf_avx2_kernels = {"avx2", run_task, run_step, update};
#pragma clang attribute pop
#endif
