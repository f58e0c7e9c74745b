#include <stdatomic.h>

#include "../kernels.h"

/// Values that a thread takes at once.
#define BLOCK 16384

typedef struct {
  const wf_update *updates;
  intptr_t count;
  const wf_update_rule *rule;
  const wf_kernels *kernels;
  atomic_intptr_t next;
} update_run;

static void run_updates(void *context, int thread, int threads) {
  (void)thread;
  (void)threads;
  update_run *r = context;
  intptr_t tensor = 0, before = 0, block;  // blocks of the tensors before `tensor`
  while (block = atomic_fetch_add_explicit(&r->next, 1, memory_order_relaxed), true) {
    for (; tensor < r->count; tensor++) {
      intptr_t blocks = (r->updates[tensor].count + BLOCK - 1) / BLOCK;
      if (block < before + blocks) break;
      before += blocks;
    }
    if (tensor == r->count) return;
    const wf_update *u = r->updates + tensor;
    intptr_t first = (block - before) * BLOCK, last = first + BLOCK < u->count ? first + BLOCK : u->count;
    r->kernels->update(u, r->rule, first, last);
  }
}

void wf_run_updates(const wf_update *updates, intptr_t count, const wf_update_rule *rule, int threads) {
  update_run r = {.updates = updates, .count = count, .rule = rule, .kernels = wf_kernels_in_use()};
  wf_parallel(threads, run_updates, &r);
}
