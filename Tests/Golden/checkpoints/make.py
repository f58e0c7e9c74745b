#!/usr/bin/env python3
"""Make a checkpoint of every detector in every format, with what PyTorch says about two crops of the portrait.

    python make.py OUT [--only SUBSTRING] [--effnet06 DIR]     the checkpoints (gigabytes) and their goldens
    python make.py --small                                     the committed goldens, beside this script

Needs (PyPI): torch, torchvision, timm, efficientnet_pytorch 0.7.1, scikit-image, pillow, numpy, safetensors, h5py;
DIR holds efficientnet_pytorch 0.6.3 (pip install --no-deps --target DIR efficientnet_pytorch==0.6.3). Without it those
files are left out.

Weights. A trunk's tensors are seeded by efficientnet_pytorch's names (`network.seeded`), its running statistics those
of the portrait's four crops at the smaller of the native size and 380 (`network.calibrated`); timm and torchvision get
its tensors in order. Other tensors are seeded by their own names without the prefixes `efficientnet.`,
`feat_ext.`, `module.`, `backbone.`, `net.`: `classifier.weight`, `attconv.conv0.bias`, `last_layer.weight`,
`encoder.classifier.weight`. Products with powers of two, so that the goldens can tell right from wrong:

    attconv.weight, attconv.conv_out.weight     x 0.25
    attention.<k>.projection.weight (dot product), attention.<k>.compatibility.weight (parametrised), and LTPA's
    classifier.weight                           x what `LTPA.scale` finds: `factors` in the manifest

The bare files of efficientnet_pytorch and timm have the trunk as it is, so that their goldens differ by padding alone.
All other networks are calibrated for themselves on the crops at all sizes together (`detectors.calibrate`): what leaves
the range that the statistics came from loses digits, PyTorch's too. For the same reason their last bias (not
torchvision's, not LTPA's) is moved (`raised`). Statistics are rounded to float16; counters are 4000.

OUT/manifest.json lists {id, file, golden, architecture, format, padding, padsStem, epsilon, mean, std, sizes,
attentionLevels, overrides, blocks, float32, factors?}: `overrides` is what the keys alone cannot say, `float32` how far
PyTorch's own single precision is from the golden (of the largest logit, of a map's largest, of a block's largest). A
golden, computed in double precision on exactly the stored values, holds for the first two crops of `network.crops` at
each size

    logits.<size>               [2]         above 0 is fake
    attention.<level>.<size>    [2, h, w]   level 1 is the finest (stride 8)
    activations.<block>.<size>  [2, 66]     largest |x|, mean |x|, 64 samples at network.positions(block, ...)

with blocks `stem`, `blocks.<i>` (AutoAtt: before the gate multiplies) and `head`; MesoNet: `blocks.0` ... `blocks.3`,
each after its pooling. `small.py` says what --small writes.
"""
import argparse
import functools
import json
import pathlib
import sys
import time

import torch
from safetensors.torch import save_file

import detectors
import formats
import meso
import network
from detectors import (DeepfakeBench, Bonettini, LTPA, SiameseTuned, Winner, bare, bare_06, calibrate, crops, fill,
                       timm_bare, torchvision_bare)
from evaluate import golden, relative, run

SIZES = [f"b{k}" for k in range(8)]
BOTH = (224, 380)


@functools.lru_cache(maxsize=1)
def trunk(size_name):
    """The seeded tensors under efficientnet_pytorch's names, in double precision."""
    x = crops(min(network.NATIVE[size_name], 380))
    return network.calibrated(size_name, x)[0]


class Reference:
    """One golden and the files that have its weights: {suffix: (extension, writer, dtype, more of the manifest)}."""

    def __init__(self, name, make, architecture, format, padding, files=None, sizes=BOTH, levels=(),
                 pads_stem=True, epsilon=1e-3, overrides=None, softmax=False, blocks=True):
        self.name, self.make, self.softmax, self.blocks = name, make, softmax, blocks
        self.files = files or {"": ("pth", formats.torch_file(), torch.float32)}
        self.facts = dict(architecture=architecture, format=format, padding=padding, padsStem=pads_stem,
                          epsilon=epsilon, sizes=list(sizes), attentionLevels=list(levels), overrides=overrides or {},
                          blocks=blocks)

    def ids(self):
        return {suffix: f"{self.name}-{suffix}" if suffix else self.name for suffix in self.files}

    def write(self, out, only):
        ids = {s: i for s, i in self.ids().items() if only in i}
        if not ids:
            return []
        print(self.name, flush=True)
        start = time.time()
        module = self.make()
        tensors, distances = golden(module, self.facts["sizes"], self.name, self.softmax, self.blocks)
        save_file(tensors, out / f"{self.name}.golden.safetensors")
        entries = []
        for suffix, identifier in ids.items():
            extension, writer, dtype = self.files[suffix]
            file = identifier + (f".{extension}" if extension else "")
            state = module.stored()
            writer(state, out / file)
            formats.check(state, out / file, dtype)
            mean, std = module.normalisation
            entry = dict(id=identifier, file=file, golden=f"{self.name}.golden.safetensors", **self.facts,
                         mean=list(mean), std=list(std), float32=distances)
            if suffix:  # the same weights again: one size tells whether they were read
                entry.update(sizes=self.facts["sizes"][:1], blocks=False)
            if getattr(module, "factors", None):
                entry["factors"] = module.factors
            entries.append(entry)
            print(f"  {file}: {(out / file).stat().st_size / 1e6:.1f} MB", flush=True)
        print(f"  {time.time() - start:.0f} s", flush=True)
        return entries


def plain(**more):
    """{"": a zip .pth} and more files of the same weights."""
    return {"": ("pth", formats.torch_file(), torch.float32), **more}


def one(wrap, extension="pth", **more):
    return {"": (extension, formats.torch_file(wrap, **more), torch.float32)}


def ltpa(size_name, parametrised=False):
    model = calibrate(fill(LTPA(size_name, parametrised), trunk(size_name)), BOTH)
    model.factors = model.scale(BOTH)
    print("  factors:", model.factors)
    return model


def filled(model, size_name, sizes=BOTH):
    """The seeded weights, calibrated for this network."""
    return raised(calibrate(fill(model, trunk(size_name)), sizes))


def siamese(size_name, width=None):
    """...ST. Its norm would magnify what differs little between crops, rounding too: no deviation below 0.3."""
    model = calibrate(fill(SiameseTuned(size_name, width), trunk(size_name)), BOTH)
    return raised(calibrate(model, BOTH, (torch.nn.BatchNorm1d,), floor=0.1), by=2.0)


def raised(model, by=0.5):
    """Moves the last bias (of two classes, that of fake) by `by` away from where the logits are: a logit near 0 is a
    difference of large numbers, of which single precision keeps few digits. Not where the crops would then hardly
    differ."""
    z = run(model, 224, False)[0]
    if (z.max() - z.min()) / (z.mean().abs() + by) < 0.01:
        return model
    name, bias = list(model.named_parameters())[-1]
    assert name.endswith(".bias")
    with torch.no_grad():
        bias[-1] += by if z.mean() > 0 else -by
    return model


def timm_filled(size_name):
    model = timm_bare(size_name)
    return fill(model, trunk(size_name), by_order=model.inner)


def winner(size_name):
    model = Winner(size_name)
    return raised(calibrate(fill(model, trunk(size_name), by_order=model.encoder), BOTH))


def torchvision_filled(size_name):
    model = torchvision_bare(size_name)
    return calibrate(fill(model, trunk(size_name), by_order=model.inner), BOTH)


def old(size_name, directory):
    """efficientnet_pytorch 0.6.3, compared with our twin of it and, for B4, with the other paddings."""
    model = fill(bare_06(size_name, directory), trunk(size_name))
    for size in BOTH:
        z = run(model, size, False)[0]
        others = {p: run(fill(bare(size_name, p), trunk(size_name)), size, False)[0]
                  for p in ("native", "same", "tracked")}
        assert relative(others["native"], z) < 1e-12, others
        print(f"  {size}, 0.6.3 {[round(v, 4) for v in z.tolist()]} against 0.7.1: " + ", ".join(
            f"{p} {[round(v, 4) for v in y.tolist()]}" for p, y in others.items()))
        if size_name == "b4":
            equal = "same" if size == 224 else None
            for p in ("same", "tracked"):
                difference = relative(others[p], z)
                assert difference < 1e-12 if p == equal else difference > 0.02, (size, p, difference)
            assert (relative(others["tracked"], others["same"]) < 1e-12) == (size == 380)
    return model


def rounded(size_name, dtype):
    """efficientnet_pytorch's network with all of its tensors rounded to `dtype`."""
    return fill(bare(size_name), trunk(size_name)).to(dtype).double()


def variants():
    """B0's file in every format, the same weights."""
    f32 = torch.float32
    return plain(
        legacy=("pth", formats.torch_file(archive=False), f32),
        protocol4=("pt", formats.torch_file(protocol=4), f32),
        legacy_protocol4=("pth", formats.torch_file(archive=False, protocol=4), f32),
        float64=("pth", formats.torch_file(dtype=torch.float64), torch.float64),
        shared=("pth", formats.torch_file(formats.shared), f32),
        legacy_shared=("pth", formats.torch_file(formats.shared, archive=False), f32),
        strided=("pth", formats.torch_file(formats.strided), f32),
        legacy_strided=("pth", formats.torch_file(formats.strided, archive=False), f32),
        state_dict=("pth.tar", formats.torch_file(formats.under_state_dict), f32),
        model=("pth", formats.torch_file(formats.under_model), f32),
        net=("pth", formats.torch_file(formats.under_net), f32),
        arguments=("pth", formats.torch_file(formats.with_arguments), f32),
        arguments_protocol4=("pth", formats.torch_file(formats.with_arguments, protocol=4), f32),
        arguments_old_numpy=("pth", formats.torch_file(formats.with_arguments, old_numpy=True), f32),
        module=("pth", formats.torch_file(formats.prefixed("module.")), f32),
        safetensors=("safetensors", formats.safetensors_file(), f32),
    )


def references(directory):
    for k in SIZES:
        name = f"EfficientNet{k.upper()}"
        auto, learnt = f"EfficientNetAutoAtt{k.upper()}", f"EfficientNetLTPA{k.upper()}"
        native = dict(overrides={"padding": "native"})
        yield Reference(f"efficientnet_pytorch-0.7.1-{k}", lambda k=k: fill(bare(k), trunk(k)), name,
                        "efficientnet_pytorch", "tracked", variants() if k == "b0" else None)
        if directory:
            yield Reference(f"efficientnet_pytorch-0.6.3-{k}", lambda k=k: old(k, directory), name,
                            "efficientnet_pytorch", "native", **native)
        yield Reference(
            f"timm-{k}", lambda k=k: timm_filled(k), name, "timm", "same",
            plain(safetensors=("safetensors", formats.safetensors_file(), torch.float32)) if k == "b0" else None)
        yield Reference(f"dfdc-winner-{k}", lambda k=k: winner(k), name, "DFDC winner", "same",
                        one(formats.under_state_dict, "", old_numpy=True))
        yield Reference(f"torchvision-{k}", lambda k=k: torchvision_filled(k), name, "torchvision", "symmetric",
                        epsilon=1e-5 if k < "b5" else 1e-3)
        yield Reference(f"icpr2020dfdc-autoatt-{k}", lambda k=k: filled(Bonettini(k, 0), k), auto,
                        "icpr2020dfdc", "native", levels=[1])
        yield Reference(f"ltpa-{k}", lambda k=k: ltpa(k), learnt, "LTPA", "native", levels=[1, 2, 3], softmax=True)
        if k == "b0":
            for label, dtype in (("float16", torch.float16), ("bfloat16", torch.bfloat16)):
                files = {"": ("pth", formats.torch_file(dtype=dtype), dtype)}
                if label == "float16":
                    files["safetensors"] = ("safetensors", formats.safetensors_file(dtype), dtype)
                yield Reference(f"efficientnet_pytorch-0.7.1-b0-{label}", lambda dtype=dtype: rounded("b0", dtype),
                                name, "efficientnet_pytorch", "tracked", files, sizes=(224,), blocks=False)
        if k == "b4":
            yield from only_b4()
    yield from mesos()


def only_b4():
    f32 = torch.float32
    yield Reference("icpr2020dfdc-b4", lambda: filled(Bonettini("b4"), "b4"), "EfficientNetB4", "icpr2020dfdc",
                    "native", plain(net=("pth", formats.torch_file(formats.under_net), f32),
                                    legacy=("pth", formats.torch_file(archive=False), f32)))
    yield Reference("icpr2020dfdc-autoatt-b4-width2", lambda: filled(Bonettini("b4", 2), "b4"),
                    "EfficientNetAutoAttB4", "icpr2020dfdc", "native", levels=[1],
                    files=plain(net=("pth", formats.torch_file(formats.under_net), f32)))
    yield Reference("icpr2020dfdc-b4st", lambda: siamese("b4"), "EfficientNetB4ST",
                    "icpr2020dfdc", "native")
    yield Reference("icpr2020dfdc-autoatt-b4st", lambda: siamese("b4", 0),
                    "EfficientNetAutoAttB4ST", "icpr2020dfdc", "native", levels=[1])
    yield Reference("ltpa-b4-parametrised", lambda: ltpa("b4", True), "EfficientNetLTPAB4", "LTPA", "native",
                    levels=[1, 2, 3], softmax=True)
    yield Reference("sbi-b4", lambda: filled(
        bare("b4", classes=2, prefix="net.", normalisation=detectors.UNIT), "b4"), "EfficientNetB4", "SBI", "tracked",
        one(formats.under_model, "tar"))
    yield Reference("deepfakebench-b4", lambda: filled(DeepfakeBench(), "b4", (224, 256, 380)),
                    "EfficientNetB4", "DeepfakeBench", "tracked", sizes=(224, 256, 380), pads_stem=False)


def mesos():
    for inception, name in ((False, "Meso4"), (True, "MesoInception4")):
        facts = dict(padding="same", sizes=(256,))
        yield KerasReference(f"keras-{name.lower()}", lambda inception=inception: meso.seeded(inception, True), name,
                             "Keras", epsilon=1e-3, first=meso.first_number(inception), **facts)
        files = {"": ("pth", formats.torch_file(formats.prefixed("backbone.")), torch.float32)}
        if not inception:
            files["bare"] = ("pth", formats.torch_file(), torch.float32)
        yield Reference(f"deepfakebench-{name.lower()}", lambda inception=inception: meso.seeded(inception, False),
                        name, "DeepfakeBench", files=files, epsilon=1e-5, **facts)


class KerasReference(Reference):
    """A MesoNet in Keras's file and in what the documented line makes of it."""

    def __init__(self, *arguments, first, **facts):
        super().__init__(*arguments, **facts)
        self.first = first

    def write(self, out, only):
        if only not in self.name:
            return []
        print(self.name, flush=True)
        module = self.make()
        tensors, distances = golden(module, self.facts["sizes"], self.name)
        save_file(tensors, out / f"{self.name}.golden.safetensors")
        meso.write_keras(module, out / f"{self.name}.h5", self.first)
        meso.convert(out / f"{self.name}.h5", out / f"{self.name}.safetensors")
        mean, std = module.normalisation
        return [dict(id=identifier, file=f"{self.name}.{extension}", golden=f"{self.name}.golden.safetensors",
                     **self.facts, mean=list(mean), std=list(std), float32=distances)
                for identifier, extension in ((f"{self.name}-h5", "h5"), (self.name, "safetensors"))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path, nargs="?")
    parser.add_argument("--only", default="", metavar="SUBSTRING")
    parser.add_argument("--effnet06", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    if options.small == (options.out is not None):
        sys.exit("make.py: give either a folder for the checkpoints or --small")
    torch.set_num_threads(1)
    if options.small:
        import small

        small.write()
        return
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.effnet06:
        print("no --effnet06: the files of efficientnet_pytorch 0.6.3 are left out")
    path = options.out / "manifest.json"
    manifest = {e["id"]: e for e in json.loads(path.read_text())} if path.exists() else {}
    failures = []
    for reference in references(options.effnet06):
        try:
            entries = reference.write(options.out, options.only)
        except AssertionError as failure:  # the others are still made
            print(f"  FAILED: {failure}", flush=True)
            failures.append(reference.name)
            continue
        for entry in entries:
            manifest[entry["id"]] = entry
        path.write_text(json.dumps(list(manifest.values()), indent=1) + "\n")
    if failures:
        sys.exit(f"make.py: no golden worth comparing with: {', '.join(failures)}")


if __name__ == "__main__":
    main()
