"""Ways in which a state is stored in a file. Each writer takes (state in double precision, path)."""
import argparse
import pickle
import types
from collections import OrderedDict

import numpy as np
import torch
from safetensors.torch import save_file


def cast(state, dtype=torch.float32):
    """The state with its floating tensors in `dtype`, its `_metadata` kept."""
    result = OrderedDict((k, v.to(dtype) if v.is_floating_point() else v) for k, v in state.items())
    if hasattr(state, "_metadata"):
        result._metadata = state._metadata
    return result


class _OldNames(pickle._Pickler):
    """Pickles numpy's scalars under the module's name before numpy 2: what published files have."""

    def save_global(self, obj, name=None):
        if obj is np._core.multiarray.scalar:
            self.write(b"cnumpy.core.multiarray\nscalar\n")
            self.memoize(obj)
        else:
            super().save_global(obj, name)


OLD_NUMPY = types.SimpleNamespace(__name__="pickle", Pickler=_OldNames, dump=pickle.dump)


def torch_file(wrap=lambda state: state, dtype=torch.float32, protocol=2, archive=True, old_numpy=False):
    """torch.save of `wrap` of the state: a zip archive or (`archive` false) the format before PyTorch 1.6."""
    def write(state, path):
        modules = {"pickle_module": OLD_NUMPY} if old_numpy else {}
        torch.save(wrap(cast(state, dtype)), path, pickle_protocol=protocol,
                   _use_new_zipfile_serialization=archive, **modules)
    return write


def safetensors_file(dtype=torch.float32):
    def write(state, path):
        save_file({k: v.contiguous() for k, v in cast(state, dtype).items()}, path)
    return write


def prefixed(prefix):
    return lambda state: OrderedDict((prefix + k, v) for k, v in state.items())


def optimiser(state, kind):
    """The state of a real optimiser after a step that changed nothing."""
    parameters = [torch.nn.Parameter(v.clone()) for k, v in state.items()
                  if v.is_floating_point() and "running_" not in k]
    make = {"adam": lambda p: torch.optim.Adam(p, lr=0.0),
            "sgd": lambda p: torch.optim.SGD(p, lr=0.0, momentum=0.9)}[kind]
    made = make(parameters)
    for p in parameters:
        p.grad = torch.full_like(p, 0.25)
    made.step()
    return made.state_dict()


def under_net(state):  # icpr2020dfdc's training script
    return {"net": state, "opt": optimiser(state, "adam"), "epoch": 20, "val_loss": np.float64(0.25)}


def under_model(state):  # SBI
    return {"model": state, "optimizer": optimiser(state, "sgd"), "epoch": 100}


def under_state_dict(state):  # the DFDC winner
    return {"epoch": 40, "state_dict": state, "bce_best": np.float64(0.2125)}


def with_arguments(state):
    return {"args": argparse.Namespace(model="efficientnet", rate=1e-5, sizes=[224, 380], resume=None),
            "epoch": np.int64(7), "best": np.float32(0.75), "losses": (0.5, 0.25), "model": state}


def shared(state):
    """All tensors views of one storage for each kind of number."""
    result = OrderedDict()
    for floating in (True, False):
        part = {k: v for k, v in state.items() if v.is_floating_point() == floating}
        whole, at = torch.cat([v.flatten() for v in part.values()]), 0
        for k, v in part.items():
            result[k] = whole[at:at + v.numel()].view(v.shape)
            at += v.numel()
    return OrderedDict((k, result[k]) for k in state)


def strided(state):
    """Filters with channels last, matrices transposed, every second value of a longer vector."""
    def other(v):
        if v.ndim == 4:
            return v.contiguous(memory_format=torch.channels_last)
        if v.ndim == 2:
            return v.t().contiguous().t()
        if v.ndim == 1 and v.is_floating_point():
            return torch.stack([v, torch.full_like(v, torch.nan)], 1)[:, 0]
        return v
    return OrderedDict((k, other(v)) for k, v in state.items())


def tensors(path):
    """{name: tensor} of a file that a writer made, whatever it is wrapped in."""
    if str(path).endswith(".safetensors"):
        from safetensors.torch import load_file

        return load_file(path)
    loaded = torch.load(path, map_location="cpu", weights_only=False)
    for key in ("net", "state_dict", "model"):
        if key in loaded and isinstance(loaded[key], dict):
            return loaded[key]
    return loaded


def check(state, path, dtype=torch.float32):
    """The file gives back the state, in its precision, bit by bit."""
    expected = cast(state, dtype)
    found = tensors(path)
    for prefix in ("module.", "backbone."):
        if not any(k.startswith(prefix) for k in expected):
            found = {k.removeprefix(prefix): v for k, v in found.items()}
    assert set(found) == set(expected), set(found) ^ set(expected)
    for key, value in expected.items():
        assert found[key].dtype == value.dtype and torch.equal(found[key], value), key
