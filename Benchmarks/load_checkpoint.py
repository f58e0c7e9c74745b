"""Loading the checkpoint of an EfficientNet-B7: ours beside torch.load, in turn, each in a process of its own.

    python Benchmarks/load_checkpoint.py [--runs 5] [--threads 2]

Makes the weights (efficientnet_pytorch's B7, seeded, 266 MB) in a temporary folder, as a zip and in the format before
PyTorch 1.6, and as half floats. Ours is `Checkpoint.load`, by `benchmark load`; the peer is `torch.load` with
its defaults. Both read the file from the system's cache and end with all tensors in memory; ours as float32 whatever
the file has. Prints one JSON line for each file: medians of the seconds of the call, of the seconds of the whole
process (for the peer that includes importing torch) and of the process's peak memory in MiB (VmHWM, so Linux only),
with what the process takes to load a file of one number.
"""
import argparse, json, pathlib, statistics, sys, tempfile
import measure

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--threads", type=int, default=2)
options = parser.parse_args()
PEER = """
import json, re, sys, time, torch
start = time.perf_counter()
state = torch.load(sys.argv[1])
seconds = time.perf_counter() - start
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps({"seconds": seconds, "tensors": len(state), "peak_rss_mib": peak / 1024}))
"""


def run(command):
    """Seconds of the call, seconds of the process, peak resident memory in MiB, number of tensors."""
    # The process says its peak itself: what the system tells its parent includes the parent, which imports PyTorch.
    result = measure.run(command, {"OMP_NUM_THREADS": str(options.threads)})
    if result.json is None:
        sys.exit(f"{command[0]} failed: {result.error}")
    return result.json["seconds"], result.seconds, result.json["peak_rss_mib"], result.json["tensors"]


import torch
from efficientnet_pytorch import EfficientNet

ours = [str(measure.built("benchmark", measure.root / "Benchmarks")), "load"]
peer = [sys.executable, "-c", PEER]

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    torch.manual_seed(0)
    state = EfficientNet.from_name("efficientnet-b7", num_classes=1).state_dict()
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    torch.save(state, folder / "zip.pth")
    torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(half, folder / "half.pth")
    torch.save({"w": torch.zeros(1)}, folder / "one.pth")
    idle = {"ours": run(ours + [str(folder / "one.pth")])[2], "torch": run(peer + [str(folder / "one.pth")])[2]}
    for name in ("zip", "legacy", "half"):
        path = folder / f"{name}.pth"
        results = {"ours": [], "torch": []}
        for _ in range(options.runs):
            results["ours"].append(run(ours + [str(path)]))
            results["torch"].append(run(peer + [str(path)]))
        median = {side: [statistics.median(column) for column in zip(*runs)] for side, runs in results.items()}
        if len({row[3] for rows in results.values() for row in rows}) != 1:
            sys.exit(f"{name}: the two loaded different numbers of tensors")
        print(json.dumps({
            "file": name, "MiB": round(path.stat().st_size / 2**20, 1), "tensors": int(median["ours"][3]),
            "callSeconds": {side: round(row[0], 3) for side, row in median.items()},
            "processSeconds": {side: round(row[1], 3) for side, row in median.items()},
            "peakMiB": {side: round(row[2], 1) for side, row in median.items()},
            "idleMiB": {side: round(value, 1) for side, value in idle.items()},
            "runs": options.runs, "threads": options.threads, "torch": torch.__version__, **measure.machine(),
        }))
