#!/usr/bin/env python3
"""Make the goldens of single tensor operations.

Needs (PyPI): torch, numpy, safetensors.
Makes, beside itself: cases.json, what is run on which shapes, and operations.safetensors with, for each case, its
`output` and the `gradient` with respect to each argument for a given gradient of the output. Arguments are not
stored: the one called A of case C is uniform in [-1, 1) from splitmix64 with FNV-1a-64 of "C/A" as its seed, in
Swift (`Tensor.seeded`) as here. Computed in double precision.

    python Tests/Golden/operations/make.py
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
MASK = (1 << 64) - 1


def seeded(name, shape):
    """Uniform in [-1, 1), the same in Swift."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & MASK
    with np.errstate(over="ignore"):
        count = int(np.prod(shape))
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return torch.from_numpy(((z >> np.uint64(40)).astype(np.float64) * 2**-23 - 1).reshape(shape))


def convolution(name, x, f, stride=1, padding=(0, 0, 0, 0), groups=1, bias=True, activation="identity"):
    """Padding is top, left, bottom, right."""
    return dict(name=name, operation="convolution", arguments={"x": x, "filter": f, **({"bias": [f[0]]} if bias else {})},
                stride=stride, padding=list(padding), groups=groups, activation=activation)


CASES = [
    convolution("dense 3×3, stride 2, uneven padding", [2, 3, 11, 14], [5, 3, 3, 3], 2, (0, 1, 1, 0), activation="silu"),
    convolution("dense 3×3, symmetric padding", [1, 4, 7, 9], [6, 4, 3, 3], 1, (1, 1, 1, 1), activation="relu"),
    convolution("dense 5×5, stride 2, as BlazeFace's first", [1, 3, 12, 13], [7, 3, 5, 5], 2, (1, 2, 2, 1)),
    convolution("dense 2×2, no padding, no bias", [2, 5, 6, 5], [3, 5, 2, 2], bias=False),
    convolution("dense 7×7 over a plane smaller than it", [1, 2, 4, 5], [3, 2, 7, 7], 1, (3, 3, 3, 3)),
    convolution("dense 1×3", [1, 3, 5, 8], [4, 3, 1, 3], 1, (0, 1, 0, 1)),
    convolution("pointwise", [2, 9, 5, 7], [11, 9, 1, 1], activation="silu"),
    convolution("pointwise, one pixel", [3, 17, 1, 1], [4, 17, 1, 1], activation="sigmoid"),
    convolution("pointwise, stride 2", [1, 6, 7, 8], [5, 6, 1, 1], 2),
    convolution("pointwise, no bias", [1, 33, 3, 3], [2, 33, 1, 1], bias=False),
    convolution("depthwise 3×3", [2, 5, 9, 7], [5, 1, 3, 3], 1, (1, 1, 1, 1), 5, activation="silu"),
    convolution("depthwise 3×3, stride 2, TensorFlow's padding", [1, 4, 10, 17], [4, 1, 3, 3], 2, (0, 0, 1, 1), 4),
    convolution("depthwise 5×5", [1, 6, 8, 19], [6, 1, 5, 5], 1, (2, 2, 2, 2), 6, bias=False),
    convolution("depthwise 5×5, stride 2, uneven padding", [2, 3, 15, 12], [3, 1, 5, 5], 2, (2, 1, 2, 2), 3,
                activation="relu"),
    convolution("depthwise 5×5, stride 2, padding of another size", [1, 3, 13, 13], [3, 1, 5, 5], 2, (1, 1, 2, 2), 3),
    convolution("depthwise 7×7", [1, 2, 6, 21], [2, 1, 7, 7], 1, (3, 3, 3, 3), 2),
    convolution("depthwise 3×3 over one pixel", [1, 8, 1, 1], [8, 1, 3, 3], 1, (1, 1, 1, 1), 8),
    convolution("depthwise 5×5 over three by two", [1, 4, 3, 2], [4, 1, 5, 5], 1, (2, 2, 2, 2), 4),
    dict(name="largest of 2×2", operation="maxPool", arguments={"x": [2, 3, 7, 9]}, size=2, stride=2,
         padding=[0, 0, 0, 0]),
    dict(name="largest of 3×3, stride 2, padded", operation="maxPool", arguments={"x": [1, 4, 8, 11]}, size=3,
         stride=2, padding=[1, 1, 1, 1]),
    dict(name="largest of 3×3, stride 1", operation="maxPool", arguments={"x": [1, 2, 5, 6]}, size=3, stride=1,
         padding=[1, 1, 1, 1]),
    dict(name="mean of 2×2", operation="averagePool", arguments={"x": [2, 3, 9, 7]}, size=2, stride=2,
         padding=[0, 0, 0, 0], countPadding=True),
    dict(name="mean of 3×3, padding counted", operation="averagePool", arguments={"x": [1, 3, 8, 10]}, size=3,
         stride=2, padding=[1, 1, 1, 1], countPadding=True),
    dict(name="mean of 3×3, padding not counted", operation="averagePool", arguments={"x": [1, 3, 8, 10]}, size=3,
         stride=2, padding=[1, 1, 1, 1], countPadding=False),
    dict(name="mean of the plane", operation="globalAveragePool", arguments={"x": [3, 5, 7, 6]}),
    dict(name="resize up", operation="resize", arguments={"x": [2, 2, 5, 7]}, height=13, width=16),
    dict(name="resize down", operation="resize", arguments={"x": [1, 3, 14, 11]}, height=5, width=4),
    dict(name="resize up and down", operation="resize", arguments={"x": [1, 2, 4, 9]}, height=7, width=6),
    dict(name="resize one pixel", operation="resize", arguments={"x": [1, 4, 1, 1]}, height=3, width=5),
    dict(name="resize a map to the crop's size", operation="resize", arguments={"x": [1, 1, 7, 7]}, height=28, width=28),
    dict(name="batch normalisation, running statistics", operation="batchNorm",
         arguments={"x": [2, 5, 4, 7], "scale": [5], "offset": [5]}, constants={"mean": [5], "variance": [5]},
         epsilon=1e-3),
    dict(name="batch normalisation, the batch's statistics", operation="batchNormByBatch",
         arguments={"x": [3, 4, 5, 3], "scale": [4], "offset": [4]}, epsilon=1e-5),
    dict(name="softmax", operation="softmax", arguments={"x": [4, 19]}),
    dict(name="softmax of large values", operation="softmax", arguments={"x": [3, 7]}, factor=16.0),
    dict(name="linear", operation="linear", arguments={"x": [5, 37], "weight": [3, 37], "bias": [3]}),
    dict(name="linear, one logit", operation="linear", arguments={"x": [4, 65], "weight": [1, 65], "bias": [1]}),
    dict(name="matrix product", operation="matmul", arguments={"x": [13, 9], "other": [9, 21]}),
    dict(name="channel gates", operation="gate", arguments={"x": [2, 6, 5, 3], "factors": [2, 6]}),
    dict(name="SiLU", operation="silu", arguments={"x": [67]}, factor=32.0),
    dict(name="sigmoid", operation="sigmoid", arguments={"x": [67]}, factor=64.0),
]


def run(case, a, constants):
    x = a["x"] * case.get("factor", 1.0)
    padding = case.get("padding", [0, 0, 0, 0])
    top, left, bottom, right = padding
    match case["operation"]:
        case "convolution":
            y = F.conv2d(F.pad(x, (left, right, top, bottom)), a["filter"], a.get("bias"), case["stride"],
                         groups=case["groups"])
            return {"identity": lambda v: v, "relu": F.relu, "silu": F.silu, "sigmoid": torch.sigmoid}[
                case["activation"]](y)
        case "maxPool":
            return F.max_pool2d(x, case["size"], case["stride"], padding=top)
        case "averagePool":
            return F.avg_pool2d(x, case["size"], case["stride"], padding=top, count_include_pad=case["countPadding"])
        case "globalAveragePool":
            return F.adaptive_avg_pool2d(x, 1).flatten(1)
        case "resize":
            return F.interpolate(x, (case["height"], case["width"]), mode="bilinear", align_corners=False)
        case "batchNorm":  # a variance is uniform in 0.5 ... 2.5
            return F.batch_norm(x, constants["mean"], constants["variance"] + 1.5, a["scale"], a["offset"], False, 0.0,
                                case["epsilon"])
        case "batchNormByBatch":
            return F.batch_norm(x, None, None, a["scale"], a["offset"], True, 0.0, case["epsilon"])
        case "softmax":
            return F.softmax(x, -1)
        case "linear":
            return F.linear(x, a["weight"], a["bias"])
        case "matmul":
            return x @ a["other"]
        case "gate":
            return x * a["factors"][:, :, None, None]
        case "silu":
            return F.silu(x)
        case "sigmoid":
            return torch.sigmoid(x)


def main():
    golden = {}
    for case in CASES:
        name = case["name"]
        arguments = {k: seeded(f"{name}/{k}", s).requires_grad_(True) for k, s in case["arguments"].items()}
        constants = {k: seeded(f"{name}/{k}", s) for k, s in case.get("constants", {}).items()}
        output = run(case, arguments, constants)
        output.backward(seeded(f"{name}/seed", output.shape))
        assert output.abs().max() > 0 and torch.isfinite(output).all(), name
        golden[f"{name}/output"] = output
        for key, value in arguments.items():
            assert torch.isfinite(value.grad).all(), name
            golden[f"{name}/gradient.{key}"] = value.grad
    save_file({k: v.detach().float().contiguous() for k, v in golden.items()}, HERE / "operations.safetensors")
    with open(HERE / "cases.json", "w") as file:
        json.dump(CASES, file, indent=1, ensure_ascii=False)
        file.write("\n")
    print(f"{len(CASES)} cases, {sum(v.numel() for v in golden.values())} numbers")


if __name__ == "__main__":
    main()
