#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "../kernels.h"

static intptr_t larger(intptr_t a, intptr_t b) { return a > b ? a : b; }

intptr_t wf_step_scratch(const wf_step *s) {
  const wf_layer *l = s->layer;
  switch (s->kind) {
    case WF_FORWARD_POINTWISE:
      return ((l->images * l->height * l->width) / l->parts + 1) *
             ((s->source ? s->inputPitch : 0) + (s->streams ? l->pitch : 0));
    case WF_FORWARD_DEPTHWISE:
      return ((s->kernel + 1) * ((l->width - 1) * s->stride + s->kernel) + (s->streams ? 128 + l->width : 0)) *
             s->blockPanels * WF_PANEL;
    case WF_BACKWARD_POINTWISE: return s->blockRows * (l->pitch + 2 * s->blockPanels * WF_PANEL);
    case WF_BACKWARD_DEPTHWISE: {
      intptr_t columns = larger((l->width - 1) * s->stride + s->kernel, s->inputWidth + s->left);
      intptr_t gradients = s->inputWidth + s->left + s->kernel;
      intptr_t rows = s->kernel * (columns + gradients + s->inputWidth) + s->inputWidth + larger(columns, gradients);
      return rows * s->blockPanels * WF_PANEL;
    }
    case WF_BACKWARD_DENSE:
    case WF_BACKWARD_INPUT:
      return l->width * (l->pitch + (s->inputs * s->kernel * s->kernel + WF_PANEL - 1) / WF_PANEL * WF_PANEL);
    default: return 0;
  }
}

typedef struct {
  const wf_step *steps;
  intptr_t count;
  float *scratch;
  intptr_t scratchSize;
  double *seconds;
  const wf_kernels *kernels;
  atomic_intptr_t *next;  // for each step, the next task
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

static void run_steps(void *context, int thread, int threads) {
  run *r = context;
  float *scratch = r->scratch + thread * r->scratchSize;
  double start = thread == 0 && r->seconds ? now() : 0;
  for (intptr_t i = 0; i < r->count; i++) {
    const wf_step *step = r->steps + i;
    intptr_t task;
    while ((task = atomic_fetch_add_explicit(&r->next[i], 1, memory_order_relaxed)) < step->tasks)
      r->kernels->run_step(step, scratch, task);
    // Packing has nothing that its neighbours wait for.
    bool goesOn = step->kind == WF_PACK_WEIGHTS && i + 1 < r->count && step[1].kind == WF_PACK_WEIGHTS;
    if (!goesOn) meet(r, threads);
    if (thread == 0 && r->seconds) {
      double end = now();
      r->seconds[i] += end - start;
      start = end;
    }
  }
}

void wf_run_steps(const wf_step *steps, intptr_t count, float *scratch, intptr_t scratchSize, int threads,
                  double *seconds) {
  run r = {.steps = steps, .count = count, .scratch = scratch, .scratchSize = scratchSize, .seconds = seconds,
           .kernels = wf_kernels_in_use()};
  r.next = calloc((size_t)count, sizeof *r.next);
  if (!r.next) abort();
  wf_parallel(threads, run_steps, &r);
  free(r.next);
}

float *wf_allocate_pages(intptr_t count) {
  size_t large = (size_t)2 << 20, bytes = ((size_t)count * sizeof(float) + large - 1) & ~(large - 1);
  void *p;
  if (posix_memalign(&p, large, bytes) != 0) {
    fprintf(stderr, "out of memory: %zu bytes for a training step\n", bytes);
    abort();
  }
#ifdef MADV_HUGEPAGE
  madvise(p, bytes, MADV_HUGEPAGE);
#endif
  return p;
}

void wf_free_pages(float *pointer, intptr_t count) {
  (void)count;
  free(pointer);
}

/// Values that a thread takes at once.
#define ADAM_BLOCK 16384

typedef struct {
  const wf_adam_tensor *tensors;
  intptr_t count;
  float beta1, beta2, rate, correction, epsilon, keep;
  const wf_kernels *kernels;
  atomic_intptr_t next;
} adam_run;

static void run_adam(void *context, int thread, int threads) {
  (void)thread;
  (void)threads;
  adam_run *r = context;
  intptr_t tensor = 0, before = 0, block;  // blocks of the tensors before `tensor`
  while (block = atomic_fetch_add_explicit(&r->next, 1, memory_order_relaxed), true) {
    for (; tensor < r->count; tensor++) {
      intptr_t blocks = (r->tensors[tensor].count + ADAM_BLOCK - 1) / ADAM_BLOCK;
      if (block < before + blocks) break;
      before += blocks;
    }
    if (tensor == r->count) return;
    const wf_adam_tensor *t = r->tensors + tensor;
    intptr_t first = (block - before) * ADAM_BLOCK, last = first + ADAM_BLOCK < t->count ? first + ADAM_BLOCK : t->count;
    r->kernels->adam(t, first, last, r->beta1, r->beta2, r->rate, r->correction, r->epsilon, r->keep);
  }
}

void wf_adam(const wf_adam_tensor *tensors, intptr_t count, float beta1, float beta2, float rate, float correction,
             float epsilon, float keep, int threads) {
  adam_run r = {.tensors = tensors, .count = count, .beta1 = beta1, .beta2 = beta2, .rate = rate,
                .correction = correction, .epsilon = epsilon, .keep = keep, .kernels = wf_kernels_in_use()};
  wf_parallel(threads, run_adam, &r);
}
