#ifndef WF_SIMD_H
#define WF_SIMD_H

/* Which vector instructions to use: the best that the CPU has, unless the environment variable WHYFAKE_KERNELS asks for
 * fewer (avx512, avx2; any other name means what the compiler makes of plain C). Results do not depend on it, but for
 * wf_resample_float without fused multiplication. */
typedef enum { WF_PLAIN, WF_AVX2, WF_AVX512 } wf_instructions;

wf_instructions wf_instructions_to_use(void);

#if defined(__x86_64__)
#define WF_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define WF_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx2,fma")))
#endif

#define WF_INLINE static inline __attribute__((always_inline))

#endif
