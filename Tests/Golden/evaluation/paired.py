"""Sign-flip tests by SciPy and Holm's correction by its definition: python paired.py

Needs numpy and scipy. Writes paired.json beside itself.
"""
import json, pathlib
import numpy as np
from scipy import stats

rng = np.random.default_rng(0)
cases = []
for n in (1, 2, 5, 8, 12, 17):
    for kind in range(3):
        d = rng.normal(0.4, 1, n)
        if kind == 1:
            d = np.round(d)  # ties and zeros
        if kind == 2:
            d = np.abs(d)
        p = 1.0 if n == 1 else stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
        cases.append(dict(differences=d.tolist(), p=float(p)))
raw = [0.01, 0.04, 0.03, 0.005, 0.5, 0.03]
order = np.argsort(raw, kind="stable")
holm, highest = [0.0] * len(raw), 0.0
for place, i in enumerate(order):
    highest = max(highest, min(1, (len(raw) - place) * raw[i]))
    holm[i] = highest
(pathlib.Path(__file__).parent / "paired.json").write_text(json.dumps(dict(cases=cases, raw=raw, holm=holm)) + "\n")
