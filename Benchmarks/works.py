"""What is compared: for each work our command, the peers', and the bars that we set ourselves."""
import collections, sys
import measure

# `figure` takes a measure.Result; `is_peer`: whether it counts for the ratio.
Side = collections.namedtuple("Side", "name command figure environment is_peer", defaults=({}, True))
# `value` takes a round: the figures and the printed lines by side.
Bar = collections.namedtuple("Bar", "text limit value at_least", defaults=(False,))
# `preparations` run before and are not timed; `removed` are folders that are removed before each run.
Work = collections.namedtuple("Work", "group title unit sides bars preparations removed", defaults=((), (), ()))

# glibc otherwise maps and unmaps PyTorch's large tensors at every use.
MALLOC = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "17179869184", "MALLOC_TOP_PAD_": "268435456"}
# Memory of an engine that only runs a model that is there: the scripts that time it import PyTorch too.
PACKAGES = "import sys; sys.path.append(sys.argv[2]); "
MEMORY = {
    "onnxruntime": "import numpy, onnxruntime as o; s = o.InferenceSession(sys.argv[1], providers=['CPUExecution"
                   "Provider']); s.run(None, {'x': numpy.zeros([1, 3, 380, 380], numpy.float32)})",
    "openvino": "import numpy, openvino as o; m = o.Core().compile_model(sys.argv[1], 'CPU', {'INFERENCE_PRECISION"
                "_HINT': 'f32'}); m(numpy.zeros([1, 3, 380, 380], numpy.float32))",
}


def printed(key):
    return lambda result: result.json[key]


def wall(result):
    return result.seconds


def peak_in_megabytes(result):
    return result.peak * 1.048576


def to_fastest(*peers):
    """Ours by the least of `peers`, of those that ran; of all peers if none is named."""
    def value(figures, lines):
        return figures["ours"] / min(v for k, v in figures.items() if k in peers or not peers and k != "ours")
    return value


def works(options, benchmark, folder):
    """The works that the options ask for."""
    only = [name for name in options.only.split(",") if name]
    groups = {"forward": forward, "gradcam": gradcam, "train": train, "memory": memory, "decode": decode, "faces": faces,
              "end_to_end": end_to_end}
    if unknown := set(only) - set(groups):
        sys.exit(f"--only: there is no {', '.join(sorted(unknown))}; there is: {', '.join(groups)}")
    for name, group in groups.items():
        if only and name not in only or options.video is None and name in ("decode", "faces", "end_to_end"):
            continue
        for work in group(options, benchmark, folder):
            if options.match in work.title:
                yield work


def mine(command, figure):
    return Side("ours", command, figure, is_peer=False)


def ours(options, benchmark, *arguments, key="ms_per_image"):
    command = [benchmark, *arguments, "--threads", options.threads, "--runs", options.runs]
    return mine(command, printed(key))


def peer(options, name, script, *arguments, key="ms_per_image", environment={}):
    command = [options.python, options.peers / script, *arguments, "--threads", options.threads, "--runs", options.runs]
    return Side(name, command, printed(key), environment)


def forward(options, benchmark, folder):
    for model, size, limit in (("b0", 224, 0.8), ("b4", 224, 0.8), ("b4", 380, 0.8), ("b7", 380, 0.9)):
        for batch in (1, 8):
            if options.quick and (batch, model, size) not in ((1, "b0", 224), (1, "b4", 380), (8, "b0", 224)):
                continue
            network = ["--model", model, "--size", size, "--batch", batch]
            malloc = MALLOC if batch > 1 else {}
            sides = [
                ours(options, benchmark, "forward", *network),
                peer(options, "onnxruntime", "bench_forward.py", "--backend", "ort", *network),
                peer(options, "openvino", "bench_forward.py", "--backend", "ov", *network),
                peer(options, "compile", "bench_forward.py", "--backend", "compile", *network, environment=malloc),
                peer(options, "torch", "bench_forward.py", "--backend", "torch_cl", *network, environment=malloc),
            ]
            bars = [Bar(f"≤ {limit:.2f} × the fastest", limit, to_fastest("onnxruntime", "openvino", "compile", "torch"))]
            if (model, size) == ("b4", 380):
                sides.append(Side("FMA peak, GFLOP/s",
                                  [benchmark, "machine", "--peak-only", "--threads", options.threads],
                                  printed("peak_gflops"), is_peer=False))
                bars.append(Bar("≥ 60 % of the FMA peak", 0.6, lambda figures, lines: lines["ours"]["gflops"]
                                / lines["FMA peak, GFLOP/s"]["peak_gflops"], at_least=True))
            images = "one image" if batch == 1 else f"{batch} images"
            yield Work("forward", f"forward, {model.upper()} at {size}, {images}", "ms an image", sides, bars)


def gradcam(options, benchmark, folder):
    network = ["--model", "b4", "--size", 380]
    yield Work(
        "gradcam", "GradCAM, B4 at 380, last block", "ms an image",
        [ours(options, benchmark, "gradcam", *network),
         peer(options, "pytorch-grad-cam", "bench_gradcam.py", *network),
         peer(options, "torch by hand", "bench_gradcam.py", *network, "--plain", "--cl")],
        [Bar("≤ 1.05 × our forward", 1.05, lambda figures, lines: lines["ours"]["ratio_to_forward"]),
         Bar("≤ 0.10 × pytorch-grad-cam", 0.1, to_fastest("pytorch-grad-cam"))])


def train(options, benchmark, folder):
    for batch in (8,) if options.quick else (8, 32):
        network = ["--model", "b0", "--size", 224, "--batch", batch]
        yield Work(
            "train", f"training step, B0 at 224, {batch} images", "ms a step",
            [ours(options, benchmark, "train", *network, key="ms_per_step"),
             peer(options, "torch", "bench_train.py", *network, "--cl", key="ms_per_step", environment=MALLOC)],
            [Bar("≥ 3 × the images/s of torch", 3, lambda figures, lines: figures["torch"] / figures["ours"], True)])


def memory(options, benchmark, folder):
    network = ["--model", "b4", "--size", 380]
    export = f"import sys; sys.path.insert(0, {str(options.peers)!r}); import common; print(common.onnx_path('b4', 380))"
    path = (measure.first_line(options.python, "-c", export) or "").strip()
    packages = measure.first_line(options.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    yield Work(
        "memory", "peak memory of a process, B4 at 380, one image", "MB",
        [mine([benchmark, "memory", *network, "--threads", options.threads],
              peak_in_megabytes)]
        # Without the environment's start-up files, which may import more; its packages are the last argument.
        + [Side(name, [options.python, "-S", "-c", PACKAGES + script, path, packages], peak_in_megabytes)
           for name, script in MEMORY.items()]
        + [Side("torch", [options.python, options.peers / "bench_forward.py", "--backend", "torch", *network, "--runs", 1],
                peak_in_megabytes)],
        [Bar("≤ 250 MB", 250, lambda figures, lines: figures["ours"])],
        # The network is made by then: the making takes more memory than the running.
        preparations=[[benchmark, "model", *network]])


def decode(options, benchmark, folder):
    def script(name, library, mode):
        return peer(options, name, "bench_decode.py", "--lib", library, "--mode", mode, "--video", options.video,
                    key="median_ms")

    def own(mode):
        return ours(options, benchmark, "decode", "--mode", mode, "--video", options.video, key="median_ms")

    yield Work(
        "decode", "decode all frames to RGB", "ms",
        [own("all"), script("PyAV", "pyav", "all"), script("OpenCV", "opencv", "all"), script("ffmpeg", "ffmpeg", "all")],
        [Bar("≥ 0.95 × the frames/s of the fastest", 1 / 0.95, to_fastest())])
    yield Work(
        "decode", "decode 32 spread frames to RGB", "ms",
        [own("spread32"), script("PyAV", "pyav", "seq32"), script("OpenCV", "opencv", "seq32"),
         script("PyAV seeking", "pyav", "seek32"), script("OpenCV seeking", "opencv", "seek32")],
        [Bar("≤ 0.90 × the fastest", 0.9, to_fastest())])


def faces(options, benchmark, folder):
    yield Work(
        "faces", "faces in a 1080p frame", "ms a frame",
        [ours(options, benchmark, "faces", "--video", options.video, key="ms_per_frame"),
         peer(options, "MTCNN", "bench_face.py", "--video", options.video, key="ms_per_frame"),
         peer(options, "MTCNN at half scale", "bench_face.py", "--video", options.video, "--scale", 0.5,
              key="ms_per_frame")],
        [Bar("≤ 8 ms a frame", 8, lambda figures, lines: figures["ours"])])


def end_to_end(options, benchmark, folder):
    model = measure.first_line(benchmark, "model", "--model", "b4", "--size", "380")
    tool, output = measure.built("whyfake", measure.root), folder / "explained"
    command = [tool, "explain", options.video, "--frames", 32, "--size", 380, "--explainers", "gradcam", "--no-checks",
               "--model", model, "--threads", options.threads, "--output", output]
    plain = [options.python, options.peers / "e2e_detect_gradcam.py", options.video, folder / "plain.mp4"]
    best = [options.python, measure.root / "Benchmarks/best_python.py", options.video, folder / "best.mp4", "--threads",
            options.threads, "--peers", options.peers]
    title = "video → 32 faces → B4 at 380 → GradCAM → overlay mp4"
    yield Work(
        "end_to_end", title, "s",
        [mine(command, wall), Side("plain Python", plain, wall), Side("best Python", best, wall)],
        [Bar("≤ 0.10 × plain Python", 0.1, to_fastest("plain Python")),
         Bar("memory ≤ 0.15 × plain Python", 0.15,
             lambda figures, lines: lines["ours"]["peak_mib"] / lines["plain Python"]["peak_mib"]),
         Bar("≤ 0.50 × best Python without imports", 0.5,
             lambda figures, lines: figures["ours"] / lines["best Python"]["without_imports_s"])],
        preparations=[best], removed=[output])
