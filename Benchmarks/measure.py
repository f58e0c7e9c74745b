"""What the benchmarks share: processes that are timed, our executable, and what is known of the machine.

Nothing large is imported here or in what runs the processes: the system counts a parent's memory at the fork for the
child (ru_maxrss), so a parent has to stay smaller than anything that it measures.
"""
import collections, json, os, pathlib, platform, resource, subprocess, sys, tempfile, time

root = pathlib.Path(__file__).resolve().parent.parent
Result = collections.namedtuple("Result", "json seconds peak error")  # the line it printed, wall, MiB, why it failed


def run(command, environment=None, timeout=1800):
    """Runs a command to its end, in a process of its own; the last line that it printed is JSON, or nothing."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            ["timeout", str(timeout)] + [str(part) for part in command], stdout=out, stderr=err,
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONWARNINGS="ignore", **(environment or {})))
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        lines, message = out.read().strip().splitlines(), err.read().strip().splitlines()
    if process.returncode != 0:
        return Result(None, seconds, None, message[-1] if message else f"exit status {process.returncode}")
    # What is smaller than this process was at the fork is not known.
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = usage.ru_maxrss / 1024 if usage.ru_maxrss > floor else None
    try:
        return Result(json.loads(lines[-1]), seconds, peak, None)
    except (IndexError, json.JSONDecodeError):
        return Result(None, seconds, peak, None)


def built(product, package):
    """The path of an executable, built from what is there now."""
    build = ["swift", "build", "-c", "release", "--package-path", str(package), "--product", product]
    subprocess.run(build, check=True, stdout=sys.stderr)
    place = subprocess.run(build + ["--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    return pathlib.Path(place) / product


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def first_line(*command):
    """The first line that a command prints; nothing where there is no such command."""
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, IndexError):
        return None


def machine():
    """Processor, cores, versions on our side."""
    commit = first_line("git", "-C", str(root), "describe", "--always", "--dirty")
    return {
        "date": time.strftime("%Y-%m-%d"), "commit": commit, "processor": processor(), "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}", "swift": first_line("swift", "--version"),
        "libavcodec": first_line("pkg-config", "--modversion", "libavcodec"),
    }


VERSIONS = """
import importlib.metadata as m, json
names = ["torch", "onnxruntime", "openvino", "av", "opencv-python-headless", "opencv-python", "grad-cam",
         "facenet-pytorch", "efficientnet_pytorch"]
found = {}
for name in names:
    try: found[name] = m.version(name)
    except m.PackageNotFoundError: pass
try:
    import av
    found["libavcodec of PyAV"] = ".".join(map(str, av.library_versions["libavcodec"]))
except ImportError: pass
print(json.dumps(found))
"""


def peer_versions(python):
    return run([python, "-c", VERSIONS]).json or {}
