#include <pthread.h>
#include <stdint.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "kernels.h"

// One pool for the process. Threads are started when they are first asked for and stay, asleep, until the next job. A
// job belongs to one caller; who finds the pool busy does all of their work on their own thread, so that there are
// never more threads at work than callers and the pool have together.

/// After so many looks a waiting thread lets others have its core, and after as many again it sleeps.
#define PATIENCE 4096
#define MOST_THREADS 1024

static pthread_mutex_t job_lock = PTHREAD_MUTEX_INITIALIZER;  // held by the caller whose job runs
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static int started = 0;  // workers; under job_lock

static void (*job_body)(void *, int, int);
static void *job_context;
static atomic_int job_threads;   // including the caller
static atomic_uint generation;   // of the job
static atomic_int running;       // workers that have not finished the job

void wf_pause(int *looks) {
  if (++*looks < PATIENCE) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  } else {
    sched_yield();
  }
}

static void *work(void *argument) {
  int thread = (int)((intptr_t)argument & 0xffff);
  unsigned seen = (unsigned)((uintptr_t)argument >> 16);
  wf_set_worker(true);
  for (;;) {
    int looks = 0;
    while (atomic_load_explicit(&generation, memory_order_acquire) == seen && looks < PATIENCE) wf_pause(&looks);
    if (atomic_load_explicit(&generation, memory_order_acquire) == seen) {
      pthread_mutex_lock(&sleep_lock);
      while (atomic_load_explicit(&generation, memory_order_acquire) == seen) pthread_cond_wait(&wake, &sleep_lock);
      pthread_mutex_unlock(&sleep_lock);
    }
    seen = atomic_load_explicit(&generation, memory_order_acquire);
    int threads = atomic_load_explicit(&job_threads, memory_order_relaxed);
    if (thread < threads) job_body(job_context, thread, threads);
    atomic_fetch_sub_explicit(&running, 1, memory_order_release);
  }
  return NULL;
}

/// Starts workers until there are `count`; fewer if the system gives no more. Called under job_lock, between jobs.
static void start(int count) {
  while (started < count) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    uintptr_t begin = (uintptr_t)atomic_load(&generation) << 16 | (uintptr_t)(started + 1);
    int failed = pthread_create(&thread, &attributes, work, (void *)begin);
    pthread_attr_destroy(&attributes);
    if (failed) return;
    started += 1;
  }
}

void wf_parallel(int threads, void (*body)(void *context, int thread, int threads), void *context) {
  if (threads > MOST_THREADS) threads = MOST_THREADS;
  if (threads <= 1 || wf_is_worker() || pthread_mutex_trylock(&job_lock) != 0) {
    body(context, 0, 1);
    return;
  }
  start(threads - 1);
  if (threads > started + 1) threads = started + 1;
  job_body = body;
  job_context = context;
  atomic_store_explicit(&job_threads, threads, memory_order_relaxed);
  atomic_store_explicit(&running, started, memory_order_relaxed);
  pthread_mutex_lock(&sleep_lock);
  atomic_fetch_add_explicit(&generation, 1, memory_order_release);
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&sleep_lock);
  wf_set_worker(true);
  body(context, 0, threads);
  wf_set_worker(false);
  int looks = 0;
  while (atomic_load_explicit(&running, memory_order_acquire) != 0) wf_pause(&looks);
  pthread_mutex_unlock(&job_lock);
}
