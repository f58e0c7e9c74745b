"""Checks files that this package wrote against numpy and safetensors.

Needs: torch, numpy, safetensors (PyPI). Run: python check.py FOLDER, where FOLDER is what the tests wrote with
WHYFAKE_KEEP_FILES=FOLDER. Element i of a tensor is (i - 3) / 4.
"""

import pathlib
import sys

import numpy
import safetensors
import torch

folder = pathlib.Path(sys.argv[1])
ramp = ((numpy.arange(12) - 3) / 4).reshape(2, 3, 2).astype(numpy.float32)

array = numpy.load(folder / "ramp.npy")
assert array.dtype == numpy.float32 and (array == ramp).all()
clip = numpy.load(folder / "clip.npy")
assert clip.dtype == numpy.uint8 and clip.shape == (2, 2, 2, 3) and (clip.ravel() == numpy.arange(24)).all()
for name, dtype in [("float32", torch.float32), ("float16", torch.float16), ("bfloat16", torch.bfloat16)]:
    with safetensors.safe_open(folder / f"{name}.safetensors", "pt") as file:
        assert file.metadata() == {"made by": 'tests "ü"\n'}, file.metadata()
        assert sorted(file.keys()) == ["bias", "scalar", "weight"]
        assert file.get_tensor("weight").dtype == dtype and file.get_tensor("bias").dtype == torch.float32
        assert (file.get_tensor("weight").float().numpy() == ramp).all()
        assert (file.get_tensor("bias").numpy() == ramp.ravel()[:5]).all() and file.get_tensor("scalar") == 0.5
print("all as written")
