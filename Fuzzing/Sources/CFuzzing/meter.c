#define _GNU_SOURCE
#include "CFuzzing.h"

#include <stddef.h>
#include <sys/mman.h>

// Of the sanitizer's allocator interface.
size_t __sanitizer_get_allocated_size(const volatile void *pointer);
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static int counting = 0;
static int64_t held = 0, most = 0;

static void on_malloc(const volatile void *pointer, size_t size) {
  (void)pointer;
  if (!counting) return;
  held += (int64_t)size;
  if (held > most) most = held;
}

static void on_free(const volatile void *pointer) {
  if (counting && pointer) held -= (int64_t)__sanitizer_get_allocated_size(pointer);
}

void wf_meter_start(void) {
  static int installed = 0;
  if (!installed) __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
  installed = 1;
  held = most = 0;
  counting = 1;
}

int64_t wf_meter_stop(void) {
  counting = 0;
  return most;
}

int wf_memory_file(void) { return memfd_create("fuzz", MFD_CLOEXEC); }
