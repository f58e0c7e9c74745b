#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels.h"

extern const wf_kernels wf_baseline_kernels;
#if defined(__x86_64__)
extern const wf_kernels wf_avx512_kernels, wf_avx2_kernels;
#endif

/// The kernel sets that this CPU has, best first; returns their number.
static int available(const wf_kernels **sets) {
  int count = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    sets[count++] = &wf_avx512_kernels;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets[count++] = &wf_avx2_kernels;
#endif
  sets[count++] = &wf_baseline_kernels;
  return count;
}

static const wf_kernels *named(const char *name) {
  const wf_kernels *sets[3];
  int count = available(sets);
  for (int i = 0; i < count; i++)
    if (strcmp(sets[i]->name, name) == 0) return sets[i];
  return NULL;
}

const wf_kernels *wf_kernels_in_use(void) {
  static _Atomic(const wf_kernels *) found = NULL;
  const wf_kernels *set = atomic_load_explicit(&found, memory_order_relaxed);
  if (set) return set;
  const char *wish = getenv("WHYFAKE_KERNELS");
  const wf_kernels *sets[3];
  if (wish) set = named(wish);
  if (!set) {
    available(sets);
    set = sets[0];
  }
  atomic_store_explicit(&found, set, memory_order_relaxed);
  return set;
}

const char *wf_kernel_set(void) { return wf_kernels_in_use()->name; }

bool wf_has_kernel_set(const char *name) { return named(name) != NULL; }

intptr_t wf_stage_scratch(const wf_stage *s) {
  switch (s->kind) {
    case WF_POINTWISE:
      if (s->gatesWeights) return s->blockPanels * WF_PANEL * s->channels;
      return s->parts || s->gate.base >= 0 ? s->blockRows * s->pitch : 0;
    case WF_DEPTHWISE:
      return (s->kernel + 1) * ((s->outWidth - 1) * s->stride + s->kernel) * s->blockPanels * WF_PANEL;
    default: return 0;
  }
}

typedef struct {
  float *const *bases;
  const wf_kernels *kernels;
} stage_context;

static intptr_t stage_tasks(const void *stages, intptr_t i) { return ((const wf_stage *)stages)[i].tasks; }

static void run_stage_task(const void *context, const void *stages, intptr_t i, float *scratch, intptr_t task) {
  const stage_context *c = context;
  c->kernels->run_task((const wf_stage *)stages + i, c->bases, scratch, task);
}

void wf_run_stages(const wf_stage *stages, intptr_t count, float *const *bases, float *scratch, intptr_t scratchSize,
                   int threads, double *seconds) {
  stage_context context = {bases, wf_kernels_in_use()};
  wf_schedule schedule = {.items = stages, .count = count, .tasks = stage_tasks, .run_task = run_stage_task,
                          .context = &context, .scratch = scratch, .scratchSize = scratchSize, .seconds = seconds};
  wf_execute(&schedule, threads);
}
