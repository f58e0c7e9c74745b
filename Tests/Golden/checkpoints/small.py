"""The committed goldens: keys.json and variants.safetensors, for tests that make their weights themselves.

keys.json

    trunks      {"b0", "b4": [[name, shape] ...]}: efficientnet_pytorch's tensors without `_fc`, in order, counters too
    formats     {format: {"keys": [...], "names": [...]?}}: the file's tensors in order. An element of keys is
                [name, shape], or {"trunk", "prefix"} for all of a trunk under a prefix. names stand beside keys where
                they differ in more than a prefix: efficientnet_pytorch's name, null for what is left over; for MesoNet
                the name that the tensor is seeded by (Keras: our shape is [out, in, kh, kw] and [out, in])

variants.safetensors, on the trunk of efficientnet/b0-seeded.safetensors (native padding; at 224 same and tracked are
equal for B0), ImageNet's mean and deviation, epsilon 1e-3, the first two crops at 224:

    autoatt, autoatt-width2         attconv... and classifier.weight [1, 1280], classifier.bias
    ltpa, ltpa-parametrised         attention.<k>.projection.weight [1280, 40 | 112 | 320, 1, 1],
                                    attention.<k>.compatibility.weight [1, 1280, 1, 1], classifier.weight [1, 3840]
    autoatt-st                      as autoatt; classifier.0 a norm (1e-5), classifier.1.weight [1, 1280], .bias
    two-class                       _fc.weight [2, 1280], _fc.bias [2]; second minus first
    unpadded-stem                   the plain network (_fc.weight [1, 1280]), no padding at the stem, tracked after it
    <keras|port>-<meso4|mesoinception4>     at 256; tensors seeded by names as in keys.json, epsilon and normalisation
                                    as meso.py says

Tensors are seeded by these names and then multiplied: attconv.weight and attconv.conv_out.weight by 0.25, those with a
factor in the file by it.

    <variant>.logits.<size> [2]                 above 0 is fake
    <variant>.attention.<level>.<size>          [2, h, w]
    <variant>.<tensor>.factor [1]               what the seeded tensor is multiplied by
    <variant>.<norm>.running_mean|running_var   float16; not of the trunk
"""
import importlib.util
import json

import torch
from safetensors.torch import load_file, save_file

import meso
import network
from detectors import (HERE, Bonettini, DeepfakeBench, LTPA, SiameseTuned, Winner, bare, calibrate, fill,
                       timm_bare, torchvision_bare)
from evaluate import check_logits, check_maps, run


def shapes(state):
    return [[k, list(v.shape)] for k, v in state.items()]


def folded(state, trunk_name, trunk, prefix):
    """The keys with the trunk's run replaced by its name and prefix."""
    keys = shapes(state)
    run_of = [[prefix + k, shape] for k, shape in trunk]
    at = keys.index(run_of[0])
    assert keys[at:at + len(run_of)] == run_of, trunk_name
    return [*keys[:at], {"trunk": trunk_name, "prefix": prefix}, *keys[at + len(run_of):]]


def keys():
    full = {k: shapes(network.build(k, "tracked").state_dict()) for k in ("b0", "b4")}
    trunks = {k: [e for e in v if not e[0].startswith("_fc.")] for k, v in full.items()}
    names = [name for name, _ in full["b0"]]
    result = {}

    def add(label, module, trunk_name, prefix, names=None):
        state = module.stored()
        if names is None:
            result[label] = {"keys": folded(state, trunk_name, trunks[trunk_name], prefix)}
        else:
            assert len(names) == len(state), label
            result[label] = {"keys": shapes(state), "names": names}

    add("efficientnet_pytorch b0", bare("b0"), "b0", "")
    add("timm b0", timm_bare("b0"), "b0", "", names)
    add("DFDC winner b0", Winner("b0"), "b0", "", [*names[:-2], None, None, *names[-2:]])
    add("torchvision b0", torchvision_bare("b0"), "b0", "", names)
    add("icpr2020dfdc b4", Bonettini("b4"), "b4", "efficientnet.")
    add("icpr2020dfdc autoatt b4", Bonettini("b4", 0), "b4", "efficientnet.")
    add("icpr2020dfdc autoatt width 2 b4", Bonettini("b4", 2), "b4", "efficientnet.")
    add("icpr2020dfdc ST b4", SiameseTuned("b4"), "b4", "feat_ext.efficientnet.")
    add("icpr2020dfdc autoatt ST b4", SiameseTuned("b4", 0), "b4", "feat_ext.efficientnet.")
    add("SBI b4", bare("b4", classes=2, prefix="net."), "b4", "net.")
    add("DeepfakeBench b4", DeepfakeBench(), "b4", "backbone.efficientnet.")
    add("LTPA b4", LTPA("b4"), "b4", "efficientnet.")
    add("LTPA parametrised b4", LTPA("b4", True), "b4", "efficientnet.")
    for inception, name in ((False, "meso4"), (True, "mesoinception4")):
        layers = meso.Meso(inception, True).keras_layers(meso.first_number(inception))
        result[f"Keras {name}"] = {
            "keys": [[f"{layer}/{k}", list(a.shape)] for layer, weights in layers for k, a, _ in weights],
            "names": [seed for _, weights in layers for _, _, seed in weights]}
        state = meso.Meso(inception, False).stored()
        result[f"DeepfakeBench {name}"] = {
            "keys": shapes({"backbone." + k: v for k, v in state.items()}), "names": list(state)}
    return {"trunks": trunks, "formats": result}


def stored_trunk():
    """The trunk that efficientnet/b0-seeded.safetensors has the statistics of."""
    where = HERE.parent / "efficientnet"
    specification = importlib.util.spec_from_file_location("efficientnet_goldens", where / "make.py")
    other = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(other)
    statistics = load_file(where / "b0-seeded.safetensors")
    return {name: (statistics[other.our_name(name)].double() if "running_" in name
                   else network.seeded(name, tuple(value.shape)).double())
            for name, value in network.state(network.build("b0", "same")).items()}


def variants():
    trunk = stored_trunk()
    result = {}

    def add(label, module, size, norms=(), factors=None):
        z, maps, _ = run(module, size, blocks=False)
        check_logits(z, label)
        words = check_maps(maps, label, softmax=label.startswith("ltpa"))
        print(f"{label}: {[round(v, 4) for v in z.tolist()]} {words} {factors or ''}")
        result[f"{label}.logits.{size}"] = z.float()
        for level, a in maps.items():
            result[f"{label}.attention.{level}.{size}"] = a.float().contiguous()
        for name, factor in (factors or {}).items():
            result[f"{label}.{name}.factor"] = torch.tensor([factor])
        for name, value in module.state_dict().items():
            if "running_" in name and name.startswith(tuple(norms)):
                assert torch.equal(value, value.half().double()), name
                result[f"{label}.{name}"] = value.half()

    add("autoatt", fill(Bonettini("b0", 0), trunk), 224)
    add("autoatt-width2", fill(Bonettini("b0", 2), trunk), 224)
    for label, parametrised in (("ltpa", False), ("ltpa-parametrised", True)):
        model = fill(LTPA("b0", parametrised), trunk)
        add(label, model, 224, factors=model.scale((224, 380)))
    tuned = calibrate(fill(SiameseTuned("b0", 0), trunk), (224,), torch.nn.BatchNorm1d)
    add("autoatt-st", tuned, 224, norms=["classifier.0."])
    add("two-class", fill(bare("b0", classes=2), trunk), 224)
    unpadded = bare("b0")
    stem = unpadded.inner._conv_stem
    unpadded.inner._conv_stem = torch.nn.Conv2d(3, stem.out_channels, 3, stride=2, bias=False).double()
    add("unpadded-stem", fill(unpadded, trunk), 224)
    for keras in (True, False):
        for inception, name in ((False, "meso4"), (True, "mesoinception4")):
            add(f"{'keras' if keras else 'port'}-{name}", meso.seeded(inception, keras), 256,
                norms=["bn", "Incption"])
    return result


def write():
    (HERE / "keys.json").write_text(json.dumps(keys(), separators=(",", ":")) + "\n")
    save_file(variants(), HERE / "variants.safetensors")
    for name in ("keys.json", "variants.safetensors"):
        print(f"{name}: {(HERE / name).stat().st_size / 1000:.0f} kB")
