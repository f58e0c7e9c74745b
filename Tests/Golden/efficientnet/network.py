"""EfficientNets with every kind of padding, seeded weights and the crops that the goldens are computed on.

The networks are PyPI's efficientnet_pytorch 0.7.1; `check` compares each kind of padding with an independent
implementation. Everything that Swift has to repeat (crops, weights, sampled positions) is integer arithmetic and
single float products, so that both sides agree to the last bit.
"""
import copy

import numpy as np
import torch
from efficientnet_pytorch import EfficientNet
from efficientnet_pytorch.utils import Conv2dDynamicSamePadding, Conv2dStaticSamePadding
from PIL import Image

MASK = (1 << 64) - 1
MEAN = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).reshape(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).reshape(1, 3, 1, 1)
NATIVE = {"b0": 224, "b1": 240, "b2": 260, "b3": 300, "b4": 380, "b5": 456, "b6": 528, "b7": 600}
PADDINGS = ("same", "native", "tracked", "symmetric")

# Centre in face.png, pixels for one of its pixels, mirrored, recoloured.
CROPS = (
    (128, 118, 2, False, False),
    (121, 125, 2, True, False),
    (130, 112, 3, False, False),
    (135, 111, 2, False, True),
)


def crops(face, size):
    """The four crops [4, 3, size, size] of the portrait at path `face`, 0 ... 1, in double precision."""
    face = np.asarray(Image.open(face))
    result = []
    for x, y, zoom, mirrored, recoloured in CROPS:
        window = (size + zoom - 1) // zoom
        steps = np.arange(size) // zoom
        crop = face[(y - window // 2 + steps)[:, None], (x - window // 2 + steps)[None, :]]
        if mirrored:
            crop = crop[:, ::-1]
        if recoloured:  # blue for red, less contrast
            crop = (crop[:, :, ::-1].astype(np.int64) * 3 // 4 + 32).astype(np.uint8)
        result.append(crop.transpose(2, 0, 1))
    return torch.from_numpy(np.stack(result)).double() / 255


def fnv1a(name):
    """FNV-1a of the name's UTF-8 bytes, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def splitmix(seed, count):
    """The first `count` outputs of splitmix64 from `seed`, uint64."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def positions(name, size, count):
    """`count` positions below `size`, chosen by `name`."""
    return torch.from_numpy((splitmix(fnv1a(name), count) % np.uint64(size)).astype(np.int64))


def seeded(name, shape):
    """The weight called `name`, float32: uniform and scaled by its fan-in, or near 1 or 0 for one dimension."""
    count = int(np.prod(shape))
    uniform = (splitmix(fnv1a(name), count) >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)
    x = uniform * np.float32(2) - np.float32(1)
    if len(shape) >= 2:
        x = x * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    elif name.endswith(".bias"):
        x = x * np.float32(0.2)
    else:
        x = np.float32(1) + x * np.float32(0.2)
    return torch.from_numpy(x.reshape(shape))


def build(size_name, padding, epsilon=1e-3):
    """An untrained network in double precision that pads as `padding` says."""
    native = NATIVE[size_name]
    # With no image size the package pads by the input at hand; with one it follows that size through the layers.
    image_size = None if padding == "same" else native
    model = EfficientNet.from_name(f"efficientnet-{size_name}", image_size=image_size, num_classes=1)
    model.set_swish(memory_efficient=False)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = epsilon
        if not isinstance(module, Conv2dStaticSamePadding) or module.kernel_size == (1, 1):
            continue
        if padding == "native":  # efficientnet_pytorch 0.6: the native size at every layer
            twin = Conv2dStaticSamePadding(1, 1, module.kernel_size, module.stride[0], image_size=native)
            module.static_padding = twin.static_padding
        elif padding == "symmetric":
            module.static_padding = torch.nn.ZeroPad2d(module.kernel_size[0] // 2)
    assert any(isinstance(m, Conv2dDynamicSamePadding) for m in model.modules()) == (padding == "same")
    return model.double().eval()


def state(model):
    """The network's tensors without counters, in the order of computation."""
    return {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}


def transfer(source, target):
    """Gives `target` the tensors of the state `source` in order: the packages differ in names only."""
    names = list(state(target))
    assert len(names) == len(source), (len(names), len(source))
    for name, (other, value) in zip(names, source.items()):
        assert target.state_dict()[name].shape == value.shape, (name, other)
    target.load_state_dict(dict(zip(names, source.values())), strict=False)
    return target


def normalised(x):
    return (x - MEAN) / STD


def logits(model, x):
    with torch.no_grad():
        return model(normalised(x))[:, 0]


def calibrated(size_name, x, padding="same"):
    """Seeded weights, running statistics those of the crops `x`, rounded to float16."""
    model = build(size_name, padding)
    weights = {
        name: seeded(name, tuple(value.shape)).double()
        for name, value in state(model).items() if "running" not in name
    }
    model.load_state_dict(weights, strict=False)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        norm.reset_running_stats()
        norm.train()
    model._global_params = model._global_params._replace(drop_connect_rate=0.0)
    logits(model, x)
    statistics = {}
    for name, value in state(model).items():
        if name.endswith("running_mean"):
            statistics[name] = value.half()
        elif name.endswith("running_var"):
            statistics[name] = value.clamp(min=1e-2).half()
    return {name: weights[name] if name in weights else statistics[name].double() for name in state(model)}, statistics


def blocks(model):
    """(name, module, function of its output) for the stem, each block and the head, as Swift names them."""
    silu = torch.nn.functional.silu
    return [
        ("stem", model._bn0, silu),
        *((f"blocks.{i}", block, lambda y: y) for i, block in enumerate(model._blocks)),
        ("head", model._bn1, silu),
    ]


def activations(model, x):
    """{block: the output of its module} for the crops `x`, in the precision of the model."""
    seen, handles = {}, []
    for name, module, _ in blocks(model):
        def keep(_module, _inputs, output, name=name):
            seen[name] = output
        handles.append(module.register_forward_hook(keep))
    with torch.no_grad():
        model(normalised(x).to(model._fc.weight.dtype))
    for handle in handles:
        handle.remove()
    return seen


def check(size_name, weights, x, epsilon=1e-3):
    """Compares `same` with timm's tf_efficientnet and `symmetric` with torchvision's; returns max differences."""
    import timm
    import torchvision

    differences = {}
    tf = timm.create_model(f"tf_efficientnet_{size_name}", num_classes=1).double().eval()
    plain = getattr(torchvision.models, f"efficientnet_{size_name}")(num_classes=1).double().eval()
    for padding, other in (("same", tf), ("symmetric", plain)):
        for module in other.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eps = epsilon
        ours = logits(transfer(weights, build(size_name, padding, epsilon)), x)
        theirs = logits(transfer(weights, copy.deepcopy(other)), x)
        differences[padding] = ((ours - theirs).abs().max() / theirs.abs().max()).item()
        assert differences[padding] < 1e-10, (padding, differences)
    return differences
