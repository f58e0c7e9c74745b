"""From a video to 32 faces, EfficientNet-B4 at 380, GradCAM and an overlay video: ours and a Python pipeline in turn.

    python Benchmarks/end_to_end.py VIDEO PEER.py [--runs 3] [--threads 2]

PEER.py is called as `python PEER.py VIDEO OUT.mp4` with this interpreter and stands for what one would write in Python
(PyAV, MTCNN, efficientnet_pytorch, pytorch-grad-cam); it must do the same work. Ours is `whyfake explain` as released,
report and maps included. Needs torch, efficientnet_pytorch and what the peer imports; weights are random, made here.
Prints one JSON line: seconds and peak memory (MiB) of each run, medians, ratios, machine, threads, versions.
"""
import argparse, json, os, pathlib, platform, shutil, statistics, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("video")
parser.add_argument("peer")
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
options = parser.parse_args()
root = pathlib.Path(__file__).resolve().parent.parent


def run(command, environment=None):
    """Wall seconds and the peak resident memory of a command in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    message = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} failed: {message[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


import torch
from efficientnet_pytorch import EfficientNet

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    torch.manual_seed(0)
    torch.save(EfficientNet.from_name("efficientnet-b4", num_classes=1).state_dict(), folder / "b4.pth")
    subprocess.run(["swift", "build", "-c", "release", "--product", "whyfake"], cwd=root, check=True, stdout=sys.stderr)
    tool = subprocess.run(["swift", "build", "-c", "release", "--show-bin-path"], cwd=root, check=True, capture_output=True, text=True)
    ours = [pathlib.Path(tool.stdout.strip()) / "whyfake", "explain", options.video, "--frames", "32", "--size", "380",
            "--model", folder / "b4.pth", "--threads", str(options.threads), "--output", folder / "explained"]
    theirs = [sys.executable, options.peer, options.video, folder / "overlay.mp4"]
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads))
    results = {"ours": [], "peer": []}
    for _ in range(options.runs):
        shutil.rmtree(folder / "explained", ignore_errors=True)
        results["ours"].append(run([str(part) for part in ours]))
        results["peer"].append(run([str(part) for part in theirs], environment))

median = {side: [statistics.median(column) for column in zip(*runs)] for side, runs in results.items()}
print(json.dumps({
    "seconds": {side: [round(s, 2) for s, _ in runs] for side, runs in results.items()},
    "peakMiB": {side: [round(m) for _, m in runs] for side, runs in results.items()},
    "timeRatio": round(median["ours"][0] / median["peer"][0], 3),
    "memoryRatio": round(median["ours"][1] / median["peer"][1], 3),
    "threads": options.threads, "processor": processor(), "torch": torch.__version__,
    "swift": subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout.splitlines()[0],
}))
