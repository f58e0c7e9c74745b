/// The steps of the training passes that go backwards, for one kernel set; included by each after `training.h`.
///
/// z is the gradient of what a layer's normalisation gives, before the activation; that of the map itself is
/// a · z + b · y + c once the sums of z are known. With fixed statistics it is z itself: the normalisation is part of the
/// weights.

/// The slope of SiLU at n, and its value.
WF_INLINE vec silu_slope(vec n, vec *value) {
  vec q = logistic(n, splat(1));
  *value = n * q;
  return multiply_add(*value, 1 - q, q);
}

/// Rows of the gradient of a map, from those of z or from the gradient of the pooled map.
static void map_gradient(const wf_step *s, intptr_t image, intptr_t first, intptr_t rows, float *out) {
  const wf_layer *l = s->layer;
  intptr_t pitch = l->pitch;
  const float *y = l->map + first * pitch, *z = s->gradient + (s->isPooled ? image : first) * pitch;
  vec share = splat(l->imageFactors ? l->imageFactors[image] : 1);
  for (intptr_t i = 0; i < rows; i++, y += pitch, out += pitch) {
    for (intptr_t c = 0; c < pitch; c += WF_LANES) {
      vec v = load(y + c), g = load(z + c) * share;
      if (s->isPooled && l->activated) {
        vec value;
        g *= silu_slope(normalized(l, v, c), &value);
      }
      store(out + c, multiply_add(load(l->a + c), g, multiply_add(load(l->b + c), v, load(l->c + c))));
    }
    if (!s->isPooled) z += pitch;
  }
}

#if WF_LANES == 16
#define WF_OUTER_ROWS 8
#elif WF_LANES == 8 || defined(__aarch64__)
#define WF_OUTER_ROWS 4
#else
#define WF_OUTER_ROWS 2
#endif

/// sums[i][j] += Σ over `count` rows of g[row][i] · x[row][j], for WF_OUTER_ROWS × `panels` of them in registers.
WF_INLINE void outer_tile(const int panels, const float *g, intptr_t gStep, const float *x, intptr_t xStep,
                          intptr_t count, float *sums, intptr_t sumStep, bool adds) {
  const int vectors = panels * WF_PARTS;
  vec sum[WF_OUTER_ROWS * vectors];
  WF_UNROLL for (int i = 0; i < WF_OUTER_ROWS; i++)
    WF_UNROLL for (int j = 0; j < vectors; j++)
      sum[i * vectors + j] = adds ? load(sums + i * sumStep + j * WF_LANES) : splat(0);
#pragma clang loop unroll_count(2)
  for (intptr_t k = 0; k < count; k++, g += gStep, x += xStep) {
    vec b[vectors];
    WF_UNROLL for (int j = 0; j < vectors; j++) b[j] = load(x + j * WF_LANES);
    WF_UNROLL for (int i = 0; i < WF_OUTER_ROWS; i++) {
      vec a = splat(g[i]);
      WF_UNROLL for (int j = 0; j < vectors; j++) sum[i * vectors + j] = multiply_add(a, b[j], sum[i * vectors + j]);
    }
  }
  WF_UNROLL for (int i = 0; i < WF_OUTER_ROWS; i++)
    WF_UNROLL for (int j = 0; j < vectors; j++) store(sums + i * sumStep + j * WF_LANES, sum[i * vectors + j]);
}

/// The outer product of `rows` columns of g and `panels` panels of x, added up over `count` rows.
static void outer(const float *g, intptr_t gStep, intptr_t rows, const float *x, intptr_t xStep, intptr_t panels,
                  intptr_t count, float *sums, intptr_t sumStep, bool adds) {
  for (intptr_t j = 0; j < panels;) {
    intptr_t width = smaller(panels - j, smaller(3, WF_MAX_PANELS));
    for (intptr_t i = 0; i < rows; i += WF_OUTER_ROWS) {
      const float *from = x + j * WF_PANEL;
      float *to = sums + i * sumStep + j * WF_PANEL;
      switch (width) {
        case 1: outer_tile(1, g + i, gStep, from, xStep, count, to, sumStep, adds); break;
#if WF_MAX_PANELS >= 3
        case 2: outer_tile(2, g + i, gStep, from, xStep, count, to, sumStep, adds); break;
        case 3: outer_tile(3, g + i, gStep, from, xStep, count, to, sumStep, adds); break;
#endif
      }
    }
    j += width;
  }
}

/// Values and slopes of SiLU at `count` vectors, side by side; `n` becomes the values.
WF_INLINE void silu_slopes(const int count, vec *n, vec *slope) {
  WF_UNROLL for (int i = 0; i < count; i++) slope[i] = logistic(n[i], splat(1));
  WF_UNROLL for (int i = 0; i < count; i++) {
    n[i] *= slope[i];
    slope[i] = multiply_add(n[i], 1 - slope[i], slope[i]);
  }
}

/// Of `rows` gated rows: the gated values again, to `x`, and the sums that the gate and the normalisation need.
WF_INLINE void gated_sums_of(const int rows, const wf_layer *l, const float *gates, const float *y, intptr_t step,
                             const float *u, intptr_t uStep, intptr_t channel, intptr_t channels, float *x,
                             float *sums) {
  for (intptr_t k = 0; k < channels; k += WF_LANES) {
    intptr_t c = channel + k;
    float *total = sums + c;
    vec mean = load(l->mean + c), gate = load(gates + c), factor = load(l->factor + c), shift = load(l->shift + c);
    vec v[rows], n[rows], slope[rows], sum[5];
    WF_UNROLL for (int r = 0; r < rows; r++) {
      v[r] = load(y + r * step + k);
      n[r] = multiply_add(v[r], factor, shift);
      slope[r] = splat(1);
    }
    if (l->activated) silu_slopes(rows, n, slope);
    WF_UNROLL for (int j = 0; j < 5; j++) sum[j] = load(total + j * step);
    WF_UNROLL for (int r = 0; r < rows; r++) {
      store(x + r * channels + k, n[r] * gate);
      vec g = load(u + r * uStep + k), flow = g * slope[r], d = v[r] - mean;
      sum[0] = multiply_add(g, n[r], sum[0]);
      sum[1] += flow;
      sum[2] += slope[r];
      sum[3] = multiply_add(flow, d, sum[3]);
      sum[4] = multiply_add(slope[r], d, sum[4]);
    }
    WF_UNROLL for (int j = 0; j < 5; j++) store(total + j * step, sum[j]);
  }
}

/// With fixed statistics: of `rows` gated rows only Σ u·v, which the gate needs.
WF_INLINE void gate_sum_of(const int rows, const wf_layer *l, const float *y, intptr_t step, const float *u,
                           intptr_t uStep, intptr_t channels, float *sums) {
  for (intptr_t k = 0; k < channels; k += WF_LANES) {
    vec v[rows], sum = load(sums + k);
    WF_UNROLL for (int r = 0; r < rows; r++) v[r] = load(y + r * step + k);
    if (l->activated) activate_vectors(v, rows, WF_SILU);
    WF_UNROLL for (int r = 0; r < rows; r++) sum = multiply_add(load(u + r * uStep + k), v[r], sum);
    store(sums + k, sum);
  }
}

static void gate_sum(const wf_layer *l, const float *y, intptr_t step, const float *u, intptr_t uStep, intptr_t rows,
                     intptr_t channels, float *sums) {
  intptr_t i = 0;
  for (; i + WF_TOGETHER <= rows; i += WF_TOGETHER)
    gate_sum_of(WF_TOGETHER, l, y + i * step, step, u + i * uStep, uStep, channels, sums);
  for (; i < rows; i++) gate_sum_of(1, l, y + i * step, step, u + i * uStep, uStep, channels, sums);
}

static void gated_sums(const wf_layer *l, const float *gates, const float *y, intptr_t step, const float *u,
                       intptr_t uStep, intptr_t rows, intptr_t channel, intptr_t channels, float *x, float *sums) {
  intptr_t i = 0;
  for (; i + WF_TOGETHER <= rows; i += WF_TOGETHER)
    gated_sums_of(WF_TOGETHER, l, gates, y + i * step, step, u + i * uStep, uStep, channel, channels, x + i * channels,
                  sums);
  for (; i < rows; i++)
    gated_sums_of(1, l, gates, y + i * step, step, u + i * uStep, uStep, channel, channels, x + i * channels, sums);
}

/// Adds Σ z and Σ z · (y − mean) of rows of the gradient that a layer's output gets.
static void add_sums(const wf_layer *l, const float *y, intptr_t yStep, const float *z, intptr_t zStep, float share,
                     intptr_t rows, intptr_t channel, intptr_t channels, float *sums) {
  for (intptr_t i = 0; i < rows; i += WF_FEW_ROWS) {
    intptr_t few = smaller(WF_FEW_ROWS, rows - i);
    for (intptr_t k = 0; k < channels; k += WF_LANES) {
      float *total = sums + channel + k;
      vec mean = load(l->mean + channel + k), sum = splat(0), product = splat(0);
      for (intptr_t r = i; r < i + few; r++) {
        vec g = load(z + r * zStep + k);
        sum += g;
        product = multiply_add(g, load(y + r * yStep + k) - mean, product);
      }
      store(total, multiply_add(sum, splat(share), load(total)));
      store(total + l->pitch, multiply_add(product, splat(share), load(total + l->pitch)));
    }
  }
}

static void clear_sums(float *sums, intptr_t rows, intptr_t step, intptr_t channel, intptr_t channels) {
  for (intptr_t i = 0; i < rows; i++) memset(sums + i * step + channel, 0, (size_t)channels * sizeof(float));
}

static void interleave_map(const wf_step *s, intptr_t task) {
  intptr_t plane = s->inputHeight * s->inputWidth, pitch = s->inputPitch, panels = pitch / WF_PANEL;
  intptr_t image = task / panels, channel = task % panels * WF_PANEL, count = smaller(WF_PANEL, s->inputs - channel);
  const float *from = s->input + (image * s->inputs + channel) * plane;
  float *to = s->output + image * plane * pitch + channel;
  for (intptr_t i = 0; i < plane; i++)
    for (intptr_t c = 0; c < WF_PANEL; c++) to[i * pitch + c] = c < count ? from[c * plane + i] : 0;
  const wf_layer *t = s->target;
  if (!t) return;
  float *sums = t->sums + image * 2 * pitch;
  clear_sums(sums, 2, pitch, channel, WF_PANEL);
  add_sums(t, t->map + image * plane * pitch + channel, pitch, to, pitch, t->imageFactors ? t->imageFactors[image] : 1,
           plane, channel, WF_PANEL, sums);
}

static void separate_map(const wf_step *s, intptr_t task) {
  intptr_t plane = s->inputHeight * s->inputWidth, pitch = s->inputPitch, panels = pitch / WF_PANEL;
  intptr_t image = task / panels, channel = task % panels * WF_PANEL, count = smaller(WF_PANEL, s->inputs - channel);
  const float *from = s->input + image * plane * pitch + channel;
  float *to = s->output + (image * s->inputs + channel) * plane;
  for (intptr_t i = 0; i < plane; i++)
    for (intptr_t c = 0; c < count; c++) to[c * plane + i] = from[i * pitch + c];
}

static void backward_pointwise(const wf_step *s, float *scratch, intptr_t task) {
  const wf_layer *l = s->layer, *t = s->target;
  intptr_t part = task % s->parts, panel = task / s->parts * s->blockPanels, plane = l->height * l->width;
  intptr_t pitch = s->inputPitch, panels = smaller(s->blockPanels, pitch / WF_PANEL - panel);
  intptr_t channel = panel * WF_PANEL, channels = panels * WF_PANEL;
  float *rows = scratch, *gated = scratch + s->blockRows * l->pitch, *given = gated + s->blockRows * channels;
  float *filter = s->filterSums ? s->filterSums + part * l->pitch * pitch + channel : NULL;
  product p = {.a = rows, .rowStep = l->pitch, .lastLength = s->outputs, .segments = 1,
               .weights = s->packedBackward + channel * s->outputs, .panelStep = s->outputs * WF_PANEL,
               .bias = s->zeros, .residualStep = pitch};
  float *sums = t ? t->sums + part * 2 * pitch : NULL;
  if (t) clear_sums(sums, 2, pitch, channel, channels);
  intptr_t begin = part_start(l->images, part, s->parts) * plane, end = part_start(l->images, part + 1, s->parts) * plane;
  if (s->gate)
    for (intptr_t image = begin / plane; image < end / plane; image++)
      clear_sums(s->gate->sums + image * 5 * pitch, 5, pitch, channel, channels);
  // Blocks are of several whole images, or equal parts of one.
  intptr_t several = s->blockRows / plane * plane, blocks = quotient_up(plane, s->blockRows);
  for (intptr_t first = begin, block = 0, last; first < end; first = last) {
    last = first + several;
    if (several == 0) {
      last = first - part_start(plane, block, blocks) + part_start(plane, block + 1, blocks);
      block = (block + 1) % blocks;
    }
    last = smaller(last, end);
    float *out = s->streams ? given : s->output + first * pitch + channel;
    const float *x = s->gate ? gated : s->input + first * pitch + channel;
    p.outStep = s->streams ? channels : pitch;
    p.out = out;
    p.residual = s->residual ? s->residual + first * pitch + channel : NULL;
    if (l->bias && !s->isPooled) p.a = s->gradient + first * l->pitch;
    else
      for (intptr_t i = first, next; i < last; i = next) {
        next = smaller(last, (i / plane + 1) * plane);
        map_gradient(s, i / plane, i, next - i, rows + (i - first) * l->pitch);
      }
    multiply(&p, last - first, panels);
    for (intptr_t i = first, next; i < last; i = next) {
      intptr_t image = i / plane;
      next = smaller(last, (image + 1) * plane);
      const float *from = out + (i - first) * p.outStep;
      if (s->gate && l->bias)
        gate_sum(s->source, s->source->map + i * pitch + channel, pitch, from, p.outStep, next - i, channels,
                 s->gate->sums + image * 5 * pitch + channel);
      else if (s->gate)
        gated_sums(s->source, s->gate->gates + image * pitch, s->source->map + i * pitch + channel, pitch, from,
                   p.outStep, next - i, channel, channels, gated + (i - first) * channels,
                   s->gate->sums + image * 5 * pitch);
      if (t)
        add_sums(t, t->map + i * pitch + channel, pitch, from, p.outStep, t->imageFactors ? t->imageFactors[image] : 1,
                 next - i, channel, channels, sums);
    }
    if (s->streams) stream_rows(out, p.outStep, s->output + first * pitch + channel, pitch, last - first, channels);
    if (filter)
      outer(rows, l->pitch, l->pitch, x, s->gate ? channels : pitch, panels, last - first, filter, pitch, first > begin);
  }
}

static void backward_pool(const wf_step *s, intptr_t task) {
  const wf_layer *l = s->layer;
  intptr_t image = task % l->images, plane = l->height * l->width, pitch = l->pitch;
  intptr_t first = task / l->images * s->blockPanels * WF_PANEL, last = smaller(pitch, first + s->blockPanels * WF_PANEL);
  const float *map = l->map + image * plane * pitch, *gradient = s->gradient + image * pitch;
  float *sums = l->sums + image * 2 * pitch;
  for (intptr_t c = first; c < last; c += WF_LANES) {
    vec mean = load(l->mean + c), sum = splat(0), product = splat(0);
    for (intptr_t i = 0; i < plane; i++) {
      vec y = load(map + i * pitch + c), value, slope = splat(1);
      if (l->activated) slope = silu_slope(normalized(l, y, c), &value);
      sum += slope;
      product = multiply_add(slope, y - mean, product);
    }
    store(sums + c, sum * load(gradient + c));
    store(sums + pitch + c, product * load(gradient + c));
  }
}

/// From Σ z and Σ z · (y − mean) to the gradients of β and γ, and to a, b, c.
static void finish_channel(const wf_layer *l, intptr_t c, double sum, double product) {
  double count = (double)(l->images * l->height * l->width), gamma = product * l->inverse[c];
  double factor = l->factor[c], slope = -factor * l->inverse[c] * gamma / count;
  bool frozen = l->frozenMean != NULL;  // statistics that do not follow the map send nothing back to it
  l->a[c] = (float)factor;
  l->b[c] = frozen ? 0 : (float)slope;
  l->c[c] = frozen ? 0 : (float)(-factor * sum / count - slope * l->mean[c]);
  if (c >= l->channels) return;
  if (l->gammaGradient) l->gammaGradient[c] = (float)gamma;
  if (l->betaGradient) l->betaGradient[c] = (float)sum;
}

static void join_sums(const wf_step *s, intptr_t task) {
  const wf_layer *l = s->layer;
  for (intptr_t c = task * WF_PANEL; c < (task + 1) * WF_PANEL; c++) {
    double sum = 0, product = 0;
    for (intptr_t part = 0; part < l->sumParts; part++) {
      sum += l->sums[part * 2 * l->pitch + c];
      product += l->sums[(part * 2 + 1) * l->pitch + c];
    }
    finish_channel(l, c, sum, product);
  }
}

static void backward_gate(const wf_step *s, intptr_t image) {
  const wf_layer *l = s->layer;
  const wf_gate *g = s->gate;
  intptr_t pitch = l->pitch, squeezed = g->squeezed;
  const float *flow = g->sums + image * 5 * pitch, *gates = g->gates + image * pitch;
  float *gate = g->gateGradient + image * pitch, *before = g->beforeGradient + image * g->squeezedPitch;
  float *pooled = g->pooledGradient + image * pitch;
  for (intptr_t c = 0; c < pitch; c += WF_LANES) {
    vec v = load(gates + c);
    store(gate + c, load(flow + c) * v * (1 - v));
    store(pooled + c, splat(0));
  }
  for (intptr_t i = 0; i < g->squeezedPitch; i++) before[i] = 0;
  for (intptr_t c = 0; c < l->channels; c++) add_scaled(gate[c], g->expandWeights + c * squeezed, before, squeezed);
  for (intptr_t i = 0; i < g->squeezedPitch; i += WF_LANES) {
    vec value;
    store(before + i, load(before + i) * silu_slope(load(g->before + image * g->squeezedPitch + i), &value));
  }
  float share = 1 / (float)(l->height * l->width);
  for (intptr_t i = 0; i < squeezed; i++)
    add_scaled(before[i] * share, g->reduceWeights + i * l->channels, pooled, l->channels);
}

static void backward_gate_weights(const wf_step *s, intptr_t task) {
  const wf_layer *l = s->layer;
  const wf_gate *g = s->gate;
  intptr_t pitch = l->pitch, squeezed = g->squeezed, first = task * WF_PANEL;
  for (intptr_t c = first; c < first + WF_PANEL; c++) {
    double sum = 0, product = 0;
    for (intptr_t i = 0; i < l->images; i++) {
      const float *sums = g->sums + i * 5 * pitch + c;
      double gate = g->gates[i * pitch + c], pooled = g->pooledGradient[i * pitch + c];
      sum += gate * sums[pitch] + pooled * sums[2 * pitch];
      product += gate * sums[3 * pitch] + pooled * sums[4 * pitch];
    }
    finish_channel(l, c, sum, product);
    if (c >= l->channels) continue;
    if (g->expandWeightsGradient) {
      float *to = g->expandWeightsGradient + c * squeezed;
      memset(to, 0, (size_t)squeezed * sizeof(float));
      for (intptr_t i = 0; i < l->images; i++)
        add_scaled(g->gateGradient[i * pitch + c], g->after + i * g->squeezedPitch, to, squeezed);
    }
    if (g->expandBiasGradient) {
      float total = 0;
      for (intptr_t i = 0; i < l->images; i++) total += g->gateGradient[i * pitch + c];
      g->expandBiasGradient[c] = total;
    }
  }
  intptr_t count = smaller(WF_PANEL, l->channels - first);
  if (g->reduceWeightsGradient)
    for (intptr_t j = 0; j < squeezed; j++) {
      float *to = g->reduceWeightsGradient + j * l->channels + first;
      memset(to, 0, (size_t)count * sizeof(float));
      for (intptr_t i = 0; i < l->images; i++)
        add_scaled(g->beforeGradient[i * g->squeezedPitch + j], g->pooled + i * pitch + first, to, count);
    }
  if (task == 0 && g->reduceBiasGradient)
    for (intptr_t j = 0; j < squeezed; j++) {
      float total = 0;
      for (intptr_t i = 0; i < l->images; i++) total += g->beforeGradient[i * g->squeezedPitch + j];
      g->reduceBiasGradient[j] = total;
    }
}

/// Row `y` of the patches that a dense filter sees, `length` values padded to `pitch`.
static void patch_rows(const wf_step *s, intptr_t image, intptr_t y, intptr_t pitch, float *out) {
  const wf_layer *l = s->layer;
  intptr_t width = (l->width - 1) * s->stride + s->kernel, height = (l->height - 1) * s->stride + s->kernel;
  intptr_t run = s->kernel * s->inputs;
  const float *in = s->input + (image * height + y * s->stride) * width * s->inputs;
  for (intptr_t x = 0; x < l->width; x++, out += pitch) {
    for (intptr_t ky = 0; ky < s->kernel; ky++)
      for (intptr_t i = 0; i < run; i++) out[ky * run + i] = in[(ky * width + x * s->stride) * s->inputs + i];
    for (intptr_t i = s->kernel * run; i < pitch; i++) out[i] = 0;
  }
}

static void backward_dense(const wf_step *s, float *scratch, intptr_t part) {
  const wf_layer *l = s->layer;
  intptr_t pitch = quotient_up(s->inputs * s->kernel * s->kernel, WF_PANEL) * WF_PANEL;
  float *rows = scratch, *patches = scratch + l->width * l->pitch;
  bool adds = false;
  for (intptr_t i = part_start(l->images, part, s->parts); i < part_start(l->images, part + 1, s->parts); i++)
    for (intptr_t y = 0; y < l->height; y++) {
      map_gradient(s, i, (i * l->height + y) * l->width, l->width, rows);
      patch_rows(s, i, y, pitch, patches);
      outer(rows, l->pitch, l->pitch, patches, pitch, pitch / WF_PANEL, l->width,
            s->filterSums + part * l->pitch * pitch, pitch, adds);
      adds = true;
    }
}

static void backward_input(const wf_step *s, float *scratch, intptr_t image) {
  const wf_layer *l = s->layer;
  intptr_t pitch = quotient_up(s->inputs * s->kernel * s->kernel, WF_PANEL) * WF_PANEL;
  intptr_t plane = s->inputHeight * s->inputWidth;
  float *rows = scratch, *patches = scratch + l->width * l->pitch, *out = s->output + image * s->inputs * plane;
  memset(out, 0, (size_t)(s->inputs * plane) * sizeof(float));
  product p = {.a = rows, .rowStep = l->pitch, .lastLength = s->outputs, .segments = 1, .weights = s->packedBackward,
               .panelStep = s->outputs * WF_PANEL, .bias = s->zeros, .out = patches, .outStep = pitch};
  for (intptr_t y = 0; y < l->height; y++) {
    intptr_t first = (image * l->height + y) * l->width;
    if (l->bias) p.a = s->gradient + first * l->pitch;
    else map_gradient(s, image, first, l->width, rows);
    multiply(&p, l->width, pitch / WF_PANEL);
    for (intptr_t ky = 0; ky < s->kernel; ky++) {
      intptr_t row = y * s->stride + ky - s->top;
      if (row < 0 || row >= s->inputHeight) continue;
      for (intptr_t x = 0; x < l->width; x++)
        for (intptr_t kx = 0; kx < s->kernel; kx++) {
          intptr_t column = x * s->stride + kx - s->left;
          if (column < 0 || column >= s->inputWidth) continue;
          for (intptr_t c = 0; c < s->inputs; c++)
            out[c * plane + row * s->inputWidth + column] +=
                patches[x * pitch + (ky * s->kernel + kx) * s->inputs + c];
        }
    }
  }
}

/// One panel of outputs of a filter.
static void join_filter(const wf_step *s, intptr_t task) {
  intptr_t area = s->kernel * s->kernel, length = s->inputs * area, pitch = quotient_up(length, WF_PANEL) * WF_PANEL;
  intptr_t rows = quotient_up(s->outputs, WF_PANEL) * WF_PANEL;
  intptr_t first = task * WF_PANEL, last = smaller(first + WF_PANEL, s->outputs);
  for (intptr_t o = first; o < last; o++) {
    float *to = s->filterGradient + (s->isDepthwise ? o * area : o * length);
    if (s->isDepthwise) {
      for (intptr_t k = 0; k < area; k++) {
        float sum = 0;
        for (intptr_t part = 0; part < s->parts; part++)
          sum += s->filterSums[(part * rows + first) * area + k * WF_PANEL + o - first];
        to[k] = sum;
      }
    } else if (area == 1) {
      memcpy(to, s->filterSums + o * pitch, (size_t)length * sizeof(float));
      for (intptr_t part = 1; part < s->parts; part++) {
        const float *from = s->filterSums + (part * rows + o) * pitch;
        for (intptr_t i = 0; i < length; i++) to[i] += from[i];
      }
    } else {
      for (intptr_t i = 0; i < length; i++) {
        float sum = 0;
        for (intptr_t part = 0; part < s->parts; part++) sum += s->filterSums[(part * rows + o) * pitch + i];
        to[i % s->inputs * area + i / s->inputs] = sum;
      }
    }
  }
}
