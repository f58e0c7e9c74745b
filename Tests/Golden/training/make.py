#!/usr/bin/env python3
"""Makes training.safetensors: gradients of whole networks, and the losses of fifty steps of training.

    python make.py     # needs torch, torchvision, safetensors and numpy; one core, two minutes

EfficientNet-B0 as torchvision has it (symmetric padding, epsilon 1e-5; the plain one is compared with torchvision's),
plain, with AutoAtt (Bonettini et al. 2020) and with Learn To Pay Attention (Jetley et al. 2018), with seeded weights
and the statistics of the batch, without dropout and stochastic depth. Weights, pictures and directions are those that
Swift makes, to the last bit.

`<network>.gradients` is a row for each parameter in the order of their names: the gradient's length, and its products
with DIRECTIONS vectors of uniform values in [-1, 1): three times the mean square of such products with a difference is
on average its squared length. They are computed in double precision.

`losses` are those of PyTorch in single precision, each before its step; `losses.double` the same in double precision:
their difference is what rounding makes of fifty steps.
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

BLOCKS = [  # kernel, stride, expansion, outputs
    (3, 1, 1, 16), (3, 2, 6, 24), (3, 1, 6, 24), (5, 2, 6, 40), (5, 1, 6, 40), (3, 2, 6, 80), (3, 1, 6, 80),
    (3, 1, 6, 80), (5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112), (5, 2, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192),
    (5, 1, 6, 192), (3, 1, 6, 320),
]
GATED, LEVELS, EPSILON, DIRECTIONS = 4, (4, 10, 15), 1e-5, 16
MASK = (1 << 64) - 1


def uniform(name, count):
    """`count` values in [-1, 1), float32, from splitmix64 seeded with the FNV-1a of `name`."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2**-23) - np.float32(1)


def seeded(name, *shape):
    return torch.from_numpy(uniform(name, int(np.prod(shape))).reshape(shape))


def parameter(name, shape):
    x = seeded(name, *shape)
    if len(shape) >= 2:
        x = x * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    elif name.endswith(".bias"):
        x = x * np.float32(0.2)
    else:
        x = np.float32(1) + x * np.float32(0.2)
    return x * np.float32(0.1) if name.startswith("attention") else x


def shapes(attention):
    result, inputs = {}, 32

    def convolution(name, *filter):
        result[f"{name}.conv.weight"] = filter
        result[f"{name}.norm.weight"] = result[f"{name}.norm.bias"] = (filter[0],)

    convolution("stem", 32, 3, 3, 3)
    for i, (kernel, _, expansion, outputs) in enumerate(BLOCKS):
        wide, narrow = inputs * expansion, inputs // 4
        if expansion > 1:
            convolution(f"blocks.{i}.expand", wide, inputs, 1, 1)
        convolution(f"blocks.{i}.depthwise", wide, 1, kernel, kernel)
        for layer, a, b in (("reduce", narrow, wide), ("expand", wide, narrow)):
            result[f"blocks.{i}.squeeze.{layer}.weight"] = (a, b)
            result[f"blocks.{i}.squeeze.{layer}.bias"] = (a,)
        convolution(f"blocks.{i}.project", outputs, wide, 1, 1)
        inputs = outputs
    convolution("head", 1280, inputs, 1, 1)
    if attention == "autoatt":
        result["attention.map.weight"], result["attention.map.bias"] = (1, BLOCKS[GATED][3], 1, 1), (1,)
    if attention == "ltpa":
        for k, i in enumerate(LEVELS):
            result[f"attention.{k}.projection.weight"] = (1280, BLOCKS[i][3])
    result["classifier.weight"] = (1, 1280 * (3 if attention == "ltpa" else 1))
    result["classifier.bias"] = (1,)
    return result


def forward(p, x, attention):
    """Logits [N], and each level's scores [N, h, w] before sigmoid or softmax."""

    def convolve(x, name, stride=1):
        w = p[f"{name}.conv.weight"]
        y = F.conv2d(x, w, stride=stride, padding=w.shape[2] // 2, groups=x.shape[1] // w.shape[1])
        return F.batch_norm(y, None, None, p[f"{name}.norm.weight"], p[f"{name}.norm.bias"], True, eps=EPSILON)

    def linear(x, name):
        return F.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])

    scores, taps = [], []
    x = F.silu(convolve(x, "stem", 2))
    for i, (_, stride, expansion, outputs) in enumerate(BLOCKS):
        y = F.silu(convolve(x, f"blocks.{i}.expand")) if expansion > 1 else x
        y = F.silu(convolve(y, f"blocks.{i}.depthwise", stride))
        gate = F.silu(linear(y.mean((2, 3)), f"blocks.{i}.squeeze.reduce"))
        y = y * torch.sigmoid(linear(gate, f"blocks.{i}.squeeze.expand"))[:, :, None, None]
        y = convolve(y, f"blocks.{i}.project")
        x = x + y if stride == 1 and x.shape[1] == outputs else y
        if attention == "autoatt" and i == GATED:
            score = F.conv2d(x, p["attention.map.weight"], p["attention.map.bias"])
            scores.append(score[:, 0])
            x = x * torch.sigmoid(score)
        if i in LEVELS:
            taps.append(x)
    pooled = F.silu(convolve(x, "head")).mean((2, 3))
    if attention == "ltpa":
        sums = []
        for k, tap in enumerate(taps):
            local = torch.einsum("fc,nchw->nfhw", p[f"attention.{k}.projection.weight"], tap)
            score = torch.einsum("nfhw,nf->nhw", local, pooled)
            scores.append(score)
            map = torch.softmax(score.flatten(1), 1).reshape(score.shape)
            sums.append(torch.einsum("nfhw,nhw->nf", local, map))
        pooled = torch.cat(sums, 1)
    return linear(pooled, "classifier")[:, 0], scores


def parameters(attention, dtype):
    return {n: parameter(n, s).to(dtype).requires_grad_() for n, s in shapes(attention).items()}


def check():
    """The plain network against torchvision's."""
    import torchvision

    model = torchvision.models.efficientnet_b0(num_classes=1).double().train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if isinstance(module, torchvision.ops.StochasticDepth):
            module.p = 0.0
    ours = parameters("none", torch.float64)
    names = [n for n, _ in model.named_parameters()]
    assert len(names) == len(ours)
    with torch.no_grad():
        for (_, theirs), (name, value) in zip(model.named_parameters(), ours.items()):
            theirs.copy_(value.reshape(theirs.shape))
    x = seeded("pictures", 8, 3, 96, 96).double()
    difference = (model(x)[:, 0] - forward(ours, x, "none")[0]).abs().max().item()
    print("torchvision:", difference)
    assert difference < 1e-9


def labels(count):
    return torch.arange(count) % 2


def gradients(attention):
    p = parameters(attention, torch.float64)
    x = seeded("pictures", 8, 3, 96, 96).double()
    logits, scores = forward(p, x, attention)
    loss = F.binary_cross_entropy_with_logits(logits, labels(8).double())
    for k, score in enumerate(scores):
        loss = loss + 0.01 * (score * seeded(f"scores.{k}", *score.shape).double()).sum()
    loss.backward()
    rows = []
    for name in sorted(p):
        g = p[name].grad.flatten().numpy()
        products = [g @ uniform(f"{name}.{k}", g.size).astype(np.float64) for k in range(DIRECTIONS)]
        rows.append([np.linalg.norm(g), *products])
    rows = torch.tensor(np.array(rows))
    print(attention, "lengths from", rows[:, 0].min().item(), "to", rows[:, 0].max().item())
    result = {f"{attention}.gradients": rows, f"{attention}.logits": logits.detach()}
    result.update({f"{attention}.scores.{k}": s.detach() for k, s in enumerate(scores)})
    return {name: value.float().contiguous() for name, value in result.items()}


def losses(dtype, rate=1e-4):
    """Adam on ten batches of eight pictures in turn, whose classes differ by a faint pattern."""
    p = parameters("none", dtype)
    optimiser = torch.optim.Adam(p.values(), lr=rate)
    x = seeded("training.pictures", 80, 3, 64, 64)
    x = (x + 0.1 * labels(80)[:, None, None, None] * seeded("training.pattern", 3, 64, 64)).to(dtype)
    result = []
    for step in range(50):
        batch = slice(step % 10 * 8, step % 10 * 8 + 8)
        loss = F.binary_cross_entropy_with_logits(forward(p, x[batch], "none")[0], labels(80)[batch].to(dtype))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        result.append(loss.item())
    return torch.tensor(result)


if __name__ == "__main__":
    torch.set_num_threads(1)
    check()
    result = {}
    for attention in ("none", "autoatt", "ltpa"):
        result.update(gradients(attention))
    result["losses"], result["losses.double"] = losses(torch.float32), losses(torch.float64)
    print(result["losses"])
    print("rounding:", ((result["losses"] - result["losses.double"]) / result["losses.double"]).abs())
    save_file(result, pathlib.Path(__file__).with_name("training.safetensors"))
