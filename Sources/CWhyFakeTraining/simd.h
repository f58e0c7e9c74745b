#ifndef WF_TRAINING_SIMD_H
#define WF_TRAINING_SIMD_H

#include "CWhyFakeTraining.h"

#define WF_INLINE static inline __attribute__((always_inline))

/// Each loop `NAME_body` is compiled for AVX-512, AVX2 and the baseline on x86, and chosen at run time; on arm64 NEON is
/// the baseline.
#if defined(__x86_64__)
#define VERSIONS(name, parameters, ...)                                                                           \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))) static void name##_avx512 parameters {   \
    name##_body(__VA_ARGS__);                                                                                     \
  }                                                                                                               \
  __attribute__((target("avx2,fma"))) static void name##_avx2 parameters { name##_body(__VA_ARGS__); }            \
  static void name##_plain parameters { name##_body(__VA_ARGS__); }
#define CALL(name, ...)                                      \
  switch (wf_training_kernels()) {                           \
    case WF_TRAINING_AVX512: name##_avx512(__VA_ARGS__); break; \
    case WF_TRAINING_AVX2: name##_avx2(__VA_ARGS__); break;  \
    case WF_TRAINING_PLAIN: name##_plain(__VA_ARGS__); break; \
  }
#else
#define VERSIONS(name, parameters, ...) static void name##_plain parameters { name##_body(__VA_ARGS__); }
#define CALL(name, ...) name##_plain(__VA_ARGS__)
#endif

// The same bits with every instruction set: no fused multiply-add.
#pragma STDC FP_CONTRACT OFF

/// Added and taken away again this rounds a float below 2²² to a whole number, ties to even.
#define WF_ROUNDER 0x1.8p23f

WF_INLINE float wf_level(float value) {
  value = value < 0 ? 0 : value;
  value = value > 255 ? 255 : value;
  return (value + WF_ROUNDER) - WF_ROUNDER;
}

#endif
