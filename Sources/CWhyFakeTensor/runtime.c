#include "CWhyFakeTensor.h"

#include <stdatomic.h>
#include <unistd.h>

static _Atomic intptr_t chosen_threads = 0;
static _Thread_local bool is_worker = false;

intptr_t wf_threads(void) {
  intptr_t threads = atomic_load_explicit(&chosen_threads, memory_order_relaxed);
  if (threads > 0) return threads;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? cores : 1;
}

void wf_set_threads(intptr_t threads) {
  atomic_store_explicit(&chosen_threads, threads, memory_order_relaxed);
}

bool wf_is_worker(void) { return is_worker; }

void wf_set_worker(bool worker) { is_worker = worker; }
