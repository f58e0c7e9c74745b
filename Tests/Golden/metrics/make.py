"""The five metrics of a relevance map, straight from their definitions in NumPy and SciPy, on maps made by a formula.

Needs numpy and scipy. Writes metrics.json beside itself: python make.py
"""
import json, pathlib
import numpy as np
from scipy import stats


def relevance(frames, side, k):
    """Sums of sines, cut at 0 and divided by the peak; the test makes the same."""
    t, y, x = np.meshgrid(np.arange(frames), np.arange(side), np.arange(side), indexing="ij")
    v = np.sin(0.7 * x + 0.3 * t + k) + np.cos(0.45 * y - 0.2 * t * k) + 0.02 * x
    v = np.maximum(v, 0).astype(np.float32)
    return v / v.max()


def metrics(m):
    m = m.astype(np.float64)
    frames, side, _ = m.shape
    tau = [stats.pearsonr(a.ravel(), b.ravel()).statistic for a, b in zip(m, m[1:])]
    d = round(0.1 * side)
    rho = []
    for f in m:
        c = np.pad(f - f.mean(), d)
        rho.append(np.mean([(c * np.roll(c, s, a)).sum() / (c * c).sum() for a in (0, 1) for s in (d, -d)]))
    edge = side * np.sqrt(0.5)
    low, high = (side - edge) / 2, (side + edge) / 2
    cover = np.array([max(0, min(i + 1, high) - max(i, low)) for i in range(side)])
    k = np.outer(cover, cover)
    mu = [(k * f).sum() / f.sum() for f in m]
    return dict(intensity=m.mean(), variance=m.var(axis=(1, 2)).mean(), interFrameConsistency=np.mean(tau),
                intraFrameConsistency=np.mean(rho), centredness=np.mean(mu))


cases = [dict(frames=f, side=s, k=k, expected=metrics(relevance(f, s, k))) for f, s, k in ((2, 10, 1), (5, 23, 2), (4, 64, 3))]
(pathlib.Path(__file__).parent / "metrics.json").write_text(json.dumps(cases, indent=1) + "\n")
