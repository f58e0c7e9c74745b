"""What the benchmarks share: processes that are timed, our executable, and what is known of the machine."""
import collections, json, os, pathlib, platform, subprocess, sys, tempfile, time

root = pathlib.Path(__file__).resolve().parent.parent
# The line it printed, wall time, MiB, why it failed, and the cores that others kept busy meanwhile.
Result = collections.namedtuple("Result", "json seconds peak error others")


# Stands between us and what is measured: the system counts a parent's memory at the fork for the child (ru_maxrss), and
# this one, without the environment's start-up files, has 10 MB. Prints seconds, MiB and the exit status.
BETWEEN = """
import os, resource, sys, time

def busy():  # user, nice, system, irq, softirq and steal of all cores, in seconds
    with open("/proc/stat") as file:
        ticks = list(map(int, file.readline().split()[1:9]))
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")

before, start = busy(), time.perf_counter()
_, status = os.waitpid(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
seconds, usage = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
others = max(0, busy() - before - usage.ru_utime - usage.ru_stime) / seconds
with open(sys.argv[1], "w") as file:
    print(seconds, usage.ru_maxrss / 1024, others, os.waitstatus_to_exitcode(status), file=file)
"""


def run(command, environment=None, timeout=1800):
    """Runs a command to its end, in a process of its own; the last line that it printed is JSON, or nothing."""
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONWARNINGS="ignore", **(environment or {}))
    with tempfile.NamedTemporaryFile("r") as usage:
        process = subprocess.run(
            [sys.executable, "-S", "-c", BETWEEN, usage.name, "timeout", str(timeout), *map(str, command)],
            capture_output=True, text=True, env=environment)
        found = usage.read().split()
    if process.returncode != 0:
        return Result(None, None, None, process.stderr.strip()[-500:] or "it could not be started", None)
    (seconds, peak, others), status = map(float, found[:3]), int(found[3])
    if status != 0:
        message = process.stderr.strip().splitlines()
        return Result(None, seconds, None, message[-1] if message else f"exit status {status}", others)
    try:
        return Result(json.loads(process.stdout.strip().splitlines()[-1]), seconds, peak, None, others)
    except (IndexError, json.JSONDecodeError):
        return Result(None, seconds, peak, None, others)


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
