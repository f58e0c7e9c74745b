// Connected pieces by runs: a run is a stretch of one label in one row. Runs that touch and have one label are united;
// what has to move is decided on pieces and the edges between them, and pixels are touched twice, to read and to write.
#include "kernels.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  int32_t start, end, label, piece;
} run;

/// Where a piece touches another one: which, and along how many pixels' faces.
typedef struct {
  int32_t other, border;
} edge;

typedef struct {
  const wf_slic *slic;
  intptr_t rows, runs, pieces;
  intptr_t *first;  // of each row, its first run; rows + 1
  run *run;
  int32_t *label;  // of each piece, its cluster
  int64_t *size;   // of each piece
  int32_t *home;   // of each piece, the piece that it went to, itself for one that remains, -1 while open
} pieces;

static int32_t root(run *runs, int32_t i) {
  while (runs[i].piece != i) i = runs[i].piece = runs[runs[i].piece].piece;
  return i;
}

/// The smaller number is the root, so that pieces come out in the order of their first pixel.
static void unite(run *runs, int32_t a, int32_t b) {
  a = root(runs, a);
  b = root(runs, b);
  if (a < b) runs[b].piece = a;
  if (b < a) runs[a].piece = b;
}

static void find_runs(pieces *p) {
  const wf_slic *slic = p->slic;
  intptr_t capacity = p->rows * 8;
  p->first = wf_explainers_allocate((p->rows + 1) * (intptr_t)sizeof(intptr_t));
  p->run = wf_explainers_allocate(capacity * (intptr_t)sizeof(run));
  for (intptr_t row = 0; row < p->rows; row++) {
    const int32_t *labels = slic->labels + row * slic->width;
    p->first[row] = p->runs;
    for (intptr_t x = 0; x < slic->width;) {
      intptr_t start = x;
      while (x < slic->width && labels[x] == labels[start]) x++;
      if (p->runs == capacity) {
        capacity *= 2;
        p->run = realloc(p->run, (size_t)capacity * sizeof(run));
        if (!p->run) abort();
      }
      p->run[p->runs] = (run){(int32_t)start, (int32_t)x, labels[start], (int32_t)p->runs};
      p->runs++;
    }
  }
  p->first[p->rows] = p->runs;
}

/// Calls `body(context, i, j, border)` for all pairs of runs that touch between two rows.
typedef void touch(pieces *p, void *context, int32_t i, int32_t j, int32_t border);

static inline __attribute__((always_inline)) void between_rows(pieces *p, intptr_t one, intptr_t two, touch *body,
                                                                void *context) {
  intptr_t i = p->first[one], j = p->first[two], endI = p->first[one + 1], endJ = p->first[two + 1];
  while (i < endI && j < endJ) {
    run a = p->run[i], b = p->run[j];
    int32_t start = a.start > b.start ? a.start : b.start, end = a.end < b.end ? a.end : b.end;
    body(p, context, (int32_t)i, (int32_t)j, end - start);
    if (a.end == end) i++;
    if (b.end == end) j++;
  }
}

static inline __attribute__((always_inline)) void between_all(pieces *p, touch *body, void *context) {
  intptr_t height = p->slic->height;
  for (intptr_t row = 0; row < p->rows; row++) {
    if (row % height) between_rows(p, row - 1, row, body, context);
    if (row >= height) between_rows(p, row - height, row, body, context);
  }
}

static inline __attribute__((always_inline)) void unite_alike(pieces *p, void *context, int32_t i, int32_t j,
                                                               int32_t border) {
  (void)context;
  (void)border;
  if (p->run[i].label == p->run[j].label) unite(p->run, i, j);
}

static void find_pieces(pieces *p) {
  find_runs(p);
  between_all(p, unite_alike, NULL);
  // A root comes before all that point to it.
  for (intptr_t i = 0; i < p->runs; i++) {
    int32_t parent = p->run[i].piece;
    p->run[i].piece = parent == i ? (int32_t)p->pieces++ : p->run[parent].piece;
  }
  p->label = wf_explainers_allocate(p->pieces * 4);
  p->size = wf_explainers_allocate(p->pieces * 8);
  p->home = wf_explainers_allocate(p->pieces * 4);
  memset(p->size, 0, (size_t)p->pieces * 8);
  for (intptr_t i = 0; i < p->runs; i++) {
    p->label[p->run[i].piece] = p->run[i].label;
    p->size[p->run[i].piece] += p->run[i].end - p->run[i].start;
  }
}

/// The largest piece of each cluster stays if it has `least` pixels; the largest of all stays in any case.
static void choose(pieces *p, intptr_t least) {
  intptr_t clusters = p->slic->clusters;
  int32_t *best = wf_explainers_allocate(clusters * 4), largest = 0;
  for (intptr_t k = 0; k < clusters; k++) best[k] = -1;
  for (int32_t i = 0; i < p->pieces; i++) {
    int32_t k = p->label[i];
    if (best[k] < 0 || p->size[i] > p->size[best[k]]) best[k] = i;
    if (p->size[i] > p->size[largest]) largest = i;
  }
  for (int32_t i = 0; i < p->pieces; i++) {
    bool stays = i == largest || (best[p->label[i]] == i && p->size[i] >= least);
    p->home[i] = stays ? i : -1;
  }
  free(best);
}

/// The edges of the pieces that have to move: first they are counted, then kept.
typedef struct {
  intptr_t *first;  // of each piece, its first edge; pieces + 1
  intptr_t *next;   // while they are filled
  edge *edges;
} edges;

static inline __attribute__((always_inline)) void count_edge(pieces *p, void *context, int32_t i, int32_t j,
                                                              int32_t border) {
  (void)border;
  edges *e = context;
  int32_t a = p->run[i].piece, b = p->run[j].piece;
  if (a == b) return;
  if (p->home[a] < 0) e->first[a + 1]++;
  if (p->home[b] < 0) e->first[b + 1]++;
}

static inline __attribute__((always_inline)) void keep_edge(pieces *p, void *context, int32_t i, int32_t j,
                                                             int32_t border) {
  edges *e = context;
  int32_t a = p->run[i].piece, b = p->run[j].piece;
  if (a == b) return;
  if (p->home[a] < 0) e->edges[e->next[a]++] = (edge){b, border};
  if (p->home[b] < 0) e->edges[e->next[b]++] = (edge){a, border};
}

static void within_rows(pieces *p, touch *body, void *context) {
  for (intptr_t row = 0; row < p->rows; row++) {
    for (intptr_t i = p->first[row] + 1; i < p->first[row + 1]; i++) body(p, context, (int32_t)i - 1, (int32_t)i, 1);
  }
}

static edges find_edges(pieces *p) {
  edges e = {.first = wf_explainers_allocate((p->pieces + 1) * (intptr_t)sizeof(intptr_t)),
             .next = wf_explainers_allocate((p->pieces + 1) * (intptr_t)sizeof(intptr_t))};
  memset(e.first, 0, (size_t)(p->pieces + 1) * sizeof(intptr_t));
  within_rows(p, count_edge, &e);
  between_all(p, count_edge, &e);
  for (intptr_t i = 0; i < p->pieces; i++) e.first[i + 1] += e.first[i];
  memcpy(e.next, e.first, (size_t)(p->pieces + 1) * sizeof(intptr_t));
  e.edges = wf_explainers_allocate(e.first[p->pieces] * (intptr_t)sizeof(edge));
  within_rows(p, keep_edge, &e);
  between_all(p, keep_edge, &e);
  return e;
}

/// The mean colour of each piece that has to move.
static double *mean_colors(const pieces *p) {
  double *means = wf_explainers_allocate(p->pieces * 24);
  memset(means, 0, (size_t)p->pieces * 24);
  for (intptr_t row = 0; row < p->rows; row++) {
    for (intptr_t i = p->first[row]; i < p->first[row + 1]; i++) {
      run r = p->run[i];
      if (p->home[r.piece] >= 0) continue;
      for (int c = 0; c < 3; c++) {
        const int16_t *colors = p->slic->colors[c] + row * p->slic->width;
        int64_t sum = 0;
        for (int32_t x = r.start; x < r.end; x++) sum += colors[x];
        means[3 * (intptr_t)r.piece + c] += (double)sum;
      }
    }
  }
  for (intptr_t i = 0; i < p->pieces; i++) {
    for (int c = 0; c < 3; c++) means[3 * i + c] /= (double)p->size[i];
  }
  return means;
}

/// Sends each piece that has to move to a neighbour that has a home, in rounds until all have one.
static void move_pieces(pieces *p) {
  edges e = find_edges(p);
  double *means = mean_colors(p);
  int64_t *borders = wf_explainers_allocate(p->pieces * 8);
  memset(borders, 0, (size_t)p->pieces * 8);
  for (bool open = true; open;) {
    open = false;
    for (intptr_t i = 0; i < p->pieces; i++) {
      if (p->home[i] >= 0) continue;
      for (intptr_t n = e.first[i]; n < e.first[i + 1]; n++) {
        int32_t home = p->home[e.edges[n].other];
        if (home >= 0) borders[home] += e.edges[n].border;
      }
      int32_t best = -1;
      double bestDistance = 0;
      for (intptr_t n = e.first[i]; n < e.first[i + 1]; n++) {
        int32_t home = p->home[e.edges[n].other];
        if (home < 0) continue;
        const float *centre = p->slic->centres + 6 * (intptr_t)p->label[home];
        double distance = 0;
        for (int c = 0; c < 3; c++) {
          double difference = means[3 * i + c] - (double)centre[c];
          distance += difference * difference;
        }
        // Of equal colours the longer border, then the first.
        bool better = best < 0 || distance < bestDistance ||
                      (distance == bestDistance && (borders[home] > borders[best] ||
                                                    (borders[home] == borders[best] && home < best)));
        if (better) {
          best = home;
          bestDistance = distance;
        }
      }
      for (intptr_t n = e.first[i]; n < e.first[i + 1]; n++) {
        int32_t home = p->home[e.edges[n].other];
        if (home >= 0) borders[home] = 0;
      }
      if (best >= 0) p->home[i] = best;
      open |= best < 0;
    }
  }
  free(borders);
  free(means);
  free(e.first);
  free(e.next);
  free(e.edges);
}

intptr_t wf_slic_connect(wf_slic *slic, intptr_t least) {
  pieces p = {.slic = slic, .rows = slic->frames * slic->height};
  find_pieces(&p);
  choose(&p, least);
  move_pieces(&p);
  // Clusters that remain, numbered in their order.
  int32_t *number = wf_explainers_allocate(slic->clusters * 4);
  for (intptr_t k = 0; k < slic->clusters; k++) number[k] = -1;
  for (intptr_t i = 0; i < p.pieces; i++) {
    if (p.home[i] == i) number[p.label[i]] = 0;
  }
  int32_t count = 0;
  for (intptr_t k = 0; k < slic->clusters; k++) {
    if (number[k] == 0) number[k] = count++;
  }
  for (intptr_t row = 0; row < p.rows; row++) {
    int32_t *labels = slic->labels + row * slic->width;
    for (intptr_t i = p.first[row]; i < p.first[row + 1]; i++) {
      int32_t label = number[p.label[p.home[p.run[i].piece]]];
      for (int32_t x = p.run[i].start; x < p.run[i].end; x++) labels[x] = label;
    }
  }
  free(number);
  free(p.first);
  free(p.run);
  free(p.label);
  free(p.size);
  free(p.home);
  return count;
}
