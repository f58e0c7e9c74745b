#include "CWhyFakeTensor.h"

#include <stdio.h>
#include <stdlib.h>

float *wf_allocate(intptr_t count) {
  size_t bytes = ((size_t)count * sizeof(float) + 63) & ~(size_t)63;
  void *pointer = NULL;
  if (posix_memalign(&pointer, 64, bytes) != 0) {
    fprintf(stderr, "out of memory: %zu bytes for a tensor\n", bytes);
    abort();
  }
  return pointer;
}

void wf_free(float *pointer) { free(pointer); }
