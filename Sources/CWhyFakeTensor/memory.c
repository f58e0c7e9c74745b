#ifndef _GNU_SOURCE
#define _GNU_SOURCE  // MADV_HUGEPAGE
#endif
#include "CWhyFakeTensor.h"

#if defined(__linux__)
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Layers ask for the same few large sizes again and again. The C library maps and unmaps each (and the kernel clears
// every page: a quarter of a network's time), so freed blocks are kept for the next request, up to KEPT_BYTES.

#define ALIGNMENT 64
// From this size on blocks ask for huge pages: with pages of 4 KB a network's weights alone need more entries than the
// CPU's translation buffer has, and where the pages lie decides what falls out of the cache.
#define HUGE_BLOCK ((size_t)4 << 20)
#define HUGE_PAGE ((size_t)2 << 20)
#define LARGE ((size_t)64 << 10)
#define KEPT_BYTES ((size_t)192 << 20)
#define KEPT_BLOCKS 64

typedef struct {
  void *base;
  size_t bytes;
} block;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static block kept[KEPT_BLOCKS];  // oldest first
static int kept_count = 0;
static size_t kept_bytes = 0;

static block take(int i) {
  block b = kept[i];
  memmove(kept + i, kept + i + 1, (size_t)(kept_count - i - 1) * sizeof(block));
  kept_count -= 1;
  kept_bytes -= b.bytes;
  return b;
}

/// The smallest kept block that holds `bytes` and wastes at most a quarter; none is {NULL, 0}.
static block reuse(size_t bytes) {
  int best = -1;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < kept_count; i++)
    if (kept[i].bytes >= bytes && kept[i].bytes - bytes <= bytes / 4 &&
        (best < 0 || kept[i].bytes < kept[best].bytes))
      best = i;
  block b = best < 0 ? (block){NULL, 0} : take(best);
  pthread_mutex_unlock(&lock);
  return b;
}

float *wf_allocate(intptr_t count) {
  // The block's size is stored before what the caller sees.
  size_t bytes = (((size_t)count * sizeof(float) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1)) + ALIGNMENT;
  block b = {NULL, bytes};
  if (bytes >= LARGE) {
    block old = reuse(bytes);
    if (old.base) b = old;
  }
  bool huge = bytes >= HUGE_BLOCK;
  if (!b.base && posix_memalign(&b.base, huge ? HUGE_PAGE : ALIGNMENT, bytes) != 0) {
    fprintf(stderr, "out of memory: %zu bytes for a tensor\n", bytes);
    abort();
  }
#if defined(MADV_HUGEPAGE)
  if (huge) madvise(b.base, bytes & ~(HUGE_PAGE - 1), MADV_HUGEPAGE);
#endif
  *(size_t *)b.base = b.bytes;
  return (float *)((char *)b.base + ALIGNMENT);
}

void wf_free(float *pointer) {
  block b;
  b.base = (char *)pointer - ALIGNMENT;
  b.bytes = *(size_t *)b.base;
  if (b.bytes < LARGE || b.bytes > KEPT_BYTES) {
    free(b.base);
    return;
  }
  block evicted[KEPT_BLOCKS];
  int evicted_count = 0;
  pthread_mutex_lock(&lock);
  while (kept_count == KEPT_BLOCKS || (kept_count > 0 && kept_bytes + b.bytes > KEPT_BYTES))
    evicted[evicted_count++] = take(0);
  kept[kept_count++] = b;
  kept_bytes += b.bytes;
  pthread_mutex_unlock(&lock);
  for (int i = 0; i < evicted_count; i++) free(evicted[i].base);
}

void wf_trim(void) {
  block released[KEPT_BLOCKS];
  int count = 0;
  pthread_mutex_lock(&lock);
  while (kept_count > 0) released[count++] = take(0);
  pthread_mutex_unlock(&lock);
  for (int i = 0; i < count; i++) free(released[i].base);
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}
