/// The backward step of a depthwise convolution, and the table of all steps, for one kernel set; included by each after
/// `training_backward.h`.

/// `pixels` pixels of an output map's gradient, from `start` on.
WF_INLINE void filtered_gradient_of(const int pixels, const wf_step *s, intptr_t image, intptr_t start,
                                    intptr_t channel, intptr_t channels, float *out, intptr_t outStep) {
  const wf_layer *l = s->layer;
  intptr_t pitch = l->pitch;
  const float *map = l->map + start, *gradient = s->gradient + start;
  const float *gates = s->gate->gates + image * pitch, *pooled = s->gate->pooledGradient + image * pitch;
  for (intptr_t k = 0; k < channels; k += WF_LANES) {
    intptr_t c = channel + k;
    vec a = load(l->a + c), b = load(l->b + c), shift = load(l->c + c), gate = load(gates + c), share = load(pooled + c);
    vec v[pixels], n[pixels], slope[pixels];
    WF_UNROLL for (int x = 0; x < pixels; x++) {
      v[x] = load(map + x * pitch + k);
      n[x] = normalized(l, v[x], c);
      __builtin_prefetch(map + (l->width + x) * pitch + k);
      __builtin_prefetch(gradient + (l->width + x) * pitch + k);
    }
    silu_slopes(pixels, n, slope);
    WF_UNROLL for (int x = 0; x < pixels; x++) {
      vec z = multiply_add(load(gradient + x * pitch + k), gate, share) * slope[x];
      store(out + x * outStep + k, multiply_add(a, z, multiply_add(b, v[x], shift)));
    }
  }
}

/// Row `y` of an output map's gradient: `count` pixels, `outStep` apart, of `channels` channels from `channel`.
static void filtered_gradient(const wf_step *s, intptr_t image, intptr_t y, intptr_t count, intptr_t channel,
                              intptr_t channels, float *out, intptr_t outStep) {
  const wf_layer *l = s->layer;
  intptr_t pitch = l->pitch, start = (image * l->height + y) * l->width * pitch + channel, x = 0;
  for (; x + WF_TOGETHER <= count; x += WF_TOGETHER)
    filtered_gradient_of(WF_TOGETHER, s, image, start + x * pitch, channel, channels, out + x * outStep, outStep);
  for (; x < count; x++)
    filtered_gradient_of(1, s, image, start + x * pitch, channel, channels, out + x * outStep, outStep);
}

/// Adds the gradient of a depthwise filter that one output row gives: `sums` is `[panel][kernel²][WF_PANEL]`.
WF_INLINE void filter_gradient(const int kernel, const int together, const int stride, const float *const *rows,
                               const float *g, intptr_t count, intptr_t step, intptr_t channels, float *sums) {
  for (intptr_t c = 0; c < channels; c += WF_LANES) {
    float *total = sums + c / WF_PANEL * WF_PANEL * kernel * kernel + c % WF_PANEL;
    for (int ky = 0; ky < kernel; ky += together) {
      vec sum[together * kernel];
      WF_UNROLL for (int k = 0; k < together * kernel; k++) sum[k] = load(total + (ky * kernel + k) * WF_PANEL);
      const float *from[together];
      WF_UNROLL for (int k = 0; k < together; k++) from[k] = rows[ky + k] + c;
      for (intptr_t x = 0; x < count; x++) {
        vec v = load(g + x * step + c);
        WF_UNROLL for (int k = 0; k < together; k++)
          WF_UNROLL for (int kx = 0; kx < kernel; kx++)
            sum[k * kernel + kx] = multiply_add(v, load(from[k] + (x * stride + kx) * step), sum[k * kernel + kx]);
      }
      WF_UNROLL for (int k = 0; k < together * kernel; k++) store(total + (ky * kernel + k) * WF_PANEL, sum[k]);
    }
  }
}

/// Columns of a row of the output's gradient in the ring, with zeros at both ends.
WF_INLINE intptr_t gradient_columns(const wf_step *s) {
  return s->stride == 1 ? s->inputWidth + s->kernel - 1 : (s->inputWidth - 1 + s->left) / 2 + 1 + s->kernel / 2;
}

/// A task's place and its buffers in the scratch.
typedef struct {
  intptr_t image, channel, channels, columns, gradientColumns;
  float *zeros, *ring, *slopes, *gradients, *row;  // a row, `kernel` rows each, a row
} depthwise_task;

/// `pixels` pixels of the input, activated, to `row`, and the activation's slopes to `slopes`.
WF_INLINE void load_pixels(const int pixels, const wf_step *s, const depthwise_task *t, const float *from, float *row,
                           float *slopes) {
  intptr_t pitch = s->inputPitch;
  for (intptr_t k = 0; k < t->channels; k += WF_LANES) {
    vec n[pixels], slope[pixels];
    WF_UNROLL for (int x = 0; x < pixels; x++) {
      n[x] = load(from + x * pitch + k);
      __builtin_prefetch(from + (s->inputWidth + x) * pitch + k);
    }
    if (s->source) {
      WF_UNROLL for (int x = 0; x < pixels; x++) n[x] = normalized(s->source, n[x], t->channel + k);
      silu_slopes(pixels, n, slope);
      WF_UNROLL for (int x = 0; x < pixels; x++) store(slopes + x * t->channels + k, slope[x]);
    }
    WF_UNROLL for (int x = 0; x < pixels; x++) store(row + x * t->channels + k, n[x]);
  }
}

/// Puts input row `y`, activated, into the ring, and the activation's slopes beside.
static void load_row(const wf_step *s, const depthwise_task *t, intptr_t y) {
  intptr_t pitch = s->inputPitch, step = t->channels, x = 0;
  float *row = t->ring + y % s->kernel * t->columns * step + s->left * step;
  float *slopes = t->slopes + y % s->kernel * s->inputWidth * step;
  const float *from =
      (s->source ? s->source->map : s->input) + (t->image * s->inputHeight + y) * s->inputWidth * pitch + t->channel;
  for (; x + WF_TOGETHER <= s->inputWidth; x += WF_TOGETHER)
    load_pixels(WF_TOGETHER, s, t, from + x * pitch, row + x * step, slopes + x * step);
  for (; x < s->inputWidth; x++) load_pixels(1, s, t, from + x * pitch, row + x * step, slopes + x * step);
}

/// `pixels` pixels of the input's gradient, from `start` on: times the slopes, plus what comes by the shortcut; their
/// sums are added to `sums`.
WF_INLINE void finish_pixels(const int pixels, const wf_step *s, const depthwise_task *t, intptr_t start,
                             const float *row, const float *slopes, float *sums) {
  const wf_layer *target = s->target;
  intptr_t pitch = s->inputPitch;
  const float *map = target->map + start;
  vec share = splat(target->imageFactors ? target->imageFactors[t->image] : 1);
  for (intptr_t k = 0; k < t->channels; k += WF_LANES) {
    float *total = sums + t->channel + k;
    vec mean = load(target->mean + t->channel + k), sum = splat(0), product = splat(0);
    WF_UNROLL for (int x = 0; x < pixels; x++) {
      vec z = load(row + x * t->channels + k);
      if (s->source) z *= load(slopes + x * t->channels + k);
      if (s->residual) z += load(s->residual + start + x * pitch + k);
      if (s->streams) stream(s->output + start + x * pitch + k, z);
      else store(s->output + start + x * pitch + k, z);
      sum += z;
      product = multiply_add(z, load(map + x * pitch + k) - mean, product);
    }
    store(total, multiply_add(sum, share, load(total)));
    store(total + pitch, multiply_add(product, share, load(total + pitch)));
  }
}

/// The same with fixed statistics: no sums, and slopes from the source's map, where they are needed.
WF_INLINE void finish_fixed_pixels(const int pixels, const wf_step *s, const depthwise_task *t, intptr_t start,
                                   const float *row) {
  intptr_t pitch = s->inputPitch;
  for (intptr_t k = 0; k < t->channels; k += WF_LANES) {
    vec n[pixels], slope[pixels];
    if (s->source) {
      WF_UNROLL for (int x = 0; x < pixels; x++) n[x] = load(s->source->map + start + x * pitch + k);
      silu_slopes(pixels, n, slope);
    } else {
      WF_UNROLL for (int x = 0; x < pixels; x++) slope[x] = splat(1);
    }
    WF_UNROLL for (int x = 0; x < pixels; x++) {
      vec z = load(row + x * t->channels + k) * slope[x];
      if (s->residual) z += load(s->residual + start + x * pitch + k);
      if (s->streams) stream(s->output + start + x * pitch + k, z);
      else store(s->output + start + x * pitch + k, z);
    }
  }
}

/// What of one input row's gradient comes through `count` taps of a filter with stride 2: every other column, from
/// `out` on. A tap is where its first value stands, and its weights.
static void spread(const float *const *from, const float *const *weights, int count, intptr_t area, intptr_t columns,
                   intptr_t step, float *out) {
  for (intptr_t c = 0; c < step; c += WF_LANES) {
    intptr_t at = c / WF_PANEL * WF_PANEL * area + c % WF_PANEL;
    for (intptr_t x = 0; x < columns;) {
      vec sum[8];
      if (columns >= 8) {
        x = smaller(x, columns - 8);  // the last eight may overlap those before
        WF_UNROLL for (int i = 0; i < 8; i++) sum[i] = splat(0);
        for (int tap = 0; tap < count; tap++) {
          vec w = load(weights[tap] + at);
          const float *p = from[tap] + x * step + c;
          WF_UNROLL for (int i = 0; i < 8; i++) sum[i] = multiply_add(w, load(p + i * step), sum[i]);
        }
        WF_UNROLL for (int i = 0; i < 8; i++) store(out + 2 * (x + i) * step + c, sum[i]);
        x += 8;
      } else {
        sum[0] = splat(0);
        for (int tap = 0; tap < count; tap++)
          sum[0] = multiply_add(load(weights[tap] + at), load(from[tap] + x * step + c), sum[0]);
        store(out + 2 * x * step + c, sum[0]);
        x++;
      }
    }
  }
}

/// Columns of zeros before a row of the output's gradient.
WF_INLINE intptr_t gradient_left(const wf_step *s) {
  return s->stride == 1 ? s->kernel - 1 - s->left : s->kernel / 2;
}

/// The gradient of input row `y`, from the rows of the output's gradient in the ring; its sums are added to `sums`.
static void input_row(const wf_step *s, const depthwise_task *t, intptr_t y, float *sums) {
  const wf_layer *l = s->layer;
  intptr_t kernel = s->kernel, stride = s->stride, pitch = s->inputPitch, step = t->channels, area = kernel * kernel;
  intptr_t ringRow = t->gradientColumns * step;
  if (stride == 1) {
    const float *rows[5];
    for (intptr_t j = 0; j < kernel; j++) {
      intptr_t at = y + s->top - (kernel - 1) + j;
      rows[j] = at >= 0 && at < l->height ? t->gradients + at % kernel * ringRow : t->zeros;
    }
    filter_row_operands f = {.rows = rows, .step = step, .weights = s->packedBackward + t->channel * area,
                             .bias = s->zeros, .out = t->row, .width = s->inputWidth, .outStep = step,
                             .panels = step / WF_PANEL};
    filters[kernel == 5][0](&f);
  } else {
    for (intptr_t odd = 0; odd < 2; odd++) {
      const float *from[9], *weights[9];
      int count = 0;
      for (intptr_t ky = (y + s->top) % 2; ky < kernel; ky += 2) {
        intptr_t row = (y + s->top - ky) / 2;
        if (y + s->top < ky || row >= l->height) continue;
        for (intptr_t kx = (odd + s->left) % 2; kx < kernel; kx += 2) {
          from[count] = t->gradients + row % kernel * ringRow + ((odd + s->left - kx) / 2 + gradient_left(s)) * step;
          weights[count++] = s->packed + t->channel * area + (ky * kernel + kx) * WF_PANEL;
        }
      }
      spread(from, weights, count, area, (s->inputWidth - odd + 1) / 2, step, t->row + odd * step);
    }
  }
  intptr_t start = (t->image * s->inputHeight + y) * s->inputWidth * pitch + t->channel;
  const float *slopes = t->slopes + y % kernel * s->inputWidth * step;
  intptr_t x = 0;
  if (!s->target) {
    for (; x + WF_TOGETHER <= s->inputWidth; x += WF_TOGETHER)
      finish_fixed_pixels(WF_TOGETHER, s, t, start + x * pitch, t->row + x * step);
    for (; x < s->inputWidth; x++) finish_fixed_pixels(1, s, t, start + x * pitch, t->row + x * step);
    return;
  }
  for (; x + WF_FEW_ROWS <= s->inputWidth; x += WF_FEW_ROWS)
    finish_pixels(WF_FEW_ROWS, s, t, start + x * pitch, t->row + x * step, slopes + x * step, sums);
  for (; x < s->inputWidth; x++) finish_pixels(1, s, t, start + x * pitch, t->row + x * step, slopes + x * step, sums);
}

static void backward_depthwise(const wf_step *s, float *scratch, intptr_t task) {
  const wf_layer *l = s->layer;
  intptr_t kernel = s->kernel, stride = s->stride, pitch = s->inputPitch, panel = task / l->images * s->blockPanels;
  depthwise_task t = {.image = task % l->images, .channel = panel * WF_PANEL,
                      .channels = smaller(s->blockPanels, pitch / WF_PANEL - panel) * WF_PANEL,
                      .columns = larger((l->width - 1) * stride + kernel, s->inputWidth + s->left), .gradientColumns = gradient_columns(s)};
  intptr_t step = t.channels;
  t.zeros = scratch;
  t.ring = t.zeros + larger(t.columns, t.gradientColumns) * step;
  t.gradients = t.ring + kernel * t.columns * step;
  t.slopes = t.gradients + kernel * t.gradientColumns * step;
  memset(scratch, 0, (size_t)(t.slopes - scratch) * sizeof(float));
  t.row = t.slopes + kernel * s->inputWidth * step;
  // Columns further right see nothing of the input.
  intptr_t left = gradient_left(s), count = smaller(l->width, t.gradientColumns - left);
  float *sums = s->target ? s->target->sums + t.image * 2 * pitch : NULL;
  if (sums) clear_sums(sums, 2, pitch, t.channel, step);
  float *filter = s->filterSums ? s->filterSums + (t.image * pitch + t.channel) * kernel * kernel : NULL;
  if (filter) memset(filter, 0, (size_t)(step * kernel * kernel) * sizeof(float));
  intptr_t next = 0;
  for (intptr_t y = 0; y * stride - s->top < s->inputHeight; y++) {
    intptr_t begin = y * stride - s->top;
    // With fixed statistics nobody wants the input's values.
    if (s->target)
      for (next = larger(next, begin); next < smaller(begin + kernel, s->inputHeight); next++) load_row(s, &t, next);
    if (y < l->height) {
      float *row = t.gradients + y % kernel * t.gradientColumns * step + left * step;
      filtered_gradient(s, t.image, y, count, t.channel, step, row, step);
      const float *rows[5];
      for (intptr_t ky = 0; ky < kernel; ky++) {
        intptr_t at = begin + ky;
        rows[ky] = at < 0 || at >= s->inputHeight ? t.zeros : t.ring + at % kernel * t.columns * step;
      }
      if (!filter) {
      } else if (kernel == 3) {
        if (stride == 1) filter_gradient(3, 3, 1, rows, row, count, step, step, filter);
        else filter_gradient(3, 3, 2, rows, row, count, step, step, filter);
      } else {
        if (stride == 1) filter_gradient(5, 1, 1, rows, row, count, step, step, filter);
        else filter_gradient(5, 1, 2, rows, row, count, step, step, filter);
      }
    }
    for (intptr_t at = larger(0, begin); at < smaller(begin + stride, s->inputHeight); at++) input_row(s, &t, at, sums);
  }
  if (s->streams) end_stream();
}

static void run_step(const wf_step *s, float *scratch, intptr_t task) {
  switch (s->kind) {
    case WF_PACK_WEIGHTS: pack_weights(s, task); break;
    case WF_INTERLEAVE_INPUT: interleave_input(s, task); break;
    case WF_INTERLEAVE_MAP: interleave_map(s, task); break;
    case WF_SEPARATE_MAP: separate_map(s, task); break;
    case WF_FORWARD_DENSE: forward_dense(s, task); break;
    case WF_FORWARD_POINTWISE: forward_pointwise(s, scratch, task); break;
    case WF_FORWARD_DEPTHWISE: forward_depthwise(s, scratch, task); break;
    case WF_JOIN_STATISTICS: join_statistics(s, task); break;
    case WF_FORWARD_POOL: forward_pool(s, task); break;
    case WF_FORWARD_GATE: forward_gate(s, task); break;
    case WF_FORWARD_OUTPUT: forward_output(s, task); break;
    case WF_BACKWARD_POOL: backward_pool(s, task); break;
    case WF_JOIN_SUMS: join_sums(s, task); break;
    case WF_BACKWARD_POINTWISE: backward_pointwise(s, scratch, task); break;
    case WF_BACKWARD_GATE: backward_gate(s, task); break;
    case WF_BACKWARD_GATE_WEIGHTS: backward_gate_weights(s, task); break;
    case WF_BACKWARD_DEPTHWISE: backward_depthwise(s, scratch, task); break;
    case WF_BACKWARD_DENSE: backward_dense(s, scratch, task); break;
    case WF_BACKWARD_INPUT: backward_input(s, scratch, task); break;
    case WF_JOIN_FILTER: join_filter(s, task); break;
  }
}
