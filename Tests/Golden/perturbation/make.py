"""Makes perturbation.json: occlusion by captum and linear models by lime, on small seeded cases.

    pip install captum==0.9.0 lime==0.2.0.1 torch numpy
    python make.py
"""
import json
import pathlib

import numpy as np
import torch
from captum.attr import Occlusion
from lime.lime_base import LimeBase
from sklearn.linear_model import Ridge

rng = np.random.default_rng(20210505)
FRAMES, SIZE = 4, 9


def rounded(array, digits=9):
    return [float(f"{v:.{digits}g}") for v in np.asarray(array, dtype=float).ravel()]


pixels = rng.integers(0, 256, (FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
linear = np.round(rng.normal(size=(3, SIZE, SIZE)) * 0.2, 4)
square = np.round(rng.normal(size=(3, SIZE, SIZE)) * 0.2, 4)
clip = torch.tensor(pixels / 255).permute(0, 3, 1, 2)[None]


def frame_logits(x):
    """[N, T, 3, S, S] to [N, T]: linear, and the square of another linear one."""
    w, v = torch.tensor(linear), torch.tensor(square)
    return (x * w).sum((2, 3, 4)) + (x * v).sum((2, 3, 4)) ** 2


def joint(x):
    """A clip-wise logit: the square of the frames' mean."""
    return frame_logits(x).mean(1) ** 2


occlusion = []
for name, model in {"frames": lambda x: frame_logits(x).mean(1), "joint": joint}.items():
    for window, stride, frames, frame_stride in [(3, 3, 1, 1), (4, 3, 1, 1), (5, 2, 3, 2), (2, 1, 2, 1)]:
        values = Occlusion(model).attribute(
            clip, sliding_window_shapes=(frames, 3, window, window),
            strides=(frame_stride, 3, stride, stride), baselines=0.5)[0]
        assert torch.allclose(values[:, 0], values[:, 2])
        occlusion.append({"model": name, "window": window, "stride": stride, "frames": frames,
                          "frameStride": frame_stride, "values": rounded(values[:, 0], 8)})

models = []
for players, samples, width, ridge in [(6, 40, 0.25, 1.0), (12, 60, 0.6, 0.05), (9, 120, 0.25, 0.0)]:
    data = rng.integers(0, 2, (samples, players))
    data[0] = 1
    weights = rng.normal(size=players)
    values = np.round(data @ weights + 0.7 * data[:, 0] * data[:, 1] - np.sin(data.sum(1)), 6)
    # Cosine distance to the first sample; scikit-learn's is 1 for a sample of zeros.
    distances = 1 - np.sqrt(data.sum(1) / players)
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d ** 2) / width ** 2)))
    _, local, _, _ = base.explain_instance_with_data(
        data, values[:, None], distances, 0, num_features=players, feature_selection="none",
        model_regressor=Ridge(alpha=ridge, fit_intercept=True, solver="cholesky"))
    coefficients = np.zeros(players)
    for player, value in local:
        coefficients[player] = value
    models.append({"samples": ["".join(map(str, row)) for row in data], "values": values.tolist(),
                   "kernelWidth": width, "ridge": ridge, "coefficients": rounded(coefficients, 15)})

path = pathlib.Path(__file__).parent / "perturbation.json"
path.write_text(json.dumps({
    "frames": FRAMES, "size": SIZE, "pixels": pixels.ravel().tolist(), "linear": linear.ravel().tolist(),
    "square": square.ravel().tolist(), "occlusion": occlusion, "models": models}, separators=(",", ":")) + "\n")
