#ifndef CWHYFAKE_TENSOR_H
#define CWHYFAKE_TENSOR_H

#include <stddef.h>
#include <stdint.h>

/// Memory for `count` floats, aligned to 64 bytes, not initialised. Aborts when there is none, as Swift's does.
float *_Nonnull wf_allocate(intptr_t count);
void wf_free(float *_Nonnull pointer);

#endif
