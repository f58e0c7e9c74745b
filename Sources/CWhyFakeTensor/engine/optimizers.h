/// Steps of the optimisers for one kernel set; included by each after `training_depthwise.h`.

/// Values `first` to `last` of a tensor. Each is computed by itself: no result depends on how a tensor is cut.
static void update(const wf_update *u, const wf_update_rule *r, intptr_t first, intptr_t last) {
  for (intptr_t i = first; i < last; i += WF_LANES) {
    float few[4][WF_LANES] = {{0}};  // the last few values, in vectors of their own
    intptr_t count = smaller(WF_LANES, last - i);
    size_t bytes = (size_t)count * sizeof(float);
    const float *before = u->before + i, *gradient = u->gradient + i;
    float *value = u->value + i, *mean = u->mean ? u->mean + i : few[1], *square = u->square ? u->square + i : few[2];
    if (count < WF_LANES) {
      before = value = memcpy(few[0], before, bytes);
      mean = u->mean ? memcpy(few[1], mean, bytes) : mean;
      square = u->square ? memcpy(few[2], square, bytes) : square;
      gradient = memcpy(few[3], gradient, bytes);
    }
    vec g = load(gradient), p = load(before), m = load(mean);
    switch (r->kind) {
      case WF_ADAM: {
        vec q = load(square);
        m = multiply_add(g - m, splat(1 - r->beta1), m);
        q = multiply_add(g * g, splat(1 - r->beta2), q * r->beta2);
        p = p * u->keep - u->rate * m / (__builtin_elementwise_sqrt(q) * u->correction + r->epsilon);
        store(mean, m);
        store(square, q);
        break;
      }
      case WF_SGD:
        g = multiply_add(p, splat(u->decay), g);
        m = multiply_add(m, splat(r->momentum), g);
        store(mean, m);
        p -= u->rate * (r->nesterov ? multiply_add(m, splat(r->momentum), g) : m);
        break;
      case WF_AVERAGE: p = multiply_add(g - p, splat(u->rate), p); break;
    }
    store(value, p);
    if (count < WF_LANES) {
      memcpy(u->value + i, value, bytes);
      if (u->mean) memcpy(u->mean + i, mean, bytes);
      if (u->square) memcpy(u->square + i, square, bytes);
    }
  }
}
