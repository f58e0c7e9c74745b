/// The steps of the training passes that go forwards, for one kernel set; included by each after `stages.h`.

WF_INLINE vec normalized(const wf_layer *l, vec y, intptr_t c) {
  return multiply_add(y, load(l->factor + c), load(l->shift + c));
}

/// Stores past the caches: for maps that would push everything else out of them before they are read.
WF_INLINE void stream(float *p, vec v) { __builtin_nontemporal_store(v, (vec *)p); }

/// Waits for what was streamed, before other threads are told.
WF_INLINE void end_stream(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

/// Rows to where they are not needed soon.
static void stream_rows(const float *from, intptr_t fromStep, float *to, intptr_t toStep, intptr_t rows,
                        intptr_t channels) {
  for (intptr_t i = 0; i < rows; i++)
    for (intptr_t c = 0; c < channels; c += WF_LANES) stream(to + i * toStep + c, load(from + i * fromStep + c));
  end_stream();
}

/// The pixels of part `part` of `parts`.
WF_INLINE intptr_t part_start(intptr_t total, intptr_t part, intptr_t parts) { return total * part / parts; }

/// Adds `count` rows to the statistics of `before` others: mean and Σ(y − mean)² of each channel. A block's own mean is
/// taken first and blocks are joined by Chan's formula: nothing cancels.
static void add_statistics(const float *rows, intptr_t count, intptr_t step, intptr_t channels, intptr_t before,
                           float *mean, float *squares) {
  float share = 1 / (float)count, all = (float)count / (float)(before + count);
  float between = (float)before * all;
  for (intptr_t c = 0; c < channels; c += WF_LANES) {
    const float *y = rows + c;
    vec s[4] = {splat(0), splat(0), splat(0), splat(0)};
    intptr_t i = 0;
    for (; i + 4 <= count; i += 4)
      WF_UNROLL for (int j = 0; j < 4; j++) s[j] += load(y + (i + j) * step);
    for (; i < count; i++) s[0] += load(y + i * step);
    vec m = ((s[0] + s[1]) + (s[2] + s[3])) * share;
    vec q[4] = {splat(0), splat(0), splat(0), splat(0)};
    for (i = 0; i + 4 <= count; i += 4)
      WF_UNROLL for (int j = 0; j < 4; j++) {
        vec d = load(y + (i + j) * step) - m;
        q[j] = multiply_add(d, d, q[j]);
      }
    for (; i < count; i++) {
      vec d = load(y + i * step) - m;
      q[0] = multiply_add(d, d, q[0]);
    }
    vec sum = (q[0] + q[1]) + (q[2] + q[3]);
    if (before == 0) {
      store(mean + c, m);
      store(squares + c, sum);
    } else {
      vec old = load(mean + c), d = m - old;
      store(mean + c, multiply_add(d, splat(all), old));
      store(squares + c, load(squares + c) + multiply_add(d * d, splat(between), sum));
    }
  }
}

/// Pixels that are computed together: their chains of instructions overlap, and memory is read in the order in which it
/// lies.
#define WF_TOGETHER 4

/// `rows` rows of a map, normalised, activated and gated; fetches what lies `ahead` floats further on.
WF_INLINE void activate_some(const int rows, const bool activated, const bool gated, const wf_layer *l,
                             const float *from, intptr_t fromStep, const float *gates, intptr_t channel,
                             intptr_t channels, float *out, intptr_t outStep, intptr_t ahead) {
  const float *factors = l->factor + channel, *shifts = l->shift + channel;
  for (intptr_t c = 0; c < channels; c += WF_LANES) {
    vec n[rows], factor = load(factors + c), shift = load(shifts + c);
    WF_UNROLL for (int i = 0; i < rows; i++) {
      n[i] = multiply_add(load(from + i * fromStep + c), factor, shift);
      __builtin_prefetch(from + i * fromStep + c + ahead);
    }
    if (activated) activate_vectors(n, rows, WF_SILU);
    if (gated) {
      vec gate = load(gates + channel + c);
      WF_UNROLL for (int i = 0; i < rows; i++) n[i] *= gate;
    }
    WF_UNROLL for (int i = 0; i < rows; i++) store(out + i * outStep + c, n[i]);
  }
}

/// Rows of a map, normalised and activated, and gated if `gates` is given.
static void activate_rows(const wf_layer *l, const float *from, intptr_t fromStep, const float *gates, intptr_t rows,
                          intptr_t channel, intptr_t channels, float *out, intptr_t outStep, intptr_t ahead) {
#define WF_ACTIVATE(count, activated, gated) \
  activate_some(count, activated, gated, l, from, fromStep, gates, channel, channels, out, outStep, ahead)
  while (rows > 0) {
    intptr_t count = rows < WF_TOGETHER ? 1 : WF_TOGETHER;
    if (!l->activated && gates) WF_ACTIVATE(1, false, true), count = 1;
    else if (!l->activated) WF_ACTIVATE(1, false, false), count = 1;
    else if (gates && count == 1) WF_ACTIVATE(1, true, true);
    else if (gates) WF_ACTIVATE(WF_TOGETHER, true, true);
    else if (count == 1) WF_ACTIVATE(1, true, false);
    else WF_ACTIVATE(WF_TOGETHER, true, false);
    from += count * fromStep;
    out += count * outStep;
    rows -= count;
  }
#undef WF_ACTIVATE
}

static void pack_weights(const wf_step *s, intptr_t task) {
  intptr_t outputs = s->outputs, inputs = s->inputs, area = s->kernel * s->kernel;
  if (s->isDepthwise) {
    intptr_t first = task * WF_PANEL, last = smaller(first + WF_PANEL, outputs);
    float *to = s->packed + first * area, *back = s->packedBackward + first * area;
    for (intptr_t k = 0; k < area; k++)
      for (intptr_t c = first; c < first + WF_PANEL; c++) {
        float w = c < last ? s->weights[c * area + k] : 0;
        to[k * WF_PANEL + c - first] = w;
        back[(area - 1 - k) * WF_PANEL + c - first] = w;
      }
    return;
  }
  // Panel `task` of the outputs, and panel `task` of the inputs.
  intptr_t first = task * WF_PANEL, last = smaller(first + WF_PANEL, outputs), length = inputs * area;
  if (first < outputs) {
    float *to = s->packed + first * length;
    for (intptr_t c = 0; c < inputs; c++)
      for (intptr_t k = 0; k < area; k++)
        for (intptr_t o = 0; o < WF_PANEL; o++)
          to[(k * inputs + c) * WF_PANEL + o] =
              first + o < last ? s->weights[((first + o) * inputs + c) * area + k] : 0;
  }
  if (s->packedBackward && first < length) {
    // Patches have their channels inside, filters outside.
    float *to = s->packedBackward + first * outputs;
    intptr_t present = smaller(WF_PANEL, length - first);
    for (intptr_t o = 0; o < outputs; o++, to += WF_PANEL) {
      const float *row = s->weights + o * length;
      for (intptr_t i = 0; i < present; i++) {
        intptr_t at = first + i;
        to[i] = area == 1 ? row[at] : row[at % inputs * area + at / inputs];
      }
      for (intptr_t i = present; i < WF_PANEL; i++) to[i] = 0;
    }
  }
}

static void interleave_input(const wf_step *s, intptr_t task) {
  intptr_t channels = s->inputs, plane = s->inputHeight * s->inputWidth;
  const wf_layer *l = s->layer;
  intptr_t height = (l->height - 1) * s->stride + s->kernel, width = (l->width - 1) * s->stride + s->kernel;
  float *out = s->output + task * height * width * channels;
  memset(out, 0, (size_t)(height * width * channels) * sizeof(float));
  for (intptr_t y = 0; y < height; y++) {
    intptr_t from = y - s->top;
    if (from < 0 || from >= s->inputHeight) continue;
    for (intptr_t c = 0; c < channels; c++) {
      const float *in = s->input + (task * channels + c) * plane + from * s->inputWidth;
      for (intptr_t x = larger(0, s->left); x < smaller(width, s->inputWidth + s->left); x++)
        out[(y * width + x) * channels + c] = in[x - s->left];
    }
  }
}

/// What a convolution adds to its products.
WF_INLINE const float *bias(const wf_step *s) { return s->layer->bias ? s->layer->bias : s->zeros; }

static void forward_dense(const wf_step *s, intptr_t task) {
  const wf_layer *l = s->layer;
  intptr_t plane = l->height * l->width, length = s->kernel * s->inputs;
  intptr_t width = (l->width - 1) * s->stride + s->kernel, height = (l->height - 1) * s->stride + s->kernel;
  float *mean = l->partials ? l->partials + task * 2 * l->pitch : NULL;
  product p = {.rowStep = s->stride * s->inputs, .length = length, .lastLength = length,
               .segments = s->kernel,
               .segmentStep = width * s->inputs, .weights = s->packed, .panelStep = s->kernel * length * WF_PANEL,
               .bias = bias(s), .outStep = l->pitch};
  for (intptr_t y = 0; y < l->height; y++) {
    p.a = s->input + (task * height + y * s->stride) * width * s->inputs;
    p.out = l->map + (task * plane + y * l->width) * l->pitch;
    multiply(&p, l->width, l->pitch / WF_PANEL);
    if (mean) add_statistics(p.out, l->width, l->pitch, l->pitch, y * l->width, mean, mean + l->pitch);
  }
}

static void forward_pointwise(const wf_step *s, float *scratch, intptr_t task) {
  const wf_layer *l = s->layer;
  intptr_t plane = l->height * l->width, total = l->images * plane;
  intptr_t first = part_start(total, task, l->parts), last = part_start(total, task + 1, l->parts);
  product p = {.a = s->input + first * s->inputPitch, .rowStep = s->inputPitch, .lastLength = s->inputs, .segments = 1,
               .weights = s->packed, .panelStep = s->inputs * WF_PANEL, .bias = bias(s),
               .out = l->map + first * l->pitch, .outStep = l->pitch, .residualStep = l->pitch,
               .residual = s->residual ? s->residual + first * l->pitch : NULL};
  if (s->source) {
    for (intptr_t i = first; i < last;) {  // image by image: gates
      intptr_t end = smaller(last, (i / plane + 1) * plane);
      activate_rows(s->source, s->source->map + i * s->inputPitch, s->inputPitch,
                    s->gate ? s->gate->gates + i / plane * s->inputPitch : NULL, end - i, 0, s->inputPitch,
                    scratch + (i - first) * s->inputPitch, s->inputPitch, 16 * s->inputPitch);
      i = end;
    }
    p.a = scratch;
    scratch += (last - first) * s->inputPitch;
  }
  float *out = p.out;
  if (s->streams) p.out = scratch;
  multiply(&p, last - first, l->pitch / WF_PANEL);
  if (l->partials) {
    float *mean = l->partials + task * 2 * l->pitch;
    add_statistics(p.out, last - first, l->pitch, l->pitch, 0, mean, mean + l->pitch);
  }
  if (s->streams) stream_rows(p.out, l->pitch, out, l->pitch, last - first, l->pitch);
}

static void (*const filters[2][2])(const filter_row_operands *) = {{filter_3_1, filter_3_2}, {filter_5_1, filter_5_2}};

static void forward_depthwise(const wf_step *s, float *scratch, intptr_t task) {
  const wf_layer *l = s->layer;
  intptr_t image = task % l->images, panel = task / l->images * s->blockPanels, kernel = s->kernel, pitch = l->pitch;
  intptr_t step = smaller(s->blockPanels, pitch / WF_PANEL - panel) * WF_PANEL, channel = panel * WF_PANEL;
  intptr_t columns = (l->width - 1) * s->stride + kernel, ringRow = columns * step;
  intptr_t present = larger(0, smaller(s->inputWidth, columns - s->left));
  const float *in = (s->source ? s->source->map : s->input) + image * s->inputHeight * s->inputWidth * pitch + channel;
  float *out = l->map + image * l->height * l->width * pitch + channel;
  float *mean = l->partials ? l->partials + image * 2 * pitch + channel : NULL;
  filter_row_operands f = {.step = step, .weights = s->packed + channel * kernel * kernel,
                           .bias = l->bias ? l->bias + channel : s->zeros,
                           .width = l->width, .outStep = pitch, .panels = step / WF_PANEL};
  float *zeros = scratch, *ring = scratch + ringRow, *rowsOut = ring + kernel * ringRow;
  if (s->streams) f.outStep = step;
  memset(scratch, 0, (size_t)((kernel + 1) * ringRow) * sizeof(float));
  intptr_t next = 0, done = 0, many = quotient_up(128, l->width);
  for (intptr_t y = 0; y < l->height; y++) {
    intptr_t begin = y * s->stride - s->top, end = smaller(begin + kernel, s->inputHeight);
    for (next = larger(next, begin); next < end; next++) {
      float *row = ring + next % kernel * ringRow + s->left * step;
      const float *from = in + next * s->inputWidth * pitch;
      if (s->source)
        activate_rows(s->source, from, pitch, NULL, present, channel, step, row, step, s->inputWidth * pitch);
      else
        for (intptr_t x = 0; x < present; x++) memcpy(row + x * step, from + x * pitch, (size_t)step * sizeof(float));
    }
    const float *rows[5];
    for (intptr_t ky = 0; ky < kernel; ky++) {
      intptr_t at = begin + ky;
      rows[ky] = at < 0 || at >= s->inputHeight ? zeros : ring + at % kernel * ringRow;
    }
    f.rows = rows;
    f.out = s->streams ? rowsOut + (y - done) * l->width * step : out + y * l->width * pitch;
    filters[kernel == 5][s->stride - 1](&f);
    if ((y + 1) % many == 0 || y + 1 == l->height) {
      float *to = out + done * l->width * pitch, *from = s->streams ? rowsOut : to;
      if (mean) add_statistics(from, (y + 1 - done) * l->width, f.outStep, step, done * l->width, mean, mean + pitch);
      if (s->streams) stream_rows(from, step, to, pitch, (y + 1 - done) * l->width, step);
      done = y + 1;
    }
  }
}

/// One panel of channels of a layer.
static void join_statistics(const wf_step *s, intptr_t task) {
  const wf_layer *l = s->layer;
  bool frozen = l->frozenMean != NULL;
  intptr_t total = l->images * l->height * l->width, pitch = l->pitch, first = task * WF_PANEL;
  double mean[WF_PANEL] = {0}, squares[WF_PANEL] = {0}, count = 0;
  for (intptr_t part = 0; part < l->parts && !frozen; part++) {
    const float *p = l->partials + part * 2 * pitch + first;
    double n = (double)(part_start(total, part + 1, l->parts) - part_start(total, part, l->parts));
    for (int c = 0; c < WF_PANEL; c++) {
      double d = p[c] - mean[c];
      mean[c] += d * n / (count + n);
      squares[c] += p[pitch + c] + d * d * n * count / (count + n);
    }
    count += n;
  }
  for (int i = 0; i < WF_PANEL; i++) {
    intptr_t c = first + i;
    bool exists = c < l->channels;
    if (frozen) mean[i] = exists ? l->frozenMean[c] : 0;
    double variance = !frozen ? squares[i] / count : exists ? l->frozenVariance[c] : 0;
    double inverse = 1 / sqrt(variance + (double)l->epsilon);
    l->mean[c] = exists ? (float)mean[i] : 0;
    l->inverse[c] = exists ? (float)inverse : 0;
    l->factor[c] = exists ? (float)(l->gamma[c] * inverse) : 0;
    l->shift[c] = exists ? (float)(l->beta[c] - mean[i] * l->gamma[c] * inverse) : 0;
    if (exists && !frozen) {
      l->batchMean[c] = (float)mean[i];
      l->batchVariance[c] = (float)variance;
    }
  }
}

/// Rows of a block whose channels are gone through one vector after the other.
#define WF_FEW_ROWS 8

static void forward_pool(const wf_step *s, intptr_t task) {
  const wf_layer *l = s->layer;
  intptr_t image = task % l->images, plane = l->height * l->width, pitch = l->pitch;
  intptr_t first = task / l->images * s->blockPanels * WF_PANEL, last = smaller(pitch, first + s->blockPanels * WF_PANEL);
  const float *map = l->map + image * plane * pitch;
  float *out = s->output + image * pitch;
  for (intptr_t c = first; c < last; c++) out[c] = 0;
  for (intptr_t i = 0; i < plane; i += WF_FEW_ROWS) {
    intptr_t rows = smaller(WF_FEW_ROWS, plane - i);
    for (intptr_t c = first; c < last; c += WF_LANES) {
      vec sum = splat(0), factor = load(l->factor + c), shift = load(l->shift + c), n[WF_FEW_ROWS];
      if (rows == WF_FEW_ROWS) {
        WF_UNROLL for (int r = 0; r < WF_FEW_ROWS; r++)
          n[r] = multiply_add(load(map + (i + r) * pitch + c), factor, shift);
        if (l->activated) activate_vectors(n, WF_FEW_ROWS, WF_SILU);
        WF_UNROLL for (int r = 0; r < WF_FEW_ROWS; r++) sum += n[r];
      } else {
        for (intptr_t r = 0; r < rows; r++) {
          vec v = multiply_add(load(map + (i + r) * pitch + c), factor, shift);
          sum += l->activated ? logistic(v, v) : v;
        }
      }
      store(out + c, load(out + c) + sum);
    }
  }
  for (intptr_t c = first; c < last; c += WF_LANES) store(out + c, load(out + c) * (1 / (float)plane));
}

static float dot(const float *a, const float *b, intptr_t count) {
  vec sum = splat(0);
  intptr_t i = 0;
  for (; i + WF_LANES <= count; i += WF_LANES) sum = multiply_add(load(a + i), load(b + i), sum);
  float total = 0;
  for (int j = 0; j < WF_LANES; j++) total += sum[j];
  for (; i < count; i++) total += a[i] * b[i];
  return total;
}

/// y += factor · x
static void add_scaled(float factor, const float *x, float *y, intptr_t count) {
  intptr_t i = 0;
  for (; i + WF_LANES <= count; i += WF_LANES) store(y + i, multiply_add(splat(factor), load(x + i), load(y + i)));
  for (; i < count; i++) y[i] += factor * x[i];
}

static void forward_gate(const wf_step *s, intptr_t task) {
  const wf_layer *l = s->layer;
  const wf_gate *g = s->gate;
  const float *pooled = g->pooled + task * l->pitch;
  float *before = g->before + task * g->squeezedPitch, *after = g->after + task * g->squeezedPitch;
  for (intptr_t i = 0; i < g->squeezedPitch; i++)
    before[i] = i < g->squeezed ? g->reduceBias[i] + dot(g->reduceWeights + i * l->channels, pooled, l->channels) : 0;
  for (intptr_t i = 0; i < g->squeezedPitch; i += WF_LANES) {
    vec x = load(before + i);
    store(after + i, logistic(x, x));
  }
  float *gates = g->gates + task * l->pitch;
  for (intptr_t c = 0; c < l->pitch; c++)
    gates[c] = c < l->channels ? g->expandBias[c] + dot(g->expandWeights + c * g->squeezed, after, g->squeezed) : 0;
  for (intptr_t c = 0; c < l->pitch; c += WF_LANES) store(gates + c, logistic(load(gates + c), splat(1)));
}

static void forward_output(const wf_step *s, intptr_t task) {
  const wf_layer *l = s->layer;
  intptr_t plane = l->height * l->width, total = l->images * plane, pitch = l->pitch;
  intptr_t first = part_start(total, task, s->tasks), last = part_start(total, task + 1, s->tasks);
  for (intptr_t i = first; i < last; i++) {
    vec share = splat(l->imageFactors ? l->imageFactors[i / plane] : 1);
    for (intptr_t c = 0; c < pitch; c += WF_LANES) {
      vec n = normalized(l, load(l->map + i * pitch + c), c);
      if (l->activated) n = logistic(n, n);
      n *= share;
      if (s->residual) n += load(s->residual + i * pitch + c);
      store(s->output + i * pitch + c, n);
    }
  }
}
