"""Makes the golden files of the file formats, beside itself.

Needs: torch, numpy, safetensors (PyPI). Run: python make.py
The tensors are sums of powers of two, so that every format holds them exactly; the tests know them by their formula:
element i of a tensor is (i - 3) / 4.
"""

import argparse
import collections
import datetime
import os
import pathlib

import numpy
import safetensors.torch
import torch

here = pathlib.Path(__file__).parent


def ramp(*shape, dtype=torch.float32):
    count = int(numpy.prod(shape))
    return ((torch.arange(count) - 3) / 4).reshape(shape).to(dtype)


# safetensors
state = {
    "f32": ramp(2, 3), "f16": ramp(5, dtype=torch.float16), "bf16": ramp(2, 2, 2, dtype=torch.bfloat16),
    "f64": ramp(4, dtype=torch.float64), "scalar": torch.tensor(0.5), "empty": torch.zeros(0, 3),
    "bn.num_batches_tracked": torch.tensor(7),
}
safetensors.torch.save_file(state, here / "all.safetensors", {"made by": 'make.py "ü"'})

# PyTorch
base = ramp(24)
torch_state = collections.OrderedDict(
    f32=ramp(2, 3), f16=ramp(5, dtype=torch.float16), bf16=ramp(2, 2, 2, dtype=torch.bfloat16),
    f64=ramp(4, dtype=torch.float64), scalar=torch.tensor(0.5), empty=torch.zeros(0, 3),
    counter=torch.tensor(7), flag=torch.tensor([True]), parameter=torch.nn.Parameter(ramp(3)),
    view=base[4:16].reshape(3, 4), transposed=base.reshape(4, 6).t(), stepped=base.reshape(2, 3, 4)[:, ::2, 1:],
    shared=base, again=base,
)
for protocol in (2, 3, 4, 5):
    torch.save(torch_state, here / f"plain{protocol}.pth", pickle_protocol=protocol)
torch.save(
    {
        "epoch": 3, "loss": 0.25, "name": "a", "done": False, "nothing": None, "sizes": [torch.Size([1, 2]), (3, 4, 5, 6)],
        "big": 2**100, "negative": -2**40, "bytes": bytearray(0), "optimizer": {"state": {}, "lr": 1e-3},
        "net": torch.nn.Linear(2, 3).state_dict() | {"weight": ramp(3, 2), "bias": ramp(3)},
    } | {},
    here / "wrapped.pth", pickle_protocol=5,
)
torch.save({"student": {"w": ramp(2)}, "teacher": {"w": ramp(3)}}, here / "two.pth")
torch.save({"w": ramp(2, 1).expand(2, 8)}, here / "expanded.pth")
torch.save({"w": ramp(3)}, here / "legacy.pth", _use_new_zipfile_serialization=False)

# PyTorch before 1.6
for protocol in (2, 4):
    torch.save(torch_state, here / f"legacy-plain{protocol}.pth", pickle_protocol=protocol,
               _use_new_zipfile_serialization=False)

# What training loops leave beside the tensors, all of it of no use to a detector.
network = torch.nn.Linear(2, 3)
optimizer = torch.optim.Adam(network.parameters())
network(torch.ones(1, 2)).sum().backward()
optimizer.step()
network.load_state_dict({"weight": ramp(3, 2), "bias": ramp(3)})
tagged = torch.nn.Parameter(ramp(2))
tagged.note = "a parameter with an attribute"
baggage = {
    "epoch": 3, "state_dict": network.state_dict(), "optimizer": optimizer.state_dict(),
    "bce_best": numpy.float64(0.25), "array": numpy.arange(3), "args": argparse.Namespace(lr=1e-3, name="b7"),
    "history": collections.defaultdict(list, loss=[0.5, 0.25]), "seen": collections.Counter("abca"),
    "sets": [{1, 2}, frozenset([3])], "values": [1j, slice(1, 2), bytearray(b"ab"), b"\x01\xff", 2**70, -1.5],
    "device": torch.device("cpu"), "dtype": torch.float32, "folder": pathlib.PosixPath("/a/b"),
    "time": datetime.datetime(2020, 1, 2), "tagged": [tagged], "loss": torch.tensor(0.5), "storage": torch.ones(2).untyped_storage(),
}
for protocol in (2, 5):
    torch.save(baggage, here / f"baggage{protocol}.pth", pickle_protocol=protocol)
torch.save(baggage, here / "legacy-baggage.pth", _use_new_zipfile_serialization=False)


class Attack:
    """Would leave a file called PWNED where it is loaded."""

    def __reduce__(self):
        return os.system, ("touch PWNED",)


torch.save({"w": ramp(2), "x": Attack()}, here / "attack.pth")
torch.save({"w": ramp(2), "x": Attack()}, here / "attack4.pth", pickle_protocol=4)

torch.save({"w": ramp(2), "x": Attack()}, here / "legacy-attack.pth", _use_new_zipfile_serialization=False)

# .npy
array = ramp(2, 3, 2).numpy()
numpy.save(here / "f4.npy", array)
numpy.save(here / "big-f8.npy", array.astype(">f8"))
numpy.save(here / "fortran-f2.npy", numpy.asfortranarray(array.astype("<f2")))
numpy.save(here / "i8.npy", numpy.arange(5) - 2)
numpy.save(here / "b1.npy", numpy.array([True, False]))
numpy.save(here / "scalar.npy", numpy.float32(0.5))
numpy.save(here / "u1.npy", numpy.arange(24, dtype=numpy.uint8).reshape(2, 2, 2, 3))
numpy.save(here / "fortran-u1.npy", numpy.asfortranarray(numpy.arange(24, dtype=numpy.uint8).reshape(2, 2, 2, 3)))
numpy.save(here / "table.npy", numpy.zeros(2, dtype=[("a", "<f4"), ("b", "<f4")]))
numpy.save(here / "objects.npy", numpy.array([None]), allow_pickle=True)
for version in ((2, 0), (3, 0)):
    with open(here / f"version{version[0]}.npy", "wb") as file:
        numpy.lib.format.write_array(file, array, version=version)
