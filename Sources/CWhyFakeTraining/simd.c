#include "simd.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/// The set in use plus one; 0 before it is chosen. Choosing twice gives the same.
static atomic_int chosen;

#if defined(__x86_64__)
static wf_training_set best(wf_training_set wish) {
  __builtin_cpu_init();
  if (wish == WF_TRAINING_PLAIN || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return WF_TRAINING_PLAIN;
  if (wish == WF_TRAINING_AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return WF_TRAINING_AVX512;
  return WF_TRAINING_AVX2;
}
#else
static wf_training_set best(wf_training_set wish) {
  (void)wish;
  return WF_TRAINING_PLAIN;
}
#endif

wf_training_set wf_training_use(wf_training_set set) {
  set = best(set);
  atomic_store_explicit(&chosen, (int)set + 1, memory_order_relaxed);
  return set;
}

wf_training_set wf_training_kernels(void) {
  int set = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (set) return (wf_training_set)(set - 1);
  const char *wish = getenv("WHYFAKE_KERNELS");
  if (!wish || !*wish || !strcmp(wish, "avx512")) return wf_training_use(WF_TRAINING_AVX512);
  return wf_training_use(!strcmp(wish, "avx2") ? WF_TRAINING_AVX2 : WF_TRAINING_PLAIN);
}
