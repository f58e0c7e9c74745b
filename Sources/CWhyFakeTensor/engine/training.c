#include <stdatomic.h>

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

static intptr_t step_tasks(const void *steps, intptr_t i) { return ((const wf_step *)steps)[i].tasks; }

static void run_step_task(const void *kernels, const void *steps, intptr_t i, float *scratch, intptr_t task) {
  ((const wf_kernels *)kernels)->run_step((const wf_step *)steps + i, scratch, task);
}

/// Packing has nothing that its neighbours wait for.
static bool goes_on(const void *steps, intptr_t i, intptr_t count) {
  const wf_step *s = (const wf_step *)steps + i;
  return i + 1 < count && s[0].kind == WF_PACK_WEIGHTS && s[1].kind == WF_PACK_WEIGHTS;
}

void wf_run_steps(const wf_step *steps, intptr_t count, float *scratch, intptr_t scratchSize, int threads,
                  double *seconds) {
  wf_schedule schedule = {.items = steps, .count = count, .tasks = step_tasks, .run_task = run_step_task,
                          .context = wf_kernels_in_use(), .goes_on = goes_on, .scratch = scratch,
                          .scratchSize = scratchSize, .seconds = seconds};
  wf_execute(&schedule, threads);
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
