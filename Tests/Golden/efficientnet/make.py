#!/usr/bin/env python3
"""Make the goldens of the EfficientNets and of GradCAM.

Needs (PyPI): torch, torchvision, timm, efficientnet_pytorch 0.7.1, scikit-image, pillow, numpy, safetensors.
Makes, beside itself: face.png (a window of NASA's portrait of Eileen Collins, public domain, as scikit-image carries
it) and, for the plain B0 that ships and for B0 and B4 with seeded weights, one .safetensors of

    logits.<padding>.<size>            [4]      logits of the four crops
    activations.<block>.<size>         [2, 66]  two crops: largest |x|, mean |x|, 64 samples
    gradcam.<block>                    [2, h, w] signed maps of two crops at 224, sum over channels of w_k A_k
    gradients.<mode>.<parameter>       [17]     largest |gradient|, 16 samples; mode batch or running statistics
    gradients.input                    [2, 65]  d logit / d crop: largest, 64 samples
    <norm>.running_mean, .running_var  [C]      float16, calibrated on the crops (seeded weights only)

under our names of blocks and parameters. Everything is computed in double precision; how far PyTorch's own single
precision is from it is printed.

    python Tests/Golden/efficientnet/make.py
"""
import pathlib

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from skimage import data

import network

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parents[2] / "Sources/Detector/Resources/Models"
# The loss of the training-form gradients: the sum of the logits times these.
COEFFICIENTS = torch.tensor([1.0, -0.5, 0.75, -1.25], dtype=torch.float64)
# A sample of the parameters; no bias of `project`, which the batch statistics of the next layer take away again.
PARAMETERS = (
    "stem.conv.weight", "stem.norm.bias", "blocks.0.depthwise.conv.weight", "blocks.1.expand.conv.weight",
    "blocks.3.depthwise.norm.weight", "blocks.5.squeeze.reduce.weight", "blocks.6.squeeze.expand.bias",
    "blocks.8.depthwise.conv.weight", "blocks.11.project.conv.weight", "blocks.11.depthwise.norm.bias",
    "head.conv.weight", "head.norm.weight", "classifier.weight",
)


def our_name(name):
    """Our name of efficientnet_pytorch's tensor `name`."""
    layers = {"_conv_stem": "stem.conv", "_bn0": "stem.norm", "_conv_head": "head.conv", "_bn1": "head.norm",
              "_fc": "classifier"}
    parts = {"_expand_conv": "expand.conv", "_bn0": "expand.norm", "_depthwise_conv": "depthwise.conv",
             "_bn1": "depthwise.norm", "_se_reduce": "squeeze.reduce", "_se_expand": "squeeze.expand",
             "_project_conv": "project.conv", "_bn2": "project.norm"}
    path = name.split(".")
    if path[0] == "_blocks":
        return f"blocks.{path[1]}.{parts[path[2]]}.{path[3]}"
    return f"{layers[path[0]]}.{path[1]}"


def shipped():
    """The plain B0 that ships, in double precision."""
    ours = load_file(MODELS / "efficientnet-b0-dfdc-224.safetensors")
    model = network.build("b0", "symmetric", 1e-5)
    # The gates' 1×1 convolutions are matrices there.
    state = {name: ours[our_name(name)].double().reshape(v.shape) for name, v in network.state(model).items()}
    return network.transfer(state, model)


def sampled(name, x, count):
    return x.flatten()[network.positions(name, x.numel(), count)]


def relative(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def add_logits(golden, weights, size_name, paddings, epsilon):
    for size in (224, 380):
        x = network.crops(HERE / "face.png", size)
        results = {}
        for padding in paddings:
            model = network.transfer(weights, network.build(size_name, padding, epsilon))
            z = results[padding] = network.logits(model, x)
            spread = ((z.max() - z.min()) / z.abs().max()).item()
            assert spread > 0.05, f"the crops' logits hardly differ: {z}"
            single = model.float()((network.normalised(x)).float())[:, 0].detach().double()
            print(f"  {size} {padding}: {[round(v, 4) for v in z.tolist()]}, float32 {relative(single, z):.1e}")
            golden[f"logits.{padding}.{size}"] = z
        # Where paddings agree by definition, and where they must not.
        if len(paddings) > 1:
            equal = {("b0", 224): [("same", "native"), ("same", "tracked")], ("b0", 380): [("native", "tracked")],
                     ("b4", 224): [("same", "native")], ("b4", 380): [("same", "tracked")]}[size_name, size]
            for i, a in enumerate(paddings):
                for b in paddings[i + 1:]:
                    if (a, b) in equal or size_name == "b0" and size == 224 and "symmetric" not in (a, b):
                        assert torch.equal(results[a], results[b]), (a, b)
                    else:
                        assert relative(results[a], results[b]) > 0.02, (a, b)


def add_activations(golden, model, size):
    x = network.crops(HERE / "face.png", size)[:2]
    seen = network.activations(model, x)
    single = network.activations(model.float(), x)
    worst = 0
    for name, _, function in network.blocks(model):
        a, b = function(seen[name]), function(single[name]).double()
        worst = max(worst, relative(b, a))
        rows = [torch.cat([v.abs().max()[None], v.abs().mean()[None], sampled(name, v, 64)]) for v in a]
        golden[f"activations.{name}.{size}"] = torch.stack(rows)
    print(f"  activations at {size}: float32 {worst:.1e} of a block's largest")
    model.double()


def add_maps(golden, model, names):
    x = network.crops(HERE / "face.png", 224)[:2].requires_grad_(True)
    seen, handles = {}, []
    for name, module, function in network.blocks(model):
        if name in names:
            # The activation itself is the leaf of the map: what the next layer sees.
            def keep(_module, _inputs, output, name=name, function=function):
                seen[name] = (output, function)
                return output
            handles.append(module.register_forward_hook(keep))
    z = model(network.normalised(x))[:, 0]
    for handle in handles:
        handle.remove()
    for name in names:
        output, function = seen[name]
        (gradient,) = torch.autograd.grad(z.sum(), output, retain_graph=True)
        if name in ("stem", "head"):  # through SiLU: d z / d silu(y) = (d z / d y) / silu'(y), so run on from there
            activation = function(output).detach().requires_grad_(True)
            assert name == "head"
            rest = model._fc(activation.mean((2, 3)))[:, 0]
            assert torch.allclose(rest, z, rtol=1e-12)
            (gradient,) = torch.autograd.grad(rest.sum(), activation)
        else:
            activation = output
        weights = gradient.mean((2, 3), keepdim=True)
        golden[f"gradcam.{name}"] = (weights * activation).sum(1)
    (gradient,) = torch.autograd.grad(z.sum(), x)
    rows = [torch.cat([g.abs().max()[None], sampled("input", g, 64)]) for g in gradient]
    golden["gradients.input"] = torch.stack(rows)


def add_gradients(golden, model):
    x = network.normalised(network.crops(HERE / "face.png", 224))
    model._global_params = model._global_params._replace(drop_connect_rate=0.0)
    for mode in ("batch", "running"):
        results = []
        for dtype in (torch.float64, torch.float32):
            model.to(dtype).eval()
            for module in model.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.train(mode == "batch")
                    module.momentum = 0.0  # the running statistics stay
            model.zero_grad()
            z = model(x.to(dtype))[:, 0]
            (z * COEFFICIENTS.to(dtype)).sum().backward()
            results.append({our_name(n): p.grad.double().clone() for n, p in model.named_parameters()})
            results[-1]["logits"] = z.detach().double()
        model.double().eval()
        golden[f"gradients.{mode}.logits"] = results[0]["logits"]
        for name in PARAMETERS:
            gradient = results[0][name]
            golden[f"gradients.{mode}.{name}"] = torch.cat(
                [gradient.abs().max()[None], sampled(name, gradient, 16)])
        worst = max(PARAMETERS, key=lambda n: relative(results[1][n], results[0][n]))
        print(f"  gradients, {mode} statistics: float32 {relative(results[1][worst], results[0][worst]):.1e} ({worst})")


def write(name, golden):
    tensors = {k: (v if v.dtype == torch.float16 else v.float()).detach().contiguous() for k, v in golden.items()}
    save_file(tensors, HERE / f"{name}.safetensors")


def main():
    torch.set_num_threads(1)
    Image.fromarray(data.astronaut()[0:256, 96:352]).save(HERE / "face.png", optimize=True)

    print("B0 trained on DFDC")
    model = shipped()
    weights = network.state(model)
    print("  against timm and torchvision:", network.check(
        "b0", weights, network.crops(HERE / "face.png", 224), epsilon=1e-5))
    golden = {}
    add_logits(golden, weights, "b0", ["symmetric"], 1e-5)
    add_activations(golden, model, 224)
    add_maps(golden, model, ("blocks.4", "blocks.10", "head"))
    add_gradients(golden, model)
    write("b0-dfdc", golden)

    for size_name in ("b0", "b4"):
        print(f"{size_name.upper()} with seeded weights")
        x = network.crops(HERE / "face.png", network.NATIVE[size_name])
        weights, statistics = network.calibrated(size_name, x)
        print("  against timm and torchvision:", network.check(
            size_name, weights, network.crops(HERE / "face.png", 224)))
        golden = {our_name(name): value for name, value in statistics.items()}
        add_logits(golden, weights, size_name, network.PADDINGS, 1e-3)
        if size_name == "b4":
            model = network.transfer(weights, network.build("b4", "native"))
            add_activations(golden, model, 380)
            add_maps(golden, model, ("blocks.9", "blocks.21", "head"))
        write(f"{size_name}-seeded", golden)


if __name__ == "__main__":
    main()
