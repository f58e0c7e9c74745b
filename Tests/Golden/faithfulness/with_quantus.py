"""Faithfulness metrics of Quantus on the toy, clip, map and sets of make.py, beside the same in NumPy.

Needs what make.py needs, and quantus 0.6.0 (made with NumPy 2.4, torch 2.13). Writes quantus.json beside itself:
python with_quantus.py
Quantus knows images: the clip is one image, its frames one above the other. Where Quantus draws or chooses something
(sets, segments, what is seen instead), it is given ours. NumPy and Quantus must agree to 1e-6 of a value (of 1 if it is less),
and QuantusTests holds ours to the same.
"""
import json, pathlib, warnings
from unittest import mock
import numpy as np
import torch

if not hasattr(np, "trapz"):
    np.trapz = np.trapezoid  # Quantus 0.6.0 calls what NumPy 2.4 no longer has.
import quantus
from make import S, T, drops, evidence, model, samples, sets, shares, sums, x

warnings.simplefilter("ignore")
clip = x.numpy()[0]
P = T * S * S


class Detector(torch.nn.Module):
    """Real and fake of images of frames. Scale 0.5: the softmax is the logistic function of the toy's logit."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, images):
        logits = model(images.double().reshape(-1, 3, T, S, S).transpose(1, 2)) * self.scale
        return torch.stack([-logits, logits], 1)


def image(frames):
    """[T, C, S, S] as one image [1, C, T·S, S]."""
    return np.ascontiguousarray(frames.transpose(1, 0, 2, 3).reshape(1, -1, T * S, S))


def ask(metric, map=None, target=1, start=clip, scale=0.5):
    """What a metric of Quantus gives of `start`; logits rather than probabilities for a scale of 1."""
    map = evidence if map is None else map
    return metric(model=Detector(scale).eval(), x_batch=image(start), y_batch=np.array([target]),
                  a_batch=image(map[:, None] if map.ndim == 3 else map), channel_first=True, softmax=scale == 0.5)


def becomes(frames):
    """A perturb_func: the features at `indices` become those of `frames`. For grey Quantus' own will do."""
    flat = image(np.broadcast_to(frames, clip.shape)).reshape(1, -1)

    def perturb(arr, indices, **_):
        arr = arr.copy()
        arr[0, indices[0]] = flat[0, indices[0]]
        return arr

    return perturb


given = dict(disable_warnings=True, normalise=False, perturb_baseline=0.5)
grey, colour = np.full_like(clip, 0.5), clip.mean((2, 3), keepdims=True)

# Ours in NumPy: the probability after each equal share of the places in `order` was taken away, or is all that is left.


def probability(away, replacement, target=1):
    seen = np.where(away.reshape(T, 1, S, S), replacement, clip)
    return 1 / (1 + np.exp(-(2 * target - 1) * model(torch.tensor(seen)[None]).item()))


def curve(order, steps, replacement=grey, keep=False, target=1):
    values = []
    for k in range(steps + 1):
        first = np.zeros(P, bool)
        first[order[:int(k / steps * P + 0.5)]] = True
        values.append(probability(~first if keep else first, replacement, target))
    return np.array(values)


def ordered(labels, map=evidence):
    """Places by the mean of their segment, and the sizes of segments in that order."""
    means = np.array([map.ravel()[labels.ravel() == i].mean() for i in range(labels.max() + 1)])
    places = [np.flatnonzero(labels.ravel() == i) for i in np.argsort(-means)]
    return np.concatenate(places), [len(p) for p in places]


def area(values):
    return np.trapezoid(values, dx=1 / (len(values) - 1))


def unnormalised(values):
    """Quantus' area: a step is 1 wide, and the first point is that after the first step."""
    return np.trapezoid(values[1:], dx=1)


result, worst = {}, 0


def compare(name, ours, quantus):
    global worst
    ours, quantus = np.asarray(ours, float).ravel(), np.asarray(quantus, float).ravel()
    gap = float((np.abs(ours - quantus) / np.maximum(1, np.abs(quantus))).max())
    worst = max(worst, gap)
    print(f"{name:40} ours {ours[:3]} Quantus {quantus[:3]} gap {gap:.1e}")
    assert ours.shape == quantus.shape and gap < 1e-6, name
    return quantus.tolist() if len(quantus) > 1 else float(quantus[0])


# PixelFlipping: features are colours of pixels, those of a pixel have equal values: 24 of them are 8 pixels. For real the
# map is turned round. Insertion is the flipping of the replacement into the clip.
for name, start, end, target in [("deletion", clip, None, 1), ("deletionReal", clip, None, 0),
                                 ("deletionMean", clip, colour, 1), ("insertion", grey, clip, 1)]:
    map = evidence * (2 * target - 1)
    keep = name == "insertion"
    ours = curve(np.argsort(-map.ravel(), kind="stable"), 24, colour if end is colour else grey, keep, target)
    flip = dict(features_in_step=24, perturb_func=None if end is None else becomes(end), **given)
    values = ask(quantus.PixelFlipping(**flip), map, target, start)
    summed = ask(quantus.PixelFlipping(return_auc_per_sample=True, **flip), map, target, start)
    result[name] = dict(curve=compare(name, ours[1:], values), area=compare(name + " area", unnormalised(ours), summed))

# Selectivity and RegionPerturbation: squares of 2×2, that of the other frames apart.
t, y, c = np.indices((T, S, S))
order, _ = ordered((t * 4 + y // 2) * 4 + c // 2)
ours = curve(order, 48)
squares = dict(patch_size=2, **given)
selectivity = quantus.Selectivity(**squares)
values = ask(selectivity)
result["selectivity"] = dict(curve=compare("selectivity", ours[1:], values),
                             area=compare("selectivity area", unnormalised(ours), selectivity.get_auc_score))
for name, turned in [("morf", order), ("lerf", order[::-1])]:
    ours = curve(turned, 48)
    values = ask(quantus.RegionPerturbation(order=name, **squares))
    result[name] = compare(name, ours[0] - ours[1:], values)

# IROF: strips of 1, 2 and 5 columns of each frame, 8, 16 or 40 pixels. A number after all of each.
labels = t * 3 + np.array([0, 1, 1, 2, 2, 2, 2, 2])[c]
order, sizes = ordered(labels)
after = np.cumsum(sizes)
ours = curve(order, 24)
ratios = ours[after // 8] / ours[0]
with mock.patch("quantus.helpers.utils.get_superpixel_segments", return_value=labels.reshape(T * S, S)):
    value = ask(quantus.IROF(perturb_func=lambda arr, mask, **_: np.where(mask, 0.5, arr), return_aggregate=False, **given))
result["irof"] = dict(steps=(after // 8).tolist(), value=compare("irof", len(ratios) - np.trapezoid(ratios, dx=1), value))

# FaithfulnessCorrelation: its random sets are those of make.py, one call for each size. Logits.
found = []
for i in range(len(shares)):
    mine = slice(i * samples, (i + 1) * samples)
    drawn = iter([np.flatnonzero(np.tile(m, (3, T, 1)).ravel()) for m in sets[mine]])
    with mock.patch("numpy.random.choice", side_effect=lambda *_, **__: next(drawn)):
        found.append(ask(quantus.FaithfulnessCorrelation(
            nr_runs=samples, subset_size=1, return_aggregate=False, **given), scale=1))
result["correlation"] = compare(
    "correlation", [np.corrcoef(sums[i * samples:(i + 1) * samples], drops[i * samples:(i + 1) * samples])[0, 1]
                    for i in range(len(shares))], found)

# Infidelity: as in the paper the map is multiplied by what changed, so that it is given ours by what changes. Its 2·12
# squares, taken away one after the other, become the sets. The share is of what a map of next to nothing has. Logits.


def infidelity(map):
    turn = iter(sets)

    def perturb(arr, indices, **_):
        return np.where(np.tile(next(turn), (3, T, 1))[None], 0.5, image(clip)).reshape(1, -1)

    return ask(quantus.Infidelity(perturb_patch_sizes=[4], n_perturb_samples=2, perturb_func=perturb, **given),
               map[:, None] / (clip - 0.5) / 3, scale=1)[0]


best = (sums * drops).sum() / (sums**2).sum()
raw, scaled, none = infidelity(evidence), infidelity(best * evidence), infidelity(1e-30 * evidence)
result["infidelity"] = dict(
    none=compare("infidelity", ((sums - drops)**2).mean(), raw),
    scale=compare("infidelity, best scale", ((best * sums - drops)**2).mean(), scaled),
    share=compare("infidelity, share", ((best * sums - drops)**2).sum() / (drops**2).sum(), scaled / none))

print(f"largest gap {worst:.1e}")
(pathlib.Path(__file__).parent / "quantus.json").write_text(json.dumps(result, indent=1) + "\n")
