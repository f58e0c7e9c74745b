#include "CMachine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

// 24 accumulators: more than latency times throughput on every CPU so far, and they fit the registers that AVX-512 and
// NEON have. AVX2 has 16 registers, of which 12 accumulate.
#define MULTIPLY_ADD(name, attribute, vector, accumulators)                                                  \
  attribute static double name(long rounds, float *sink) {                                                    \
    vector sums[accumulators], x = (vector){0} + 0.9999f, y = (vector){0} + 1e-7f;                            \
    for (int i = 0; i < accumulators; i++) sums[i] = (vector){0} + (float)i;                                  \
    for (long round = 0; round < rounds; round++) {                                                           \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < accumulators; i++) sums[i] = sums[i] * x + y;    \
    }                                                                                                         \
    vector sum = sums[0];                                                                                     \
    for (int i = 1; i < accumulators; i++) sum += sums[i];                                                    \
    for (unsigned i = 0; i < sizeof(vector) / sizeof(float); i++) *sink += sum[i];                            \
    return 2.0 * accumulators * (sizeof(vector) / sizeof(float));                                             \
  }

typedef float vector4 __attribute__((vector_size(16)));
#pragma STDC FP_CONTRACT ON

#if defined(__x86_64__)
typedef float vector8 __attribute__((vector_size(32)));
typedef float vector16 __attribute__((vector_size(64)));
MULTIPLY_ADD(multiply_add_avx512, __attribute__((target("avx512f"))), vector16, 24)
MULTIPLY_ADD(multiply_add_avx2, __attribute__((target("avx2,fma"))), vector8, 12)
MULTIPLY_ADD(multiply_add_portable, , vector4, 12)

static int has_avx512(void) { return __builtin_cpu_supports("avx512f"); }
static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

const char *cm_instructions(void) { return has_avx512() ? "AVX-512" : has_avx2() ? "AVX2" : "portable"; }

double cm_multiply_add(long rounds, float *sink) {
  if (has_avx512()) return multiply_add_avx512(rounds, sink);
  if (has_avx2()) return multiply_add_avx2(rounds, sink);
  return multiply_add_portable(rounds, sink);
}
#else
MULTIPLY_ADD(multiply_add_base, , vector4, 24)

const char *cm_instructions(void) {
#if defined(__aarch64__)
  return "NEON";
#else
  return "portable";
#endif
}

double cm_multiply_add(long rounds, float *sink) { return multiply_add_base(rounds, sink); }
#endif

#if defined(__x86_64__)
#define WIDE __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define WIDE
#endif

// Not inlined: the rounds of a caller must not become one.
static void WIDE triad(float *restrict a, const float *restrict b, const float *restrict c, size_t count) {
  for (size_t i = 0; i < count; i++) a[i] = b[i] + 3.0f * c[i];
}

void cm_triad(float *a, const float *b, const float *c, size_t count, long rounds) {
  for (long round = 0; round < rounds; round++) {
    triad(a, b, c, count);
    __asm__ volatile("" : : "r"(a) : "memory");
  }
}

#define HANDOVERS 100000

static void *answer(void *argument) {
  atomic_int *line = argument;
  for (int i = 0; i < HANDOVERS; i++) {
    while (atomic_load_explicit(line, memory_order_acquire) != 2 * i + 1) {}
    atomic_store_explicit(line, 2 * i + 2, memory_order_release);
  }
  return NULL;
}

double cm_handover(void) {
  static _Alignas(128) atomic_int line[32];  // the only one on its cache lines
  pthread_t thread;
  atomic_store(line, 0);
  if (pthread_create(&thread, NULL, answer, line) != 0) return -1;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int i = 0; i < HANDOVERS; i++) {
    atomic_store_explicit(line, 2 * i + 1, memory_order_release);
    while (atomic_load_explicit(line, memory_order_acquire) != 2 * i + 2) {}
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  pthread_join(thread, NULL);
  return ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / (2.0 * HANDOVERS);
}
