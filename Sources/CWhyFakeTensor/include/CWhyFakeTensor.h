/// The C side of module Tensor: memory, the door to OpenBLAS, and the loops that must be fast.
///
/// Kernels work on one plane, row or range, single-threaded; Swift splits the work. Each is compiled for several
/// instruction sets and the best one is chosen when the program loads (see kernels.h). Sizes are checked by Swift.
#ifndef CWHYFAKE_TENSOR_H
#define CWHYFAKE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"
#include "optimizers.h"
#include "training.h"

#pragma clang assume_nonnull begin

// memory.c

/// Memory for `count` floats, aligned to 64 bytes, not initialised. Aborts when there is none, as Swift's does. Large
/// blocks are recycled.
float *wf_allocate(intptr_t count);
void wf_free(float *pointer);
/// Gives back the blocks that are kept for reuse.
void wf_trim(void);

// runtime.c

/// Threads that the library uses; 0 asks for one a core.
intptr_t wf_threads(void);
void wf_set_threads(intptr_t threads);
/// Whether the calling thread works on a part of a split job.
bool wf_is_worker(void);
void wf_set_worker(bool worker);

// blas.c

/// C = alpha · op(A) · op(B) + beta · C, row-major; op transposes where asked.
void wf_sgemm(bool transposeA, bool transposeB, intptr_t m, intptr_t n, intptr_t k, float alpha, const float *a,
              intptr_t lda, const float *b, intptr_t ldb, float beta, float *c, intptr_t ldc);
/// OpenBLAS's name for the kernels in use, such as SkylakeX.
const char *wf_blas_core_name(void);
/* How OpenBLAS was built: its name, its version, options. */
const char *wf_blas_build(void);
int wf_blas_threads(void);
void wf_blas_set_threads(int threads);
/// Swaps OpenBLAS's kernels for `core`; false where this OpenBLAS cannot.
bool wf_blas_use_core(const char *core);
/// The core name that suits this CPU where OpenBLAS may not know it; NULL where its own choice is best.
const char *_Nullable wf_blas_best_core(void);
/// Double precision. C = op(A) · B, row-major, m × n, summed over k; rows are contiguous.
void wf_dgemm(bool transposeA, intptr_t m, intptr_t n, intptr_t k, const double *a, const double *b, double *c);
/// The Cholesky factor of a symmetric n × n matrix, of which the lower triangle in row-major order is read and
/// overwritten; false where it is not positive definite.
bool wf_dpotrf(intptr_t n, double *a);
/// Solves for `columns` right-hand sides, one after the other in `b`, with the factor from `wf_dpotrf`.
bool wf_dpotrs(intptr_t n, intptr_t columns, const double *factor, double *b);
/// The inverse of the factor itself, in place, in the lower triangle in row-major order.
bool wf_dtrtri(intptr_t n, double *factor);

// activation.c

/// In place: x = f(x).
void wf_activate(float *x, intptr_t count, wf_activation_kind kind);
/// In place on `rows` rows of `columns` values, `stride` apart: x = f(x + bias[row]).
void wf_bias_activate(float *x, intptr_t rows, intptr_t columns, intptr_t stride, const float *_Nullable bias,
                      wf_activation_kind kind);
/// gradient_in = gradient_out · f'(x), from the values before (`x`) or after (`y`) the activation, as f needs.
void wf_activate_backward(const float *before, const float *after, const float *gradient, float *out,
                          intptr_t count, wf_activation_kind kind);
/// Softmax of each of `rows` rows of `columns` values.
void wf_softmax(const float *x, float *y, intptr_t rows, intptr_t columns);
void wf_softmax_backward(const float *y, const float *gradient, float *out, intptr_t rows, intptr_t columns);

// elementwise.c

// `out` may be `x`.
void wf_add(const float *x, const float *y, float *out, intptr_t count);                       // x + y
void wf_multiply(const float *x, const float *y, float *out, intptr_t count);                  // x · y
void wf_scale_shift(const float *x, float scale, float shift, float *out, intptr_t count);     // scale · x + shift
void wf_add_scaled(const float *x, const float *y, float scale, float *out, intptr_t count);   // x + scale · y
float wf_sum(const float *x, intptr_t count);
/// out[i] = Σ_c weights[c] · x[c][i], for x `[channels][plane]`.
void wf_sum_over_channels(const float *x, const float *weights, intptr_t channels, intptr_t plane, float *out);
float wf_dot(const float *x, const float *y, intptr_t count);
/// Sum of squared differences from `mean`.
float wf_squared_deviation(const float *x, float mean, intptr_t count);

// convolution.c

/// One channel of a convolution: sizes of its planes, filter side, stride and the padding before them.
typedef struct {
  intptr_t height, width, outHeight, outWidth, kernelHeight, kernelWidth, stride, top, left;
} wf_plane;

/// Floats of scratch that the depthwise functions need.
intptr_t wf_depthwise_scratch(const wf_plane *p);
void wf_depthwise(const wf_plane *p, const float *in, const float *filter, float bias, wf_activation_kind kind,
                  float *out, float *scratch);
void wf_depthwise_backward_input(const wf_plane *p, const float *gradient, const float *filter, float *out,
                                 float *scratch);
/// Adds to `out`, kernelHeight · kernelWidth values.
void wf_depthwise_backward_filter(const wf_plane *p, const float *in, const float *gradient, float *out,
                                  float *scratch);
/// The patches of `channels` planes as a matrix [channels · kH · kW, outHeight · outWidth].
void wf_im2col(const wf_plane *p, intptr_t channels, const float *in, float *columns);
/// Adds such a matrix back onto the planes.
void wf_col2im(const wf_plane *p, intptr_t channels, const float *columns, float *out);

// pooling.c

void wf_max_pool(const wf_plane *p, const float *in, float *out);
/// Adds to `out`: the gradient goes to the first largest value of a window.
void wf_max_pool_backward(const wf_plane *p, const float *in, const float *gradient, float *out);
/// Mean over the part of each window that lies inside (`countPadding` false), or over the whole window.
void wf_average_pool(const wf_plane *p, bool countPadding, const float *in, float *out);
void wf_average_pool_backward(const wf_plane *p, bool countPadding, const float *gradient, float *out);
/// Bilinear with half-pixel centres, no antialiasing; edges repeat.
void wf_resize_bilinear(const float *in, intptr_t height, intptr_t width, float *out, intptr_t outHeight,
                        intptr_t outWidth);
/// Its transpose; adds to `out`.
void wf_resize_bilinear_backward(const float *gradient, intptr_t outHeight, intptr_t outWidth, float *out,
                                 intptr_t height, intptr_t width);

#pragma clang assume_nonnull end

#endif
