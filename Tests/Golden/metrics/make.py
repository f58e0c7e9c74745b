"""The metrics of relevance maps, straight from their definitions in NumPy, SciPy and scikit-learn.

Needs numpy, scipy, scikit-learn. Writes metrics.json beside itself: python make.py
Maps and masks are drawn by SplitMix64, as the tests draw them: only seeds and results are stored.
"""
import json, pathlib
import numpy as np
from scipy import stats
from sklearn.metrics import roc_auc_score

here = pathlib.Path(__file__).parent


def splitmix(seed, count):
    """`count` numbers, uniform in [0, 1), of SplitMix64."""
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + step * np.arange(1, count + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def relevance(seed):
    """A map of 1 to 5 frames of side 8 to 40; a third of the maps is mostly zeros, a third has few levels."""
    frames, side = 1 + seed % 5, 8 + seed * 7 % 33
    u = splitmix(seed, frames * side * side).reshape(frames, side, side)
    if seed % 3 == 1:
        u = np.where(u < 0.7, 0, u)
    if seed % 3 == 2:
        u = np.floor(u * 5) / 4
        u = np.minimum(u, 1)
    if seed % 7 == 3:
        u[0] = 0  # a frame without relevance
    if seed % 11 == 4:
        u[-1] = 0.5  # a constant frame
    return u.astype(np.float32)


def mask(seed, shape):
    """A disc, the place of which is drawn; every ninth mask is empty."""
    frames, side, _ = shape
    if seed % 9 == 5:
        return np.zeros(shape, bool)
    x, y = splitmix(seed + 1_000_000, 2) * side
    yy, xx = np.mgrid[:side, :side] + 0.5
    disc = (xx - x) ** 2 + (yy - y) ** 2 < (side / 4) ** 2
    return np.broadcast_to(disc, shape)


def mean(terms):
    terms = [t for t in terms if t is not None and not np.isnan(t)]
    return (float(np.mean(terms)) if terms else None, len(terms))


def five(m):
    m = m.astype(np.float64)
    frames, side, _ = m.shape
    tau = [stats.pearsonr(a.ravel(), b.ravel()).statistic if np.ptp(a) and np.ptp(b) else None for a, b in zip(m, m[1:])]
    d = int(np.floor(0.1 * side + 0.5))
    rho = []
    for f in m:
        if not np.ptp(f):
            continue
        c = np.pad(f - f.mean(), d)
        rho.append(np.mean([(c * np.roll(c, s, a)).sum() / (c * c).sum() for a in (0, 1) for s in (d, -d)]))
    edge = side * np.sqrt(0.5)
    low, high = (side - edge) / 2, (side + edge) / 2
    cover = np.array([max(0, min(i + 1, high) - max(i, low)) for i in range(side)])
    k = np.outer(cover, cover)
    mu = [(k * f).sum() / f.sum() for f in m if f.sum() > 0]
    return dict(intensity=mean(m.mean(axis=(1, 2))), variance=mean(m.var(axis=(1, 2))), interFrameConsistency=mean(tau),
                intraFrameConsistency=mean(rho), centredness=mean(mu))


def localisation(m, mask):
    pointing, mass, rank, auc = [], [], [], []
    for f, g in zip(m.astype(np.float64), mask):
        if not g.any() or g.all():
            continue
        auc.append(roc_auc_score(g.ravel(), f.ravel()))
        if f.max() == 0:
            pointing.append(0)
            continue
        pointing.append(g[f == f.max()].mean())
        mass.append(f[g].sum() / f.sum())
        # The expected share of hits over all orders of equal values.
        k, border = g.sum(), np.sort(f.ravel())[::-1][g.sum() - 1]
        above, ties = f > border, f == border
        rank.append((g[above].sum() + (k - above.sum()) * g[ties].mean()) / k)
    return dict(pointingGame=mean(pointing), relevanceMass=mean(mass), rankAccuracy=mean(rank), maskAUC=mean(auc))


def case(m, g):
    return {k: dict(value=v, terms=n) for k, (v, n) in {**five(m), **localisation(m, g)}.items()}


def number(x):
    return None if np.isnan(x) else float(x)


if __name__ == "__main__":  # masks.py draws by splitmix too
    random = []
    for seed in range(200):
        m = relevance(seed)
        random.append(case(m, mask(seed, m.shape)))

    # Agreement of neighbouring maps of equal shape, and what is made of sums and falls.
    pairs = []
    for seed in range(20):
        a, b = (splitmix(2_000_000 + 2 * seed + i, 2 * 12 * 12) for i in (0, 1))
        if seed % 2:
            a, b = np.floor(a * 6) / 6, np.floor(b * 6) / 6
        b = 0.5 * (a + b) if seed % 4 < 2 else b
        a, b = a.astype(np.float32), b.astype(np.float32)
        pairs.append(dict(spearman=number(stats.spearmanr(a, b).statistic), pearson=number(stats.pearsonr(a.astype(float), b.astype(float)).statistic)))
    (here / "metrics.json").write_text(json.dumps(dict(random=random, pairs=pairs), indent=None, separators=(",", ":")) + "\n")

    # Maps of real videos: real.npy is made by real-maps.py.
    real = np.load(here / "real.npy").astype(np.float32) / 255
    masks = [mask(seed, real[0].shape) for seed in range(len(real))]
    (here / "real.json").write_text(json.dumps([case(m, g) for m, g in zip(real, masks)], separators=(",", ":")) + "\n")
