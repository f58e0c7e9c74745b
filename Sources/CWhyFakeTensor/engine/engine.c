#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static const wf_kernels *chosen(void) {
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

const wf_kernels *wf_kernels_in_use(void) { return chosen(); }

const char *wf_kernel_set(void) { return chosen()->name; }

bool wf_has_kernel_set(const char *name) { return named(name) != NULL; }

intptr_t wf_stage_scratch(const wf_stage *s) {
  switch (s->kind) {
    case WF_POINTWISE: return s->parts || s->gate.base >= 0 ? s->blockRows * s->pitch : 0;
    case WF_DEPTHWISE:
      return (s->kernel + 1) * ((s->outWidth - 1) * s->stride + s->kernel) * s->blockPanels * WF_PANEL;
    default: return 0;
  }
}

typedef struct {
  const wf_stage *stages;
  intptr_t count;
  float *const *bases;
  float *scratch;
  intptr_t scratchSize;
  double *seconds;
  const wf_kernels *kernels;
  atomic_intptr_t *next;      // for each stage, the next task
  atomic_int waiting;
  atomic_uint phase;
} run;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/// Waits for all `threads` threads.
static void meet(run *r, int threads) {
  if (threads == 1) return;
  unsigned phase = atomic_load_explicit(&r->phase, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&r->waiting, 1, memory_order_acq_rel) == threads - 1) {
    atomic_store_explicit(&r->waiting, 0, memory_order_relaxed);
    atomic_store_explicit(&r->phase, phase + 1, memory_order_release);
  } else {
    int looks = 0;
    while (atomic_load_explicit(&r->phase, memory_order_acquire) == phase) wf_pause(&looks);
  }
}

static void run_stages(void *context, int thread, int threads) {
  run *r = context;
  float *scratch = r->scratch + thread * r->scratchSize;
  double start = thread == 0 && r->seconds ? now() : 0;
  for (intptr_t i = 0; i < r->count; i++) {
    const wf_stage *stage = r->stages + i;
    intptr_t task;
    while ((task = atomic_fetch_add_explicit(&r->next[i], 1, memory_order_relaxed)) < stage->tasks)
      r->kernels->run_task(stage, r->bases, scratch, task);
    meet(r, threads);
    if (thread == 0 && r->seconds) {
      double end = now();
      r->seconds[i] += end - start;
      start = end;
    }
  }
}

void wf_run_stages(const wf_stage *stages, intptr_t count, float *const *bases, float *scratch, intptr_t scratchSize,
                   int threads, double *seconds) {
  run r = {.stages = stages, .count = count, .bases = bases, .scratch = scratch, .scratchSize = scratchSize,
           .seconds = seconds, .kernels = chosen()};
  r.next = calloc((size_t)count, sizeof *r.next);
  if (!r.next) abort();
  wf_parallel(threads, run_stages, &r);
  free(r.next);
}
