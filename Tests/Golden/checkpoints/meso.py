"""MesoNet's two networks (Afchar et al. 2018), in the original's dialect (Keras) and in the PyTorch port's.

    Keras   convolution with bias, ReLU, norm (1e-3) of its own, pooling; a ReLU after each convolution of an Inception
            block; flattened as height, width, channel; one output whose sigmoid says *real*
    port    convolution without bias, ReLU, norm (1e-5) that two layers share, pooling; no ReLU inside an Inception
            block; flattened as channel, height, width; two classes, the second one fake

`blocks.0` ... `blocks.3` are the outputs of the four pooling layers.
"""
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from detectors import HALF, UNIT, Detector, calibrate, fill

# Filters of the four branches of the two Inception blocks.
INCEPTION = ((1, 4, 4, 2), (2, 4, 4, 2))


def branches(inputs, filters, bias):
    """The seven convolutions of an Inception block in the order in which they are made."""
    a, b, c, d = filters
    return OrderedDict([
        ("conv1", nn.Conv2d(inputs, a, 1, bias=bias)),
        ("conv2_1", nn.Conv2d(inputs, b, 1, bias=bias)), ("conv2_2", nn.Conv2d(b, b, 3, padding=1, bias=bias)),
        ("conv3_1", nn.Conv2d(inputs, c, 1, bias=bias)),
        ("conv3_2", nn.Conv2d(c, c, 3, padding=2, dilation=2, bias=bias)),
        ("conv4_1", nn.Conv2d(inputs, d, 1, bias=bias)),
        ("conv4_2", nn.Conv2d(d, d, 3, padding=3, dilation=3, bias=bias)),
    ])


class Meso(Detector):
    """Layers in the order of the port's definition; `keras` says which dialect."""

    def __init__(self, inception, keras):
        super().__init__()
        self.inception, self.keras = inception, keras
        self.normalisation = UNIT if keras else HALF
        epsilon = 1e-3 if keras else 1e-5

        def norm(channels):
            return nn.BatchNorm2d(channels, eps=epsilon)

        channels = 3
        if inception:
            for i, filters in enumerate(INCEPTION, start=1):
                for name, layer in branches(channels, filters, keras).items():
                    setattr(self, f"Incption{i}_{name}", layer)
                channels = sum(filters)
                setattr(self, f"Incption{i}_bn", norm(channels))
            plain = [(1, 16, 5), (2, 16, 5)]
        else:
            plain = [(1, 8, 3), (2, 8, 5), (3, 16, 5), (4, 16, 5)]
        for i, filters, size in plain:
            setattr(self, f"conv{i}", nn.Conv2d(channels, filters, size, padding=size // 2, bias=keras))
            channels = filters
            if keras:
                setattr(self, f"bn{i}", norm(filters))
            elif i % 2:
                setattr(self, f"bn{(i + 1) // 2}", norm(filters))
        self.pools = nn.ModuleList([nn.MaxPool2d(n) for n in (2, 2, 2, 4)])
        self.fc1 = nn.Linear(1024, 16)
        self.fc2 = nn.Linear(16, 1 if keras else 2)
        self.plain = [i for i, _, _ in plain]
        self.double().eval()

    def inception_block(self, i, x):
        after = F.relu if self.keras else (lambda y: y)

        def layer(name, x):
            return after(getattr(self, f"Incption{i}_{name}")(x))

        y = torch.cat([layer("conv1", x)] + [layer(f"conv{b}_2", layer(f"conv{b}_1", x)) for b in (2, 3, 4)], 1)
        return getattr(self, f"Incption{i}_bn")(y)

    def forward(self, x):
        outputs = []
        if self.inception:
            for i in (1, 2):
                x = self.pools[len(outputs)](self.inception_block(i, x))
                outputs.append(x)
        for i in self.plain:
            norm = getattr(self, f"bn{i if self.keras else (i + 1) // 2}")
            x = self.pools[len(outputs)](norm(F.relu(getattr(self, f"conv{i}")(x))))
            outputs.append(x)
        x = (x.permute(0, 2, 3, 1) if self.keras else x).flatten(1)
        return self.fc2(F.leaky_relu(self.fc1(x), 0.1))

    def logit(self, output):
        return -output[:, 0] if self.keras else output[:, 1] - output[:, 0]

    def blocks(self):
        return [(f"blocks.{i}", pool, lambda y: y) for i, pool in enumerate(self.pools)]

    def stored(self):
        return self.state_dict()

    def keras_layers(self, first=1):
        """[(Keras's layer, [(weight's name, array, the seed's name)])] in the order of a Keras 2 file, numbers from
        `first` on. Numbers go by creation; the file has the layers by depth, so branches interleave."""
        assert self.keras
        made = {}
        counters = {"conv2d": first, "batch_normalization": first, "dense": first}

        def make(kind, name):
            made[name] = f"{kind}_{counters[kind]}"
            counters[kind] += 1

        order = []
        if self.inception:
            for i in (1, 2):
                names = [f"Incption{i}_{name}" for name in branches(3, INCEPTION[0], True)]
                for name in names:
                    make("conv2d", name)
                make("batch_normalization", f"Incption{i}_bn")
                conv1, a1, a2, b1, b2, c1, c2 = names
                order += [a1, b1, c1, conv1, a2, b2, c2, f"Incption{i}_bn"]
        for i in self.plain:
            make("conv2d", f"conv{i}")
            make("batch_normalization", f"bn{i}")
            order += [f"conv{i}", f"bn{i}"]
        for name in ("fc1", "fc2"):
            make("dense", name)
            order.append(name)
        state = self.state_dict()
        result = []
        for name in order:
            layer, weights = made[name], []
            if layer.startswith("batch"):
                for ours, theirs in (("weight", "gamma"), ("bias", "beta"), ("running_mean", "moving_mean"),
                                     ("running_var", "moving_variance")):
                    weights.append((f"{layer}/{theirs}:0", state[f"{name}.{ours}"].numpy(), f"{name}.{ours}"))
            else:
                kernel = state[f"{name}.weight"].numpy()
                kernel = kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T
                weights.append((f"{layer}/kernel:0", kernel, f"{name}.weight"))
                weights.append((f"{layer}/bias:0", state[f"{name}.bias"].numpy(), f"{name}.bias"))
            result.append((layer, [(n, np.ascontiguousarray(a, dtype=np.float32), s) for n, a, s in weights]))
        return result


def first_number(inception):
    """What the numbers of Keras's layers start from: they go on through a session, so one file starts later."""
    return 5 if inception else 1


def seeded(inception, keras):
    """Every tensor is seeded by its name in the port, whatever the dialect."""
    return calibrate(fill(Meso(inception, keras), {}), (256,), floor=1e-4)


def write_keras(model, path, first=1):
    """An HDF5 file as Keras 2's `save_weights` makes it."""
    import h5py

    layers = model.keras_layers(first)
    with h5py.File(path, "w") as file:
        names = [f"input_{first}", *(layer for layer, _ in layers), f"flatten_{first}", f"dropout_{first}"]
        file.attrs["layer_names"] = np.array([n.encode() for n in names])
        file.attrs["backend"] = np.bytes_(b"tensorflow")
        file.attrs["keras_version"] = np.bytes_(b"2.1.5")
        for name in names:
            group = file.create_group(name)
            weights = dict(layers).get(name, [])
            group.attrs["weight_names"] = np.array([n.encode() for n, _, _ in weights], dtype="S64")
            for weight, array, _ in weights:
                group.create_dataset(weight, data=array)


# The documented conversion; `python -c` with the two paths after it.
CONVERSION = (
    "import sys, h5py, safetensors.numpy as s; d = {}; h5py.File(sys.argv[1]).visititems("
    "lambda k, v: d.update({k: v[()]}) if isinstance(v, h5py.Dataset) else None); s.save_file(d, sys.argv[2])")


def convert(keras, path):
    subprocess.run([sys.executable, "-c", CONVERSION, keras, path], check=True)
