#pragma once
#include <stdint.h>

/// Starts to count what is allocated.
void wf_meter_start(void);

/// Stops, and gives the most bytes that were held at one time beyond what was held at the start.
int64_t wf_meter_stop(void);

/// A file in memory: its descriptor, or -1.
int wf_memory_file(void);
