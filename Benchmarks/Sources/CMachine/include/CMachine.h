// What the machine can do at most: one thread's share of each measurement. The caller runs them on several threads.
#ifndef C_MACHINE_H
#define C_MACHINE_H

#include <stddef.h>

// The instructions that `cm_multiply_add` uses: "AVX-512", "AVX2", "NEON" or "portable".
const char *cm_instructions(void);

// `rounds` rounds of independent fused multiply-adds in registers, without memory. Returns the floating-point operations
// of one round; `sink` keeps the compiler from leaving them out.
double cm_multiply_add(long rounds, float *sink);

// a = b + 3 c, `rounds` times over `count` floats each.
void cm_triad(float *a, const float *b, const float *c, size_t count, long rounds);

// Nanoseconds in which a cache line goes from one thread to another, the mean of many handovers; negative if no thread
// can be started.
double cm_handover(void);

#endif
