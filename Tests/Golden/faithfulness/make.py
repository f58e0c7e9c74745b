"""Faithfulness metrics of other projects on the tests' toy: captum's infidelity, SciPy's correlations, NumPy's areas.

Needs numpy, scipy, torch, captum. Writes faithfulness.json beside itself: python make.py
The toy is `BlackBoxToys.interacting(8)` on `BlackBoxToys.clip(frames: 3, size: 8)`: logit = Σ w·x + (Σ v·x)².
"""
import json, pathlib
import numpy as np
import torch
from captum.metrics import infidelity
from scipy import stats

MASK = (1 << 64) - 1
T, S = 3, 8


class SplitMix:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def uniform(self):
        return (self.next() >> 11) * 2.0**-53


def random(count, seed):
    g = SplitMix(seed)
    return np.array([(g.next() >> 40) * 2.0**-23 - 1 for _ in range(count)], np.float32)


g = SplitMix(1)
clip = np.array([g.next() >> 56 for _ in range(T * S * S * 3)], np.float32).reshape(T, S, S, 3).transpose(0, 3, 1, 2) / np.float32(255)
w = random(3 * S * S, 5).astype(np.float64).reshape(3, S, S)
v = (random(3 * S * S, 6) * np.float32(0.3)).astype(np.float64).reshape(3, S, S)
W, V = torch.tensor(w), torch.tensor(v)


def model(x):
    """The logit of clips `[N, T, 3, S, S]`."""
    return ((x * W).sum((2, 3, 4)) + (x * V).sum((2, 3, 4)) ** 2).mean(1)


x = torch.tensor(clip.astype(np.float64))[None]
evidence = random(T * S * S, 77).astype(np.float64).reshape(T, S, S)
away = torch.full_like(x, 0.5)


def masked(mask):
    """The clip without `mask`, [S, S] or [T, S, S]."""
    return torch.where(torch.tensor(mask)[..., None, :, :].expand(T, 3, S, S) if mask.ndim == 3 else torch.tensor(mask), away, x)


# RandomSubsets(patch: 0.25, shares: [0.2, 0.5], samples: 12, replacement: .grey(), seed: 3): 16 patches of 2×2.
shares, samples, side = [0.2, 0.5], 12, 2
g, numbers, sets = SplitMix(3), list(range(16)), []
for share in shares:
    for _ in range(samples):
        n = max(1, int(share * 16 + 0.5))
        for i in range(n):
            j = i + int(g.uniform() * (16 - i))
            numbers[i], numbers[j] = numbers[j], numbers[i]
        mask = np.zeros((S, S), bool)
        for p in numbers[:n]:
            y, xx = p // 4 * side, p % 4 * side
            mask[y:y + side, xx:xx + side] = True
        sets.append(mask)
sums = np.array([(evidence * m).sum() for m in sets])
drops = np.array([(model(x) - model(masked(m))).item() for m in sets])
sensitivity = [stats.pearsonr(sums[i * samples:(i + 1) * samples], drops[i * samples:(i + 1) * samples]).statistic for i in range(len(shares))]

# captum: perturb_func gives what the attributions are multiplied by, and the changed input. Attributions are per pixel:
# a third of the map in each channel.
attribution = torch.tensor(evidence)[None, :, None].expand(1, T, 3, S, S) / 3


def by_captum(normalize):
    turn = iter(sets)

    def perturb(inputs):
        mask = next(turn)
        return torch.tensor(mask).double().expand(1, T, 3, S, S), masked(mask)

    return infidelity(model, perturb, x, attribution, n_perturb_samples=len(sets), max_examples_per_batch=1, normalize=normalize).item()


# Deletion by whole pixels in the map's order (no ties), steps of an eighth.
order = np.argsort(-evidence.ravel(), kind="stable")
curves = {}
for keep in (False, True):
    values = []
    for k in range(9):
        first = np.zeros(T * S * S, bool)
        first[order[:int(k / 8 * T * S * S + 0.5)]] = True
        first = first.reshape(T, S, S)
        values.append(torch.sigmoid(model(masked(~first if keep else first))).item())
    curves["insertion" if keep else "deletion"] = values
result = dict(
    sensitivity=sensitivity, infidelityNone=by_captum(False), infidelityScale=by_captum(True),
    curves=curves, areas={k: float(np.trapezoid(c, np.arange(9) / 8)) for k, c in curves.items()})
if __name__ == "__main__":  # with_quantus.py uses the toy
    print(result)
    (pathlib.Path(__file__).parent / "faithfulness.json").write_text(json.dumps(result, indent=1) + "\n")
