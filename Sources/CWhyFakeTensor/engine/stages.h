/// The stages of a plan for one kernel set. Included once by each, after `vector.h`; the set says how many rows and
/// panels one tile of a product has: WF_TILE_ROWS for one panel, WF_TILE_ROWS_2 … WF_TILE_ROWS_4 for more, where it has
/// the registers (else 0).

WF_INLINE intptr_t smaller(intptr_t a, intptr_t b) { return a < b ? a : b; }
WF_INLINE intptr_t larger(intptr_t a, intptr_t b) { return a > b ? a : b; }
WF_INLINE intptr_t quotient_up(intptr_t a, intptr_t b) { return (a + b - 1) / b; }

/// Operands of a tile of a product: row i of A times panel j of the weights.
typedef struct {
  const float *a;
  intptr_t rowStep;                     // floats from row to row of A
  intptr_t length, segments, segmentStep;  // a row is `segments` runs of `length` floats, `segmentStep` apart,
  intptr_t lastLength;                     // the last one of so many
  const float *weights;
  intptr_t panelStep;  // floats from panel to panel
  const float *bias;
  float *out;
  intptr_t outStep;       // from row to row of the output
  const float *residual;  // NULL, or added
  intptr_t residualStep;
  float *sums;            // NULL, or one panel's sums over rows, added to
  wf_activation_kind activation;
  const float *ahead;  // what will be read soon: fetched from memory meanwhile
  intptr_t aheadFloats;
} product;

/// Activates and writes a tile.
WF_INLINE void finish(const int rows, const int panels, const product *p, const vec *sum, const wf_activation_kind kind) {
  const int vectors = panels * WF_PARTS;
  WF_UNROLL for (int j = 0; j < vectors; j++) {
    vec total = splat(0);
    WF_UNROLL for (int i = 0; i < rows; i++) {
      vec y = activated(sum[i * vectors + j], kind);
      store(p->out + i * p->outStep + j * WF_LANES, y);
      total += y;
    }
    if (p->sums) store(p->sums + j * WF_LANES, load(p->sums + j * WF_LANES) + total);
  }
}

/// `rows` × `panels` outputs, all in registers.
WF_INLINE void tile(const int rows, const int panels, const product *p) {
  const int vectors = panels * WF_PARTS;
  vec sum[rows * vectors];
  WF_UNROLL for (int i = 0; i < rows; i++)
    WF_UNROLL for (int j = 0; j < vectors; j++) sum[i * vectors + j] = load(p->bias + j * WF_LANES);
  const float *w = p->weights;
  const intptr_t rowStep = p->rowStep, panelStep = p->panelStep, segments = p->segments;
  for (intptr_t s = 0; s < segments; s++) {
    const float *a = p->a + s * p->segmentStep;
    const intptr_t length = s < segments - 1 ? p->length : p->lastLength;
#pragma clang loop unroll_count(2)
    for (intptr_t k = 0; k < length; k++, w += WF_PANEL) {
      vec b[vectors];
      WF_UNROLL for (int j = 0; j < vectors; j++)
        b[j] = load(w + j / WF_PARTS * panelStep + j % WF_PARTS * WF_LANES);
      WF_UNROLL for (int i = 0; i < rows; i++) {
        vec x = splat(a[i * rowStep + k]);
        WF_UNROLL for (int j = 0; j < vectors; j++) sum[i * vectors + j] = multiply_add(x, b[j], sum[i * vectors + j]);
      }
    }
  }
  if (p->residual)
    WF_UNROLL for (int i = 0; i < rows; i++)
      WF_UNROLL for (int j = 0; j < vectors; j++)
        sum[i * vectors + j] += load(p->residual + i * p->residualStep + j * WF_LANES);
  // A copy for each kind, so that the kind is known where values are in registers.
  switch (p->activation) {
    case WF_IDENTITY: finish(rows, panels, p, sum, WF_IDENTITY); break;
    case WF_RELU: finish(rows, panels, p, sum, WF_RELU); break;
    case WF_SIGMOID: finish(rows, panels, p, sum, WF_SIGMOID); break;
    case WF_SILU: finish(rows, panels, p, sum, WF_SILU); break;
  }
}

#define WF_TILE(rows, panels) \
  static void tile_##rows##_##panels(const product *p) { tile(rows, panels, p); }
#define WF_TILES_4(panels) WF_TILE(1, panels) WF_TILE(2, panels) WF_TILE(3, panels) WF_TILE(4, panels)
#define WF_TILES_6(panels) WF_TILES_4(panels) WF_TILE(5, panels) WF_TILE(6, panels)
#define WF_TILES_8(panels) WF_TILES_6(panels) WF_TILE(7, panels) WF_TILE(8, panels)
#define WF_NAMES_4(panels) tile_1_##panels, tile_2_##panels, tile_3_##panels, tile_4_##panels
#define WF_NAMES_6(panels) WF_NAMES_4(panels), tile_5_##panels, tile_6_##panels
#define WF_NAMES_8(panels) WF_NAMES_6(panels), tile_7_##panels, tile_8_##panels

#if WF_MAX_PANELS == 4
WF_TILES_8(1) WF_TILES_8(2) WF_TILES_8(3) WF_TILES_6(4)
static void (*const tiles[4][8])(const product *) = {
    {WF_NAMES_8(1)}, {WF_NAMES_8(2)}, {WF_NAMES_8(3)}, {WF_NAMES_6(4)}};
static const intptr_t tile_rows[4] = {8, 8, 8, 6};
#elif WF_TILE_ROWS == 6
WF_TILES_6(1)
static void (*const tiles[1][6])(const product *) = {{WF_NAMES_6(1)}};
static const intptr_t tile_rows[1] = {6};
#else
WF_TILES_4(1)
static void (*const tiles[1][4])(const product *) = {{WF_NAMES_4(1)}};
static const intptr_t tile_rows[1] = {WF_TILE_ROWS};
#endif

/// Asks for parts `first` to `last` of `count` of what will be read soon.
WF_INLINE void fetch(const float *ahead, intptr_t floats, intptr_t first, intptr_t last, intptr_t count) {
  for (intptr_t at = floats * first / count, end = floats * last / count; at < end; at += 16)
    __builtin_prefetch(ahead + at, 0, 2);
}

/// `rows` rows times `panels` panels, whatever their number. The cut into tiles depends on the numbers alone.
static void multiply(const product *whole, intptr_t rows, intptr_t panels) {
  product p = *whole;
  for (intptr_t j = 0; j < panels;) {
    intptr_t left = panels - j;
    // Threes are best; a four where a one would remain, or two twos.
    intptr_t width = left < 3 ? left : left == 4 || left == 8 ? 4 : 3;
    // Sums over rows depend on the height of tiles, which must not depend on how panels are shared out.
    width = smaller(width, whole->sums ? smaller(3, WF_MAX_PANELS) : WF_MAX_PANELS);
    intptr_t height = tile_rows[width - 1];
    intptr_t count = (rows + height - 1) / height;
    for (intptr_t i = 0; i < count; i++) {
      intptr_t first = rows * i / count, last = rows * (i + 1) / count;
      p.a = whole->a + first * p.rowStep;
      p.out = whole->out + first * p.outStep + j * WF_PANEL;
      p.residual = whole->residual ? whole->residual + first * p.residualStep + j * WF_PANEL : NULL;
      p.weights = whole->weights + j * p.panelStep;
      p.bias = whole->bias + j * WF_PANEL;
      p.sums = whole->sums ? whole->sums + j * WF_PANEL : NULL;
      tiles[width - 1][last - first - 1](&p);
      // Evenly over the tiles.
      if (p.aheadFloats) fetch(p.ahead, p.aheadFloats, j * count + i * width, j * count + (i + 1) * width, panels * count);
    }
    j += width;
  }
}

WF_INLINE float *at(wf_place place, float *const *bases) {
  return place.base < 0 ? NULL : bases[place.base] + place.offset;
}

static void interleave(const wf_stage *s, float *const *bases, intptr_t task) {
  intptr_t blocks = quotient_up(s->outHeight, s->blockRows), image = task / blocks;
  intptr_t first = task % blocks * s->blockRows, last = smaller(first + s->blockRows, s->outHeight);
  intptr_t channels = s->channels, pitch = s->outPitch, outRow = s->outWidth * pitch;
  const float *in = at(s->input, bases) + image * channels * s->height * s->width;
  float *out = at(s->output, bases) + image * s->outHeight * outRow;
  intptr_t columns = larger(0, smaller(s->width, s->outWidth - s->left));
  for (intptr_t y = first; y < last; y++) {
    float *to = out + y * outRow;
    memset(to, 0, (size_t)outRow * sizeof(float));
    if (y < s->top || y - s->top >= s->height) continue;
    to += s->left * pitch;
    const float *row = in + (y - s->top) * s->width;
    if (channels == 3 && pitch == 3) {  // one loop, which compilers turn into vectors
      const float *red = row, *green = row + s->height * s->width, *blue = green + s->height * s->width;
      for (intptr_t x = 0; x < columns; x++) {
        to[3 * x] = red[x];
        to[3 * x + 1] = green[x];
        to[3 * x + 2] = blue[x];
      }
      continue;
    }
    for (intptr_t c = 0; c < channels; c++) {
      const float *from = row + c * s->height * s->width;
      for (intptr_t x = 0; x < columns; x++) to[x * pitch + c] = from[x];
    }
  }
}

static void patches(const wf_stage *s, float *const *bases, intptr_t task) {
  intptr_t blocks = quotient_up(s->outHeight, s->blockRows), image = task / blocks;
  intptr_t first = task % blocks * s->blockRows, last = smaller(first + s->blockRows, s->outHeight);
  intptr_t row = s->width * s->channels;
  product p = {.rowStep = s->stride * s->channels, .length = s->kernel * s->channels,
               .lastLength = s->kernel * s->channels, .segments = s->kernel, .segmentStep = row, .weights = s->weights,
               .panelStep = s->kernel * s->kernel * s->channels * WF_PANEL, .bias = s->bias,
               .outStep = s->outPitch, .activation = s->activation};
  for (intptr_t y = first; y < last; y++) {
    p.a = at(s->input, bases) + (image * s->height + y * s->stride) * row;
    p.out = at(s->output, bases) + (image * s->outHeight + y) * s->outWidth * s->outPitch;
    multiply(&p, s->outWidth, s->outPitch / WF_PANEL);
  }
}

/// Rows of the input as the product reads them, gated or added up.
static void gather(const wf_stage *s, float *const *bases, intptr_t first, intptr_t last, float *rows) {
  const float *in = at(s->input, bases), *gates = at(s->gate, bases);
  intptr_t pitch = s->pitch, plane = s->height * s->width;
  for (intptr_t i = first; i < last; i++, rows += pitch) {
    if (s->parts) {
      const float *from = in + i * s->parts * pitch;
      for (intptr_t k = 0; k < pitch; k += WF_LANES) {
        vec sum = load(from + k);
        for (intptr_t part = 1; part < s->parts; part++) sum += load(from + part * pitch + k);
        store(rows + k, sum * s->scale);
      }
    } else {
      const float *from = in + i / plane * plane * pitch + i % plane * s->chunk, *gate = gates + i / plane * pitch;
      for (intptr_t c = 0; c < pitch; c += s->chunk, from += plane * s->chunk)
        for (intptr_t k = 0; k < s->chunk; k += WF_LANES) store(rows + c + k, load(from + k) * load(gate + c + k));
    }
  }
}

/// The weights of some panels, each input's times its gate.
static void gate_weights(const wf_stage *s, const float *gate, const float *weights, intptr_t panels, float *out) {
  for (intptr_t j = 0; j < panels; j++)
    for (intptr_t k = 0; k < s->channels; k++, weights += WF_PANEL, out += WF_PANEL)
      for (intptr_t part = 0; part < WF_PANEL; part += WF_LANES) store(out + part, load(weights + part) * gate[k]);
}

static void pointwise(const wf_stage *s, float *const *bases, float *scratch, intptr_t task) {
  intptr_t panels = s->outPitch / WF_PANEL, plane = s->height * s->width, total = s->images * plane;
  if (!s->cutsImages) total = plane;
  intptr_t blocks = quotient_up(total, s->blockRows), all = s->cutsImages ? blocks : blocks * s->images;
  // Neighbouring tasks share weights.
  intptr_t firstPanel = task / all * s->blockPanels, lastPanel = smaller(firstPanel + s->blockPanels, panels);
  intptr_t image = task % all / blocks, block = task % all % blocks;  // image 0 is all of them if blocks cut images
  intptr_t first = image * total + block * s->blockRows, last = smaller(first + s->blockRows, (image + 1) * total);
  const float *gates = at(s->gate, bases), *weights = s->weights + firstPanel * s->channels * WF_PANEL;
  bool gathers = s->parts || (gates && !s->gatesWeights);
  if (gathers) {
    gather(s, bases, first, last, scratch);
  } else if (gates) {
    gate_weights(s, gates + image * s->pitch, weights, lastPanel - firstPanel, scratch);
    weights = scratch;
  }
  intptr_t out = first * s->outPitch + firstPanel * WF_PANEL;
  float *sums = at(s->sums, bases);
  product p = {.weights = weights, .rowStep = s->pitch, .lastLength = s->channels, .segments = 1,
               .panelStep = s->channels * WF_PANEL, .bias = s->bias + firstPanel * WF_PANEL,
               .out = at(s->output, bases) + out, .outStep = s->outPitch, .activation = s->activation};
  if (s->ahead) {
    p.ahead = s->ahead + s->aheadFloats * task / s->tasks;
    p.aheadFloats = s->aheadFloats / s->tasks;
  }
  if (gathers) {
    p.a = scratch;
  } else if (s->chunk == s->pitch) {
    p.a = at(s->input, bases) + first * s->pitch;
  } else {
    p.a = at(s->input, bases) + first / plane * plane * s->pitch + first % plane * s->chunk;
    p.rowStep = p.length = s->chunk;
    p.segments = s->pitch / s->chunk;
    p.segmentStep = plane * s->chunk;
    p.lastLength = s->channels - (p.segments - 1) * s->chunk;
  }
  if (sums) {  // a task is then a plane
    p.sums = sums + image * s->outPitch + firstPanel * WF_PANEL;
    memset(p.sums, 0, (size_t)(lastPanel - firstPanel) * WF_PANEL * sizeof(float));
    multiply(&p, plane, lastPanel - firstPanel);
  } else {
    // Where the residual has fewer channels the last panels do without.
    const float *residual = at(s->residual, bases);
    intptr_t border = residual ? smaller(lastPanel, s->residualPitch / WF_PANEL) - firstPanel : 0;
    if (border > 0) {
      p.residual = residual + first * s->residualPitch + firstPanel * WF_PANEL;
      p.residualStep = s->residualPitch;
      multiply(&p, last - first, border);
      p.residual = NULL;
      p.weights += border * p.panelStep;
      p.bias += border * WF_PANEL;
      p.out += border * WF_PANEL;
    } else {
      border = 0;
    }
    if (lastPanel - firstPanel > border) multiply(&p, last - first, lastPanel - firstPanel - border);
  }
}

/// `width` outputs of a depthwise filter, of one vector of channels, all in registers. Each input vector is loaded once
/// for a row of the filter.
WF_INLINE void filter_tile(const int width, const int kernel, const int stride, const float *const *rows, intptr_t step,
                           const float *weights, const float *bias, wf_activation_kind activation, float *out,
                           intptr_t outStep, vec *total) {
  vec sum[width];
  vec b = load(bias);
  WF_UNROLL for (int x = 0; x < width; x++) sum[x] = b;
  WF_UNROLL for (int ky = 0; ky < kernel; ky++) {
    vec w[kernel];
    WF_UNROLL for (int kx = 0; kx < kernel; kx++) w[kx] = load(weights + (ky * kernel + kx) * WF_PANEL);
    WF_UNROLL for (int c = 0; c < (width - 1) * stride + kernel; c++) {
      vec v = load(rows[ky] + c * step);
      WF_UNROLL for (int x = 0; x < width; x++)
        if (c - x * stride >= 0 && c - x * stride < kernel) sum[x] = multiply_add(v, w[c - x * stride], sum[x]);
    }
  }
  activate_vectors(sum, width, activation);
  WF_UNROLL for (int x = 0; x < width; x++) {
    store(out + x * outStep, sum[x]);
    *total += sum[x];
  }
}

/// Operands of one output row of a depthwise filter, for `panels` panels.
typedef struct {
  const float *const *rows;  // `kernel` input rows, from the column of the first output's first weight
  intptr_t step;             // floats from column to column of the input
  const float *weights, *bias;
  wf_activation_kind activation;
  float *out;
  intptr_t width, outStep, panels;
  float *sums;  // NULL, or where the row's sums go
} filter_row_operands;

#if WF_LANES >= 8
#define WF_FILTER_WIDTH 8
#else
#define WF_FILTER_WIDTH 4
#endif

#define WF_FILTER_CASE(n, kernel, stride) \
  case n: filter_tile(n, kernel, stride, rows, p->step, weights, bias, p->activation, out, p->outStep, &total); break;

#if WF_FILTER_WIDTH == 8
#define WF_FILTER_CASES(kernel, stride)                                                           \
  WF_FILTER_CASE(1, kernel, stride) WF_FILTER_CASE(2, kernel, stride) WF_FILTER_CASE(3, kernel, stride) \
  WF_FILTER_CASE(4, kernel, stride) WF_FILTER_CASE(5, kernel, stride) WF_FILTER_CASE(6, kernel, stride) \
  WF_FILTER_CASE(7, kernel, stride) WF_FILTER_CASE(8, kernel, stride)
#else
#define WF_FILTER_CASES(kernel, stride)                                                           \
  WF_FILTER_CASE(1, kernel, stride) WF_FILTER_CASE(2, kernel, stride) WF_FILTER_CASE(3, kernel, stride) \
  WF_FILTER_CASE(4, kernel, stride)
#endif

#define WF_FILTER(kernel, stride)                                                                      \
  static void filter_##kernel##_##stride(const filter_row_operands *p) {                               \
    intptr_t count = (p->width + WF_FILTER_WIDTH - 1) / WF_FILTER_WIDTH;                               \
    for (intptr_t part = 0; part < p->panels * WF_PARTS; part++) {                                     \
      intptr_t channel = part * WF_LANES, within = channel % WF_PANEL;                                 \
      const float *weights = p->weights + (channel - within) * (kernel) * (kernel) + within;           \
      const float *bias = p->bias + channel;                                                           \
      vec total = splat(0);                                                                            \
      for (intptr_t i = 0; i < count; i++) {                                                           \
        intptr_t first = p->width * i / count, last = p->width * (i + 1) / count;                      \
        const float *rows[kernel];                                                                     \
        for (int ky = 0; ky < (kernel); ky++) rows[ky] = p->rows[ky] + first * (stride) * p->step + channel; \
        float *out = p->out + first * p->outStep + channel;                                            \
        switch (last - first) { WF_FILTER_CASES(kernel, stride) }                                      \
      }                                                                                                \
      if (p->sums) store(p->sums + channel, total);                                                    \
    }                                                                                                  \
  }
WF_FILTER(3, 1) WF_FILTER(3, 2) WF_FILTER(5, 1) WF_FILTER(5, 2)

/// Rows of the widened input that a depthwise task keeps: a ring of `kernel` rows with zeros at both ends.
WF_INLINE intptr_t ring_row(const wf_stage *s) {
  return ((s->outWidth - 1) * s->stride + s->kernel) * s->blockPanels * WF_PANEL;
}

/// `count` columns of `step` floats, from columns `pitch` apart.
static void copy_columns(const float *from, intptr_t pitch, intptr_t count, float *to, intptr_t step) {
  if (step == pitch) {
    memcpy(to, from, (size_t)(count * step) * sizeof(float));
    return;
  }
  for (intptr_t x = 0; x < count; x++, from += pitch, to += step)
    for (intptr_t c = 0; c < step; c += WF_LANES) store(to + c, load(from + c));
}

static void depthwise(const wf_stage *s, float *const *bases, float *scratch, intptr_t task) {
  // Whole chunks first, then the cut ones; neighbouring tasks share weights.
  intptr_t whole = s->wholeChunks * s->images, chunk, image, firstRow = 0, lastRow = s->outHeight;
  if (task < whole) {
    chunk = task / s->images;
    image = task % s->images;
  } else {
    intptr_t rest = task - whole, strip = rest % s->strips;
    chunk = s->wholeChunks + rest / s->strips / s->images;
    image = rest / s->strips % s->images;
    firstRow = s->outHeight * strip / s->strips;
    lastRow = s->outHeight * (strip + 1) / s->strips;
  }
  intptr_t panels = s->blockPanels, panel = chunk * panels, step = panels * WF_PANEL, kernel = s->kernel;
  intptr_t columns = (s->outWidth - 1) * s->stride + kernel, ringRow = columns * step;
  const float *in = at(s->input, bases) + image * s->height * s->width * s->pitch;
  intptr_t outPlane = s->outHeight * s->outWidth;
  float *out = at(s->output, bases) + image * outPlane * s->outPitch + chunk * outPlane * step;
  float *sums = at(s->sums, bases);
  intptr_t present = larger(0, smaller(s->width, columns - s->left));  // columns that come from the input

  product p = {.rowStep = s->pitch, .lastLength = s->channels, .segments = 1, .outStep = step,
               .activation = s->expandActivation};
  if (s->weights) {
    p.weights = s->weights + panel * s->channels * WF_PANEL;
    p.panelStep = s->channels * WF_PANEL;
    p.bias = s->bias + panel * WF_PANEL;
  }
  filter_row_operands f = {.step = step, .weights = s->depthwiseWeights + panel * kernel * kernel * WF_PANEL,
                           .bias = s->depthwiseBias + panel * WF_PANEL, .activation = s->activation,
                           .width = s->outWidth, .outStep = step, .panels = panels};
  void (*filter)(const filter_row_operands *) =
      kernel == 3 ? (s->stride == 1 ? filter_3_1 : filter_3_2) : (s->stride == 1 ? filter_5_1 : filter_5_2);

  if (s->ahead) {
    p.ahead = s->ahead + s->aheadFloats * task / s->tasks;
    p.aheadFloats = s->aheadFloats / s->tasks / larger(1, (lastRow - firstRow) * s->stride);
  }
  float *zeros = scratch, *ring = scratch + ringRow;
  memset(scratch, 0, (size_t)((kernel + 1) * ringRow) * sizeof(float));
  intptr_t next = larger(0, firstRow * s->stride - s->top);  // the first input row that is not in the ring
  for (intptr_t y = firstRow; y < lastRow; y++) {
    intptr_t begin = y * s->stride - s->top, end = smaller(begin + kernel, s->height);
    for (next = larger(next, begin); next < end; next++) {
      float *row = ring + next % kernel * ringRow + s->left * step;
      const float *from = in + next * s->width * s->pitch;
      if (s->weights) {
        p.a = from;
        p.out = row;
        multiply(&p, present, panels);
        p.ahead += p.aheadFloats;
      } else {
        copy_columns(from + panel * WF_PANEL, s->pitch, present, row, step);
      }
    }
    const float *rows[5];
    for (intptr_t ky = 0; ky < kernel; ky++) {
      intptr_t source = begin + ky;
      rows[ky] = source < 0 || source >= s->height ? zeros : ring + source % kernel * ringRow;
    }
    f.rows = rows;
    f.out = out + y * s->outWidth * step;
    f.sums = sums ? sums + (image * s->outHeight + y) * s->outPitch + panel * WF_PANEL : NULL;
    filter(&f);
  }
}

static void max_pool(const wf_stage *s, float *const *bases, intptr_t task) {
  intptr_t blocks = quotient_up(s->outHeight, s->blockRows), image = task / blocks;
  intptr_t first = task % blocks * s->blockRows, last = smaller(first + s->blockRows, s->outHeight);
  const float *in = at(s->input, bases) + image * s->height * s->width * s->pitch;
  float *out = at(s->output, bases) + image * s->outHeight * s->outWidth * s->outPitch;
  for (intptr_t y = first; y < last; y++)
    for (intptr_t x = 0; x < s->outWidth; x++) {
      const float *window = in + (y * s->stride * s->width + x * s->stride) * s->pitch;
      float *to = out + (y * s->outWidth + x) * s->outPitch;
      for (intptr_t c = 0; c < s->pitch; c += WF_LANES) {
        vec best = load(window + c);
        for (intptr_t ky = 0; ky < s->kernel; ky++)
          for (intptr_t kx = 0; kx < s->kernel; kx++)
            best = __builtin_elementwise_max(best, load(window + (ky * s->width + kx) * s->pitch + c));
        store(to + c, best);
      }
    }
}

static void planes(const wf_stage *s, float *const *bases, intptr_t task) {
  intptr_t panels = s->pitch / WF_PANEL, image = task / panels, first = task % panels * WF_PANEL;
  intptr_t last = smaller(first + WF_PANEL, s->channels), plane = s->height * s->width;
  const float *in = at(s->input, bases) + image * plane * s->pitch;
  float *out = at(s->output, bases) + image * s->channels * plane;
  for (intptr_t i = 0; i < plane; i++)
    for (intptr_t c = first; c < last; c++) out[c * plane + i] = in[i * s->pitch + c];
}

static void run_task(const wf_stage *s, float *const *bases, float *scratch, intptr_t task) {
  switch (s->kind) {
    case WF_INTERLEAVE: interleave(s, bases, task); break;
    case WF_PATCHES: patches(s, bases, task); break;
    case WF_POINTWISE: pointwise(s, bases, scratch, task); break;
    case WF_DEPTHWISE: depthwise(s, bases, scratch, task); break;
    case WF_MAX_POOL: max_pool(s, bases, task); break;
    case WF_PLANES: planes(s, bases, task); break;
  }
}
