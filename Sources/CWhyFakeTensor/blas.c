#ifndef _GNU_SOURCE
#define _GNU_SOURCE  // RTLD_DEFAULT
#endif
#include "CWhyFakeTensor.h"

#include <cblas.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

void wf_sgemm(bool transposeA, bool transposeB, intptr_t m, intptr_t n, intptr_t k, float alpha, const float *a,
              intptr_t lda, const float *b, intptr_t ldb, float beta, float *c, intptr_t ldc) {
  cblas_sgemm(CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
              (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

const char *wf_blas_core_name(void) { return openblas_get_corename(); }

const char *wf_blas_build(void) { return openblas_get_config(); }

int wf_blas_threads(void) { return openblas_get_num_threads(); }

void wf_blas_set_threads(int threads) { openblas_set_num_threads(threads); }

/// OPENBLAS_CORETYPE is read when the library loads, so it is set and the library's own (unlisted) start-up runs
/// again; a build without run-time kernels has neither function.
bool wf_blas_use_core(const char *core) {
  void (*quit)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "gotoblas_dynamic_quit");
  void (*init)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init");
  if (!quit || !init) return false;
  if (setenv("OPENBLAS_CORETYPE", core, 1) != 0) return false;
  quit();
  init();
  return strcmp(openblas_get_corename(), core) == 0;
}

const char *wf_blas_best_core(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return NULL;
}

// Double precision, for small dense systems. Symmetric matrices are read and written in their lower triangle in row-major
// order, which is LAPACK's upper one. The Fortran symbols are declared here because Debian's headers have LAPACKE's only
// in another package.
extern void dpotrf_(const char *uplo, const blasint *n, double *a, const blasint *lda, blasint *info);
extern void dpotrs_(const char *uplo, const blasint *n, const blasint *columns, const double *a, const blasint *lda,
                    double *b, const blasint *ldb, blasint *info);
extern void dtrtri_(const char *uplo, const char *diagonal, const blasint *n, double *a, const blasint *lda,
                    blasint *info);

void wf_dgemm(bool transposeA, intptr_t m, intptr_t n, intptr_t k, const double *a, const double *b, double *c) {
  cblas_dgemm(CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, CblasNoTrans, (blasint)m, (blasint)n, (blasint)k,
              1, a, (blasint)(transposeA ? m : k), b, (blasint)n, 0, c, (blasint)n);
}

bool wf_dpotrf(intptr_t n, double *a) {
  blasint size = (blasint)n, info = 0;
  dpotrf_("U", &size, a, &size, &info);
  return info == 0;
}

bool wf_dpotrs(intptr_t n, intptr_t columns, const double *factor, double *b) {
  blasint size = (blasint)n, count = (blasint)columns, info = 0;
  dpotrs_("U", &size, &count, factor, &size, b, &size, &info);
  return info == 0;
}

bool wf_dtrtri(intptr_t n, double *factor) {
  blasint size = (blasint)n, info = 0;
  dtrtri_("U", "N", &size, factor, &size, &info);
  return info == 0;
}
