#include "simd.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static wf_instructions chosen = WF_PLAIN;

#if defined(__x86_64__)
static void choose(void) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
  const char *wish = getenv("WHYFAKE_KERNELS");
  int is_avx2 = wish && !strcmp(wish, "avx2"), is_avx512 = wish && !strcmp(wish, "avx512");
  if (wish && *wish && !is_avx2 && !is_avx512) return;
  chosen = WF_AVX2;
  /* avx512vbmi permutes single bytes; it came with Ice Lake and Zen 4. */
  if (!is_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("avx512vbmi"))
    chosen = WF_AVX512;
}
#else
static void choose(void) {}
#endif

wf_instructions wf_instructions_to_use(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, choose);
  return chosen;
}
