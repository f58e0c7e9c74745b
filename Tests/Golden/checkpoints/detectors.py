"""Every detector in PyTorch, with its published (or our) names of tensors, weights seeded and statistics calibrated.

EfficientNets are the packages' own modules: efficientnet_pytorch (see `network.py` beside), timm, torchvision. What
stands on them is written here from the papers: AutoAtt (Bonettini et al. 2020), LTPA (Jetley et al. 2018) and the two
MesoNets (Afchar et al. 2018). A module keeps what the tests compare:

    normalisation       mean and standard deviation of the crops, three values each
    logit(output)       one logit a crop from what the module returns; above 0 is fake
    blocks()            (name, module, function of its output): the stem, each block, the head
    maps                {level: [N, h, w]} after a forward pass; level 1 is the finest
"""
import functools
import importlib
import math
import pathlib
import sys
import threading
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "efficientnet"))
import network  # noqa: E402

FACE = HERE.parent / "efficientnet" / "face.png"
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
UNIT = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
# What the last 1x1 convolution of a sigmoid map is multiplied by: without it, most of the map is 0 or 1.
ATTENTION_FACTOR = 0.25
# The projection (dot product) or u (parametrised) of LTPA is halved until no position of a softmax map has more, and
# doubled until the largest is this many times the smallest: from there on, c grows so much for B7 at 380 that single
# precision no longer agrees with double.
LARGEST_SHARE = 0.2
SMALLEST_RATIO = 1.2


def crops(size, count=4):
    return network.crops(FACE, size)[:count]


def normalised(x, normalisation):
    mean, std = (torch.tensor(v, dtype=x.dtype).reshape(1, 3, 1, 1) for v in normalisation)
    return (x - mean) / std


def last_blocks(trunk):
    """{stride: index of the last block whose output has it}."""
    stride, last = 2, {}
    for i, block in enumerate(trunk._blocks):
        step = block._block_args.stride
        stride *= step if isinstance(step, int) else step[0]
        last[stride] = i
    return last


def tap_channels(trunk):
    """(index, channels) of the last blocks of stride 8, 16, 32."""
    last = last_blocks(trunk)
    return [(last[s], trunk._blocks[last[s]]._block_args.output_filters) for s in (8, 16, 32)]


def through_trunk(trunk, x, tap):
    """The head's features [N, F, h, w]; `tap(index, x)` sees each block's output and returns what goes on."""
    x = F.silu(trunk._bn0(trunk._conv_stem(x)))
    for i, block in enumerate(trunk._blocks):
        x = tap(i, block(x))
    return F.silu(trunk._bn1(trunk._conv_head(x)))


class Detector(nn.Module):
    normalisation = IMAGENET

    def __init__(self):
        super().__init__()
        self.maps = {}

    def logit(self, output):
        return output[:, 0] if output.shape[1] == 1 else output[:, 1] - output[:, 0]


class Wrapped(Detector):
    """A package's own module, run by its own forward, under a prefix of its names or none."""

    def __init__(self, module, blocks, prefix="", normalisation=IMAGENET):
        super().__init__()
        self.prefix = prefix
        self.normalisation = normalisation
        self._blocks_of = blocks
        self.inner = module

    def forward(self, x):
        return self.inner(x)

    def blocks(self):
        return self._blocks_of(self.inner)

    def stored(self):
        state = self.inner.state_dict()
        if not self.prefix:
            return state
        return OrderedDict((self.prefix + k, v) for k, v in state.items())


def bare(size_name, padding="tracked", classes=1, prefix="", normalisation=IMAGENET):
    """efficientnet_pytorch 0.7.1."""
    model = network.build(size_name, padding)
    if classes != 1:
        model._fc = nn.Linear(model._fc.in_features, classes).double()
    return Wrapped(model, network.blocks, prefix, normalisation)


def bare_06(size_name, directory):
    """efficientnet_pytorch 0.6.3 out of `directory`, beside 0.7.1."""
    kept = {k: sys.modules.pop(k) for k in list(sys.modules) if k.split(".")[0] == "efficientnet_pytorch"}
    sys.path.insert(0, str(directory))
    try:
        old = importlib.import_module("efficientnet_pytorch")
        assert old.__version__.startswith("0.6"), old.__version__
        model = old.EfficientNet.from_name(f"efficientnet-{size_name}", override_params={"num_classes": 1})
    finally:
        sys.path.remove(str(directory))
        for k in list(sys.modules):
            if k.split(".")[0] == "efficientnet_pytorch":
                del sys.modules[k]
        sys.modules.update(kept)
    return Wrapped(model.double().eval(), network.blocks)


def timm_blocks(model):
    flat = [block for stage in model.blocks for block in stage]
    return [("stem", model.bn1, lambda y: y), *((f"blocks.{i}", b, lambda y: y) for i, b in enumerate(flat)),
            ("head", model.bn2, lambda y: y)]


def timm_bare(size_name):
    import timm

    return Wrapped(timm.create_model(f"tf_efficientnet_{size_name}", num_classes=1).double().eval(), timm_blocks)


class Winner(Detector):
    """The DFDC winner's layout: timm's network, its classifier of 1000 classes left over, pooled, one linear layer."""

    def __init__(self, size_name):
        super().__init__()
        import timm

        self.encoder = timm.create_model(f"tf_efficientnet_{size_name}", num_classes=1000)
        self.fc = nn.Linear(self.encoder.num_features, 1)
        self.double().eval()

    def forward(self, x):
        return self.fc(self.encoder.forward_features(x).mean((2, 3)))

    def blocks(self):
        return timm_blocks(self.encoder)

    def stored(self):
        return OrderedDict(("module." + k, v) for k, v in self.state_dict().items())


def torchvision_blocks(model):
    flat = [block for stage in model.features[1:-1] for block in stage]
    return [("stem", model.features[0], lambda y: y),
            *((f"blocks.{i}", b, lambda y: y) for i, b in enumerate(flat)),
            ("head", model.features[-1], lambda y: y)]


def torchvision_bare(size_name):
    import torchvision

    model = getattr(torchvision.models, f"efficientnet_{size_name}")(num_classes=1).double().eval()
    epsilons = {m.eps for m in model.modules() if isinstance(m, nn.BatchNorm2d)}
    assert epsilons == {1e-5 if size_name < "b5" else 1e-3}, epsilons
    return Wrapped(model, torchvision_blocks)


def attention_convolution(channels, width):
    """`attconv`: 1x1 to one channel; before it, `width` times 3x3 and ReLU."""
    if width == 0:
        return nn.Conv2d(channels, 1, 1)
    layers = OrderedDict()
    for i in range(width):
        layers[f"conv{i}"] = nn.Conv2d(channels, channels, 3, padding=1)
        layers[f"relu{i}"] = nn.ReLU()
    layers["conv_out"] = nn.Conv2d(channels, 1, 1)
    return nn.Sequential(layers)


class Bonettini(Detector):
    """icpr2020dfdc: an EfficientNet without its linear layer, AutoAtt's gate if it has a width, a classifier."""

    def __init__(self, size_name, width=None, padding="native"):
        super().__init__()
        self.efficientnet = network.build(size_name, padding)
        count = self.efficientnet._fc.in_features
        del self.efficientnet._fc
        self.gate = None
        if width is not None:
            self.gate, channels = tap_channels(self.efficientnet)[0]
            self.efficientnet.attconv = attention_convolution(channels, width)
        self.classifier = nn.Linear(count, 1)
        self.double().eval()

    def features(self, x):
        def tap(i, x):
            if i != self.gate:
                return x
            attention = torch.sigmoid(self.efficientnet.attconv(x))
            self.maps = {1: attention[:, 0]}
            return x * attention

        return through_trunk(self.efficientnet, x, tap).mean((2, 3))

    def forward(self, x):
        return self.classifier(self.features(x))

    def blocks(self):
        return network.blocks(self.efficientnet)

    def stored(self):
        return self.state_dict()


class SiameseTuned(Detector):
    """icpr2020dfdc's ...ST: the features of a Bonettini network, BatchNorm1d, linear; its first classifier is left."""

    def __init__(self, size_name, width=None, padding="native"):
        super().__init__()
        self.feat_ext = Bonettini(size_name, width, padding)
        count = self.feat_ext.classifier.in_features
        self.classifier = nn.Sequential(nn.BatchNorm1d(count), nn.Linear(count, 1))
        self.double().eval()

    def forward(self, x):
        y = self.classifier(self.feat_ext.features(x))
        self.maps = self.feat_ext.maps
        return y

    def blocks(self):
        return self.feat_ext.blocks()

    def stored(self):
        return self.state_dict()


class Level(nn.Module):
    """One attention of LTPA: l' = P l, a = softmax of <l', g> or <u, l' + g>, the weighted sum of l'."""

    def __init__(self, channels, count, parametrised):
        super().__init__()
        self.projection = nn.Conv2d(channels, count, 1, bias=False)
        if parametrised:
            self.compatibility = nn.Conv2d(count, 1, 1, bias=False)
        self.parametrised = parametrised

    def forward(self, local, g):
        local = self.projection(local)
        g = g[:, :, None, None]
        if self.parametrised:
            c = self.compatibility(local + g)[:, 0]
        else:
            c = (local * g).sum(1)
        a = c.flatten(1).softmax(1).reshape(c.shape)
        return c, a, (a[:, None] * local).sum((2, 3))


class LTPA(Detector):
    """Learn To Pay Attention on an EfficientNet. The layout is ours: no such checkpoint was published."""

    def __init__(self, size_name, parametrised=False, padding="native"):
        super().__init__()
        self.efficientnet = network.build(size_name, padding)
        count = self.efficientnet._fc.in_features
        del self.efficientnet._fc
        taps = tap_channels(self.efficientnet)
        self.taps = [i for i, _ in taps]
        self.attention = nn.ModuleList([Level(channels, count, parametrised) for _, channels in taps])
        self.classifier = nn.Linear(3 * count, 1)
        self.double().eval()

    def forward(self, x):
        seen = []

        def tap(i, x):
            if i in self.taps:
                seen.append(x)
            return x

        g = through_trunk(self.efficientnet, x, tap).mean((2, 3))
        self.compatibilities, maps, sums = zip(*(level(x, g) for level, x in zip(self.attention, seen)))
        self.maps = {k + 1: a for k, a in enumerate(maps)}
        self.attended = torch.cat(sums, 1)
        return self.classifier(self.attended)

    def scale(self, sizes):
        """Multiplies the seeded projections (parametrised: u) and the classifier by powers of two, so that maps and
        logits say something; returns {name: power of two}."""
        factors = {}
        kind = "compatibility" if self.attention[0].parametrised else "projection"
        with torch.no_grad():
            seen = [(self(normalised(crops(n, 2), IMAGENET)), self.compatibilities)[1] for n in sizes]
            for k in range(3):
                factor = 1.0
                while any((factor * c[k]).flatten(1).softmax(1).max() > LARGEST_SHARE for c in seen):
                    factor /= 2
                narrowest = min((c[k].amax((1, 2)) - c[k].amin((1, 2))).min().item() for c in seen)
                while factor * narrowest < math.log(SMALLEST_RATIO):
                    factor *= 2
                name = f"attention.{k}.{kind}.weight"
                self.get_parameter(name).mul_(factor)
                factors[name] = factor
            self(normalised(crops(224, 2), IMAGENET))
            peak = (self.attended @ self.classifier.weight[0]).abs().max().item()
            factors["classifier.weight"] = 2.0 ** round(math.log2(1 / peak))
            self.classifier.weight.mul_(factors["classifier.weight"])
        return factors

    def blocks(self):
        return network.blocks(self.efficientnet)

    def stored(self):
        return self.state_dict()


class DeepfakeBench(Detector):
    """DeepfakeBench's EfficientNet: a stem without padding, two classes; the whole is called `backbone`."""
    normalisation = HALF

    def __init__(self, size_name="b4", padding="tracked"):
        super().__init__()
        self.efficientnet = network.build(size_name, padding)
        self.last_layer = nn.Linear(self.efficientnet._fc.in_features, 2)
        del self.efficientnet._fc
        stem = self.efficientnet._conv_stem
        self.efficientnet._conv_stem = nn.Conv2d(3, stem.out_channels, 3, stride=2, bias=False)
        self.double().eval()

    def forward(self, x):
        return self.last_layer(through_trunk(self.efficientnet, x, lambda i, x: x).mean((2, 3)))

    def blocks(self):
        return network.blocks(self.efficientnet)

    def stored(self):
        return OrderedDict(("backbone." + k, v) for k, v in self.state_dict().items())


def seed_name(key):
    """The name that the tensor called `key` in a module is seeded by: without the prefixes."""
    for prefix in ("inner.", "feat_ext.", "efficientnet."):
        key = key.removeprefix(prefix)
    return key


def fill(module, trunk, by_order=None):
    """Gives `module` the tensors of `trunk` {efficientnet_pytorch's name: value}, by name or, for the submodule
    `by_order` (timm, torchvision), by order; the rest is seeded by name. Statistics are left as they are."""
    given = {}
    if by_order is not None:
        ours = {id(v): k for k, v in module.state_dict(keep_vars=True).items()}
        theirs = by_order.state_dict(keep_vars=True)
        for key, (name, value) in zip(network.state(by_order), trunk.items(), strict=True):
            if theirs[key].shape == value.shape:
                given[ours[id(theirs[key])]] = value
            else:  # a classifier of another size
                assert name.startswith("_fc"), (key, name)
    state = OrderedDict()
    for key, value in module.state_dict().items():
        name = seed_name(key)
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(4000)
        elif key in given:
            state[key] = given[key]
        elif by_order is None and name in trunk and trunk[name].shape == value.shape:
            state[key] = trunk[name]
        elif "running_" in key:
            state[key] = value
        else:
            state[key] = network.seeded(name, tuple(value.shape)).double()
            if name in ("attconv.weight", "attconv.conv_out.weight"):
                state[key] *= ATTENTION_FACTOR
    module.load_state_dict(state)
    return module


def calibrate(module, sizes, only=(nn.BatchNorm1d, nn.BatchNorm2d), floor=1e-2):
    """Running statistics of the norms of the types `only`: those of the four crops at all `sizes` together, rounded to
    float16. The sizes run side by side and meet at each norm, so that each of its calls normalises by what is kept
    (by the last call's, where layers share it)."""
    norms = [m for m in module.modules() if isinstance(m, only)]
    barrier, inputs, failures = threading.Barrier(len(sizes)), {}, []

    def meet(norm, x):
        inputs[threading.current_thread().name] = x.transpose(0, 1).flatten(1)
        if barrier.wait() == 0:
            values = torch.cat([inputs[k] for k in sorted(inputs)], 1)
            norm.running_mean.copy_(values.mean(1).half())
            norm.running_var.copy_(values.var(1, correction=0).clamp(min=floor).half())
        barrier.wait()
        return type(norm).forward(norm, x)

    def run(size):
        try:
            with torch.no_grad():
                module(normalised(crops(size), module.normalisation))
        except Exception as failure:
            failures.append(failure)
            barrier.abort()

    for norm in norms:
        norm.forward = functools.partial(meet, norm)
    threads = [threading.Thread(target=run, args=(size,), name=f"{size}") for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for norm in norms:
        del norm.forward
    if failures:
        raise failures[0]
    return module
