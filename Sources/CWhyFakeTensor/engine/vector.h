/// Vectors of WF_LANES floats, and the activations on them. Included once by each kernel set, which defines WF_LANES
/// (a divisor of WF_PANEL) and WF_FUSED (whether a multiply-add is one instruction).

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../kernels.h"

#if WF_LANES == 16
#include <immintrin.h>
#endif

typedef float vec __attribute__((vector_size(4 * WF_LANES)));
typedef float unaligned_vec __attribute__((vector_size(4 * WF_LANES), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(4 * WF_LANES)));

/// Vectors in a panel.
#define WF_PARTS (WF_PANEL / WF_LANES)
#define WF_UNROLL _Pragma("clang loop unroll(full)")

WF_INLINE vec load(const float *p) { return *(const unaligned_vec *)p; }
WF_INLINE void store(float *p, vec v) { *(unaligned_vec *)p = v; }
#if WF_LANES == 16
WF_INLINE vec splat(float x) { return (vec){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
#elif WF_LANES == 8
WF_INLINE vec splat(float x) { return (vec){x, x, x, x, x, x, x, x}; }
#else
WF_INLINE vec splat(float x) { return (vec){x, x, x, x}; }
#endif

/// a · b + c
WF_INLINE vec multiply_add(vec a, vec b, vec c) {
#if WF_FUSED
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

#if WF_LANES == 16

#define WF_POWERS_OF_TWO \
  {0x3f800000, 0x3f7ecd87, 0x3f7daac3, 0x3f7c980f, 0x3f7b95c2, 0x3f7aa43a, \
   0x3f79c3d3, 0x3f78f4f0, 0x3f7837f0, 0x3f778d3a, 0x3f76f532, 0x3f767043, \
   0x3f75fed7, 0x3f75a15b, 0x3f75583f, 0x3f7523f6, 0x3f7504f3, 0x3f74fbaf, \
   0x3f7508a4, 0x3f752c4d, 0x3f75672a, 0x3f75b9be, 0x3f76248c, 0x3f76a81e, \
   0x3f7744fd, 0x3f77fbb8, 0x3f78ccdf, 0x3f79b907, 0x3f7ac0c7, 0x3f7be4ba, \
   0x3f7d257d, 0x3f7e83b3}

/// 2^(j/32), less the bits that adding j · 2^18 puts back.
static const int32_t powers[32] = WF_POWERS_OF_TWO;

/// 1 / (1 + e^−x), relative error below 8e-7 for |x| < 30; beyond ±87 as at ±87.
///
/// e^−x = 2^(j/32) · 2^r with |r| ≤ 1/64: the first factor's fraction from a table in two registers, its exponent by
/// adding, the second a polynomial of degree 2. The reciprocal is the CPU's with 14 bits and a Newton step.
WF_INLINE vec logistic(vec x, vec factor) {
  const vec magic = splat(12582912.0f), slope = splat(-1.44269504f * 32);
  vec y = (vec)_mm512_range_ps((__m512)x, (__m512)splat(87), 2);
  vec t = multiply_add(y, slope, magic);  // j in the lowest bits
  vec r = multiply_add(y, slope, magic - t);
  ivec scale = (ivec)_mm512_permutex2var_epi32(_mm512_loadu_si512(powers), (__m512i)t, _mm512_loadu_si512(powers + 16)) +
               ((ivec)t << 18);
  vec p = multiply_add(splat(0.00023459f), r, splat(0.0216608f));
  p = multiply_add(p, r, splat(1));
  vec d = multiply_add((vec)scale, p, splat(1));
  vec q = (vec)_mm512_rcp14_ps((__m512)d);
  return (factor * q) * multiply_add(-d, q, splat(2));
}

#else

/// factor / (1 + e^−x), relative error below 8e-7 for |x| < 30; beyond ±87 as at ±87. e^−x is 2^j · 2^r with |r| ≤ ½, the
/// second a polynomial of degree 5.
WF_INLINE vec logistic(vec x, vec factor) {
  const vec magic = splat(12582912.0f), slope = splat(-1.44269504f);
  vec y = __builtin_elementwise_max(__builtin_elementwise_min(x, splat(87)), splat(-87));
  vec t = multiply_add(y, slope, magic);
#if WF_FUSED
  vec r = multiply_add(y, slope, magic - t);
#else
  // Without a fused product the digits that cancel are lost: ln 2 is taken off in two parts.
  vec n = t - magic;
  vec r = (y + n * 0.693145752f + n * 1.42860677e-6f) * -1.44269504f;
#endif
  vec p = splat(0.001327647129073739f);
  p = multiply_add(p, r, splat(0.009675540961325169f));
  p = multiply_add(p, r, splat(0.05550713092088699f));
  p = multiply_add(p, r, splat(0.24022120237350464f));
  p = multiply_add(p, r, splat(0.6931469440460205f));
  p = multiply_add(p, r, splat(1));
  return factor / (1 + (vec)((ivec)p + ((ivec)t << 23)));
}

#endif

WF_INLINE vec activated(vec x, const wf_activation_kind kind) {
  switch (kind) {
    case WF_IDENTITY: return x;
    case WF_RELU: return __builtin_elementwise_max(x, splat(0));
    case WF_SIGMOID: return logistic(x, splat(1));
    case WF_SILU: return logistic(x, x);
  }
}

/// The activation of each of `count` vectors, in place.
WF_INLINE void activate_vectors(vec *x, const int count, wf_activation_kind kind) {
  switch (kind) {
    case WF_IDENTITY: break;
    case WF_RELU: WF_UNROLL for (int i = 0; i < count; i++) x[i] = activated(x[i], WF_RELU); break;
    case WF_SIGMOID: WF_UNROLL for (int i = 0; i < count; i++) x[i] = activated(x[i], WF_SIGMOID); break;
    case WF_SILU: WF_UNROLL for (int i = 0; i < count; i++) x[i] = activated(x[i], WF_SILU); break;
  }
}
