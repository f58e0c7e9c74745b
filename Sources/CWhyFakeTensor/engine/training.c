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
