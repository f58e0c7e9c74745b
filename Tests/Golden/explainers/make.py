#!/usr/bin/env python3
"""Make maps.safetensors: explanations by other packages, on the networks of Tests/Golden/efficientnet.

Needs (PyPI): torch, captum 0.9, grad-cam 1.5.7, efficientnet_pytorch 0.7.1, numpy, pillow, safetensors. Everything is
computed in double precision on the first two crops at 224, each frame by itself, of the logit z (fake) or of -z (real).
For <network> of b0-dfdc (symmetric padding; the weights that ship) and b4-seeded (native padding):

    <network>.<method>.<block>.<class>   [2, h, w]  pytorch-grad-cam's layercam, hirescam and gradcam++ before its own
                                         ReLU and scaling, captum's LayerGradCam as gradcam; h and w are the block's
    <network>.gradcam++paper.<block>.<class>        the same formula with no 1e-6 in the denominator
    <network>.<method>                   [2, 257]   of the signed map [224, 224], summed over channels: the largest
                                         magnitude and 256 samples; method is one of
        ig.black.gausslegendre           captum's IntegratedGradients, 16 steps, baseline 0
        ig.grey.riemann_middle           the same with baseline 0.5
        saliency                         captum's Saliency without abs
        smoothgrad, smoothgrad_sq        (b0-dfdc) captum's NoiseTunnel of it with 3 samples, deviation 0.15 of the crop's range;
                                         the noise is that of Swift's SmoothGrad with seed 7, frames 0 and 1
        smoothgrad.input                 the same mean gradient times the crop
    <network>.ig.black.sum               [2]        the sum of a frame's attributions

    python Tests/Golden/explainers/make.py
"""
import pathlib
import sys

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradCam, NoiseTunnel, Saliency
from pytorch_grad_cam import GradCAMPlusPlus, HiResCAM, LayerCAM
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "efficientnet"))
import make  # noqa: E402
import network  # noqa: E402

SAMPLES, SEED, NOISE = 3, 7, 0.15


class Logit(torch.nn.Module):
    """Crops in [0, 1] to logits, with the head's activation as a module."""

    def __init__(self, model):
        super().__init__()
        self.model, self.head = model, torch.nn.Identity()

    def forward(self, x):
        x = self.head(self.model.extract_features(network.normalised(x)))
        return self.model._fc(x.mean((2, 3)))


def seeded():
    golden = load_file(HERE.parent / "efficientnet/b4-seeded.safetensors")
    model = network.build("b4", "native")
    state = {}
    for name, value in network.state(model).items():
        ours = make.our_name(name)
        state[name] = (golden[ours] if "running" in name else network.seeded(name, tuple(value.shape))).double()
    return network.transfer(state, model)


def raw_maps(method, model, layer, x, sign):
    """pytorch-grad-cam's maps [N, h, w], before its ReLU, resizing and scaling."""
    with method(model, [layer]) as cam:
        cam(x, targets=[lambda z: sign * z[0]] * len(x))
        (a,), (g,) = cam.activations_and_grads.activations, cam.activations_and_grads.gradients
        a, g = a.numpy(), g.numpy()
        return torch.from_numpy(np.array(cam.get_cam_image(x, layer, None, a, g, False))), a, g


def paper(a, g):
    """GradCAM++ by equation 19."""
    denominator = 2 * g**2 + a.sum((2, 3), keepdims=True) * g**3
    alpha = np.divide(g**2, denominator, out=np.zeros_like(g), where=denominator != 0)
    return torch.from_numpy(((np.maximum(g, 0) * alpha).sum((2, 3))[:, :, None, None] * a).sum(1))


def noise(frame, sample, count):
    """SmoothGrad's normal numbers: of splitmix64, in pairs (Box and Muller)."""
    seed = SEED
    for part in (frame, sample):
        seed = int(network.splitmix(seed, 1)[0]) ^ part
    pairs = (count + 1) // 2
    uniform = (network.splitmix(seed, 2 * pairs) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(1 - uniform[0::2])), 2 * np.pi * uniform[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).flatten()[:count]


def sampled(name, maps):
    """[N, 257] of maps [N, 224, 224]."""
    rows = [torch.cat([m.abs().max()[None], m.flatten()[network.positions(name, m.numel(), 256)]]) for m in maps]
    return torch.stack(rows)


def gradients(golden, prefix, model, x):
    ig = IntegratedGradients(model)
    for name, baseline, method in (("black", 0.0, "gausslegendre"), ("grey", 0.5, "riemann_middle")):
        attributions = ig.attribute(
            x, baselines=baseline, target=0, n_steps=16, method=method, internal_batch_size=4).detach()
        golden[f"{prefix}.ig.{name}.{method}"] = sampled(f"ig.{name}", attributions.sum(1))
        if name == "black":
            golden[f"{prefix}.ig.black.sum"] = attributions.sum((1, 2, 3))
    saliency = Saliency(model)
    golden[f"{prefix}.saliency"] = sampled("saliency", saliency.attribute(x.clone().requires_grad_(), target=0, abs=False).sum(1))
    if prefix != "b0-dfdc":  # the seeded network's activations explode under noise
        return
    normal = torch.normal
    for kind in ("smoothgrad", "smoothgrad_sq"):
        maps = []
        for frame, crop in enumerate(x):
            queue = [torch.from_numpy(noise(frame, k, crop.numel()).reshape(crop.shape))[None] for k in range(SAMPLES)]
            torch.normal = lambda mean, deviation: mean + deviation * queue.pop(0)
            tunnel = NoiseTunnel(saliency)
            maps.append(tunnel.attribute(
                crop[None], nt_type=kind, nt_samples=SAMPLES, nt_samples_batch_size=1,
                stdevs=NOISE * (crop.max() - crop.min()).item(), target=0, abs=False)[0].detach())
            assert not queue
        torch.normal = normal
        golden[f"{prefix}.{kind}"] = sampled(kind, torch.stack([m.sum(0) for m in maps]))
        if kind == "smoothgrad":
            products = torch.stack([(m * crop).sum(0) for m, crop in zip(maps, x)])
            golden[f"{prefix}.smoothgrad.input"] = sampled("smoothgrad.input", products)


def main():
    torch.set_num_threads(1)
    x = network.crops(HERE.parent / "efficientnet/face.png", 224)[:2]
    golden = {}
    for prefix, trunk, names in (
            ("b0-dfdc", make.shipped(), ("blocks.4", "blocks.10", "head")),
            ("b4-seeded", seeded(), ("blocks.9", "blocks.21", "head"))):
        model = Logit(trunk).double().eval()
        assert torch.allclose(model(x)[:, 0], network.logits(trunk, x), rtol=1e-12)
        for name in names:
            layer = model.head if name == "head" else trunk._blocks[int(name.split(".")[1])]
            golden[f"{prefix}.gradcam.{name}.fake"] = LayerGradCam(model, layer).attribute(
                x, target=0, relu_attributions=False)[:, 0].detach()
            for method, key in ((LayerCAM, "layercam"), (HiResCAM, "hirescam"), (GradCAMPlusPlus, "gradcam++")):
                for side, sign in (("fake", 1), ("real", -1)):
                    maps, a, g = raw_maps(method, model, layer, x.clone(), sign)
                    if key == "hirescam" and side == "real":
                        continue
                    golden[f"{prefix}.{key}.{name}.{side}"] = maps
                    if key == "gradcam++":
                        golden[f"{prefix}.gradcam++paper.{name}.{side}"] = paper(a, g)
            print(prefix, name, {k.split(".", 1)[1]: f"{v.abs().max():.2e}" for k, v in golden.items()
                                 if k.startswith(prefix) and f".{name}." in k})
        gradients(golden, prefix, model, x)
    save_file({k: v.float().contiguous() for k, v in golden.items()}, HERE / "maps.safetensors")


if __name__ == "__main__":
    main()
