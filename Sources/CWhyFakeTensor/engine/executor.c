#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "../kernels.h"

typedef struct {
  const wf_schedule *schedule;
  atomic_intptr_t *next;  // for each item, the next task
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

static void run_items(void *context, int thread, int threads) {
  run *r = context;
  const wf_schedule *s = r->schedule;
  float *scratch = s->scratch + thread * s->scratchSize;
  double start = thread == 0 && s->seconds ? now() : 0;
  for (intptr_t i = 0; i < s->count; i++) {
    intptr_t task, tasks = s->tasks(s->items, i);
    while ((task = atomic_fetch_add_explicit(&r->next[i], 1, memory_order_relaxed)) < tasks)
      s->run_task(s->context, s->items, i, scratch, task);
    if (!s->goes_on || !s->goes_on(s->items, i, s->count)) meet(r, threads);
    if (thread == 0 && s->seconds) {
      double end = now();
      s->seconds[i] += end - start;
      start = end;
    }
  }
}

void wf_execute(const wf_schedule *schedule, int threads) {
  run r = {.schedule = schedule, .next = calloc((size_t)schedule->count, sizeof *r.next)};
  if (!r.next) abort();
  wf_parallel(threads, run_items, &r);
  free(r.next);
}
