// What every CPU of the architecture has: NEON on arm64, with 32 registers of 4 floats, tiles of 6×16 outputs; elsewhere
// vectors of 4 floats as the compiler makes them, tiles of 2×16.
#define WF_LANES 4
#define WF_MAX_PANELS 1
#if defined(__aarch64__)
#define WF_FUSED 1
#define WF_TILE_ROWS 6
#define WF_SET_NAME "neon"
#else
#define WF_FUSED 0
#define WF_TILE_ROWS 2
#define WF_SET_NAME "portable"
#endif
#include "vector.h"

#include "stages.h"
#include "training.h"
#include "training_backward.h"
#include "training_depthwise.h"
#include "optimizers.h"

const wf_kernels wf_baseline_kernels = {WF_SET_NAME, run_task, run_step, update};
