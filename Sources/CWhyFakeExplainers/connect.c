// Connected pieces by runs: a run is a stretch of one label in one row. Runs that touch and have one label are united;
// what has to move is decided on pieces and the edges between them, and pixels are touched twice, to read and to write.
#include "kernels.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  int32_t start, end, label, piece;
} run;

/// Where a piece touches another one: which, along how many pixels' faces, and the next edge of the same piece, or -1.
typedef struct {
  int32_t other, border, next;
} edge;

/// Connected pixels of one label, and later what was merged.
typedef struct {
  int64_t size, colors[3];
  int32_t parent;       // itself, or the piece that it was merged into
  int32_t first, last;  // of its edges, -1 where there is none
} piece;

typedef struct {
  const wf_slic *slic;
  intptr_t rows, runs, pieces, edges, edgeCapacity;
  intptr_t *first;  // of each row, its first run; rows + 1
  run *run;
  piece *piece;
  edge *edge;
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

/// What is done with two runs that touch along `border` pixels.
typedef void touch(pieces *p, int32_t i, int32_t j, int32_t border);

static inline __attribute__((always_inline)) void between_rows(pieces *p, intptr_t one, intptr_t two,
                                                                touch *body) {
  intptr_t i = p->first[one], j = p->first[two], endI = p->first[one + 1], endJ = p->first[two + 1];
  while (i < endI && j < endJ) {
    run a = p->run[i], b = p->run[j];
    int32_t start = a.start > b.start ? a.start : b.start, end = a.end < b.end ? a.end : b.end;
    body(p, (int32_t)i, (int32_t)j, end - start);
    if (a.end == end) i++;
    if (b.end == end) j++;
  }
}

static inline __attribute__((always_inline)) void between_all(pieces *p, touch *body) {
  intptr_t height = p->slic->height;
  for (intptr_t row = 0; row < p->rows; row++) {
    if (row % height) between_rows(p, row - 1, row, body);
    if (row >= height) between_rows(p, row - height, row, body);
  }
}

static inline __attribute__((always_inline)) void unite_alike(pieces *p, int32_t i, int32_t j,
                                                               int32_t border) {
  (void)border;
  if (p->run[i].label == p->run[j].label) unite(p->run, i, j);
}

static void find_pieces(pieces *p) {
  find_runs(p);
  between_all(p, unite_alike);
  // A root comes before all that point to it.
  for (intptr_t i = 0; i < p->runs; i++) {
    int32_t parent = p->run[i].piece;
    p->run[i].piece = parent == i ? (int32_t)p->pieces++ : p->run[parent].piece;
  }
  p->piece = wf_explainers_allocate(p->pieces * (intptr_t)sizeof(piece));
  for (int32_t i = 0; i < p->pieces; i++) p->piece[i] = (piece){.parent = i, .first = -1, .last = -1};
  for (intptr_t row = 0; row < p->rows; row++) {
    for (intptr_t i = p->first[row]; i < p->first[row + 1]; i++) {
      run r = p->run[i];
      piece *to = p->piece + r.piece;
      to->size += r.end - r.start;
      for (int c = 0; c < 3; c++) {
        const int16_t *colors = p->slic->colors[c] + row * p->slic->width;
        int64_t sum = 0;
        for (int32_t x = r.start; x < r.end; x++) sum += colors[x];
        to->colors[c] += sum;
      }
    }
  }
}

static void add_edge(pieces *p, int32_t from, int32_t to, int32_t border) {
  piece *piece = p->piece + from;
  // Runs of two pieces often touch many times in a row.
  if (piece->first >= 0 && p->edge[piece->first].other == to) {
    p->edge[piece->first].border += border;
    return;
  }
  if (p->edges == p->edgeCapacity) {
    p->edgeCapacity *= 2;
    p->edge = realloc(p->edge, (size_t)p->edgeCapacity * sizeof(edge));
    if (!p->edge) abort();
  }
  int32_t number = (int32_t)p->edges++;
  p->edge[number] = (edge){to, border, piece->first};
  if (piece->first < 0) piece->last = number;
  piece->first = number;
}

static inline __attribute__((always_inline)) void join(pieces *p, int32_t i, int32_t j, int32_t border) {
  int32_t a = p->run[i].piece, b = p->run[j].piece;
  if (a == b) return;
  add_edge(p, a, b, border);
  add_edge(p, b, a, border);
}

static void find_edges(pieces *p) {
  p->edgeCapacity = p->runs + 16;
  p->edge = wf_explainers_allocate(p->edgeCapacity * (intptr_t)sizeof(edge));
  for (intptr_t row = 0; row < p->rows; row++) {
    for (intptr_t i = p->first[row] + 1; i < p->first[row + 1]; i++) join(p, (int32_t)i - 1, (int32_t)i, 1);
  }
  between_all(p, join);
}

static int32_t merged(pieces *p, int32_t i) {
  while (p->piece[i].parent != i) i = p->piece[i].parent = p->piece[p->piece[i].parent].parent;
  return i;
}

/// A piece with the size that it had when it was put in the heap; smallest first, of equal sizes the first one.
typedef struct {
  int64_t size;
  int32_t piece;
} waiting;

static bool before(waiting a, waiting b) { return a.size < b.size || (a.size == b.size && a.piece < b.piece); }

static void put(waiting *heap, intptr_t *count, waiting item) {
  intptr_t i = (*count)++;
  for (; i > 0 && before(item, heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
  heap[i] = item;
}

static waiting take(waiting *heap, intptr_t *count) {
  waiting least = heap[0], item = heap[--*count];
  intptr_t i = 0;
  for (;;) {
    intptr_t child = 2 * i + 1;
    if (child >= *count) break;
    if (child + 1 < *count && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], item)) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = item;
  return least;
}

static double color_distance(const piece *a, const piece *b) {
  double distance = 0;
  for (int c = 0; c < 3; c++) {
    double difference = (double)a->colors[c] / (double)a->size - (double)b->colors[c] / (double)b->size;
    distance += difference * difference;
  }
  return distance;
}

/// The neighbour of piece `i` that is nearest in colour; of equal ones that with the longer border, then the first; -1 where
/// there is none. `borders` is 0 for all pieces, before and after.
static int32_t nearest(pieces *p, int32_t i, int64_t *borders) {
  for (int32_t e = p->piece[i].first; e >= 0; e = p->edge[e].next) {
    p->edge[e].other = merged(p, p->edge[e].other);
    borders[p->edge[e].other] += p->edge[e].border;
  }
  int32_t best = -1;
  int64_t bestBorder = 0;
  double bestDistance = 0;
  for (int32_t e = p->piece[i].first; e >= 0; e = p->edge[e].next) {
    int32_t other = p->edge[e].other;
    int64_t border = borders[other];
    borders[other] = 0;
    if (other == i || border == 0) continue;
    double distance = color_distance(p->piece + i, p->piece + other);
    bool better = best < 0 || distance < bestDistance ||
                  (distance == bestDistance && (border > bestBorder || (border == bestBorder && other < best)));
    if (better) {
      best = other;
      bestBorder = border;
      bestDistance = distance;
    }
  }
  return best;
}

/// Merges the smallest piece with a neighbour, again and again, until all have `least` pixels and there are no more than
/// `most`. An edge is looked at no more often than sizes can double.
static void merge(pieces *p, int64_t least, intptr_t most) {
  waiting *heap = wf_explainers_allocate(2 * p->pieces * (intptr_t)sizeof(waiting));
  int64_t *borders = wf_explainers_allocate(p->pieces * 8);
  memset(borders, 0, (size_t)p->pieces * 8);
  intptr_t count = 0, left = p->pieces;
  for (int32_t i = 0; i < p->pieces; i++) put(heap, &count, (waiting){p->piece[i].size, i});
  while (left > 1 && count > 0) {
    waiting small = take(heap, &count);
    piece *from = p->piece + small.piece;
    // It may have grown or gone meanwhile.
    if (from->parent != small.piece || from->size != small.size) continue;
    if (small.size >= least && left <= most) break;
    int32_t home = nearest(p, small.piece, borders);
    if (home < 0) continue;
    piece *to = p->piece + home;
    from->parent = home;
    to->size += from->size;
    for (int c = 0; c < 3; c++) to->colors[c] += from->colors[c];
    // Who has a neighbour has an edge, on both sides.
    p->edge[to->last].next = from->first;
    to->last = from->last;
    put(heap, &count, (waiting){to->size, home});
    left--;
  }
  free(heap);
  free(borders);
}

intptr_t wf_slic_connect(const wf_slic *slic, intptr_t least) {
  pieces p = {.slic = slic, .rows = slic->frames * slic->height};
  find_pieces(&p);
  find_edges(&p);
  merge(&p, least, slic->clusters);
  int32_t *number = wf_explainers_allocate(p.pieces * 4), count = 0;
  for (intptr_t i = 0; i < p.pieces; i++) number[i] = -1;
  for (intptr_t row = 0; row < p.rows; row++) {
    int32_t *labels = slic->labels + row * slic->width;
    for (intptr_t i = p.first[row]; i < p.first[row + 1]; i++) {
      int32_t home = merged(&p, p.run[i].piece);
      if (number[home] < 0) number[home] = count++;
      for (int32_t x = p.run[i].start; x < p.run[i].end; x++) labels[x] = number[home];
    }
  }
  free(number);
  free(p.first);
  free(p.run);
  free(p.piece);
  free(p.edge);
  return count;
}
