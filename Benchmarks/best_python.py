"""The best Python that we can write: a video to 32 faces, EfficientNet-B4 at 380, GradCAM and an overlay video.

    python Benchmarks/best_python.py VIDEO OUT.mp4 [--threads 2] [--peers FOLDER]

What an expert would change in the plain pipeline: frames that nobody asked for and nothing refers to are not decoded;
MTCNN sees half-size frames, all in one batch; ONNX Runtime runs the network and hands out its last activations with the
logit, from which GradCAM follows without a backward pass (the head is a mean and a linear layer, so the gradient is the
classifier's weight); x264 runs with a fast preset. Prints one JSON line: seconds of each stage, in all, and without
imports and the making of the models; peak memory of the process. The ONNX file is made by a process of its own, once.
Needs torch, facenet-pytorch, efficientnet_pytorch, onnx, onnxruntime, PyAV and OpenCV; --peers: a folder with a
`tvshim.py` to import where torchvision's own operators do not load.
"""
import argparse, json, os, pathlib, re, subprocess, sys, time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("video")
parser.add_argument("output")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--peers")
parser.add_argument("--decoder", choices=["pyav", "pyav-all", "opencv"], default="pyav")
parser.add_argument("--face-batch", type=int, default=8)
parser.add_argument("--batch", type=int, default=1, help="of the network")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(options.threads)
cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "whyfake-benchmarks"
model = cache / "b4-380-features.onnx"

EXPORT = """
import pathlib, sys, torch
from efficientnet_pytorch import EfficientNet

class WithFeatures(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        features = self.network.extract_features(x)
        return self.network._fc(features.mean((2, 3))), features

torch.manual_seed(0)
network = EfficientNet.from_name("efficientnet-b4", num_classes=1, drop_connect_rate=0.0)
network.set_swish(memory_efficient=False)
for module in network.modules():  # running statistics from one batch, or activations die out
    if isinstance(module, torch.nn.BatchNorm2d):
        module.momentum = None
with torch.no_grad():
    network.train()(torch.randn(4, 3, 380, 380))
model = pathlib.Path(sys.argv[1])
model.parent.mkdir(parents=True, exist_ok=True)
names = {"x": {0: "n"}, "logit": {0: "n"}, "features": {0: "n"}}
torch.onnx.export(WithFeatures(network.eval()), (torch.zeros(1, 3, 380, 380),), model, input_names=["x"],
                  output_names=["logit", "features"], dynamic_axes=names, opset_version=17, dynamo=False)
"""
# From the start of the process: an environment may import much before the first line here.
ticks = int(pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
if not model.exists():
    subprocess.run([sys.executable, "-c", EXPORT, model], check=True, stdout=sys.stderr)
    age = 0
marks = [("start", time.perf_counter() - age)]
if options.peers:
    sys.path.insert(0, options.peers)
    import tvshim

import av, cv2, numpy as np, onnx, onnxruntime, torch
from facenet_pytorch import MTCNN


def mark(name):
    marks.append((name, time.perf_counter()))


mark("imports")
torch.set_num_threads(options.threads)
cv2.setNumThreads(options.threads)
settings = onnxruntime.SessionOptions()
settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
weights = {w.name: onnx.numpy_helper.to_array(w) for w in onnx.load(model).graph.initializer}
classifier = next(w for name, w in weights.items() if name.endswith("_fc.weight")).reshape(-1)
detector = MTCNN(keep_all=False, device="cpu")
mark("models")


def decode_pyav(skip):
    """32 evenly spaced frames; with `skip`, frames that are neither wanted nor referred to are not decoded."""
    with av.open(options.video) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", options.threads
        packets = [p for p in container.demux(stream) if p.pts is not None]
        order = sorted(p.pts for p in packets)
        wanted = {order[i] for i in np.linspace(0, len(order) - 1, 32).astype(int)}
        frames = []
        for packet in packets + [None]:
            if packet is not None and skip:
                stream.codec_context.skip_frame = "DEFAULT" if packet.pts in wanted else "NONREF"
            for frame in stream.decode(packet):
                if frame.pts in wanted:
                    frames.append(frame.to_ndarray(format="rgb24"))
        return frames


def decode_opencv():
    capture = cv2.VideoCapture(options.video, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, options.threads])
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = set(np.linspace(0, count - 1, 32).astype(int).tolist())
    frames = []
    for i in range(count):
        if not capture.grab():
            break
        if i in wanted:
            frames.append(cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB))
    return frames


frames = decode_opencv() if options.decoder == "opencv" else decode_pyav(skip=options.decoder == "pyav")
mark("decode")

small = [cv2.resize(f, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for f in frames]
boxes = []
for i in range(0, len(small), options.face_batch):
    boxes += list(detector.detect(small[i:i + options.face_batch])[0])
mark("find_faces")

crops = []
for frame, found in zip(frames, boxes):
    height, width = frame.shape[:2]
    x0, y0, x1, y1 = found[0] * 2 if found is not None else (0, 0, width, height)
    dx, dy = 0.15 * (x1 - x0), 0.15 * (y1 - y0)
    crop = frame[max(0, int(y0 - dy)):int(y1 + dy), max(0, int(x0 - dx)):int(x1 + dx)]
    crops.append(cv2.resize(crop, (380, 380)))
mean, deviation = np.float32([0.485, 0.456, 0.406]) * 255, np.float32([0.229, 0.224, 0.225]) * 255
x = ((np.stack(crops) - mean) / deviation).transpose(0, 3, 1, 2)
mark("preprocess")

logits, maps = [], []
for i in range(0, len(x), options.batch):
    logit, features = session.run(None, {"x": np.ascontiguousarray(x[i:i + options.batch], np.float32)})
    logits += logit[:, 0].tolist()
    maps += list(np.maximum(np.einsum("c,nchw->nhw", classifier / features[0, 0].size, features), 0))
mark("forward_and_gradcam")

with av.open(options.output, "w") as container:
    stream = container.add_stream("libx264", rate=25, options={"preset": "veryfast"})
    stream.width, stream.height, stream.pix_fmt = 380, 380, "yuv420p"
    for crop, map in zip(crops, maps):
        map = cv2.resize(map / (map.max() + 1e-7), (380, 380))
        colours = cv2.cvtColor(cv2.applyColorMap(np.uint8(255 * map), cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB)
        picture = av.VideoFrame.from_ndarray(cv2.addWeighted(crop, 0.5, colours, 0.5, 0), format="rgb24")
        container.mux(stream.encode(picture))
    container.mux(stream.encode())
mark("overlay")

stages = {name: round(at - before, 3) for (_, before), (name, at) in zip(marks, marks[1:])}
total = marks[-1][1] - marks[0][1]
print(json.dumps({
    "bench": "best_python", "decoder": options.decoder, "threads": options.threads, **stages,
    "frames": len(frames), "faces": sum(found is not None for found in boxes),
    "logit": round(float(np.mean(logits)), 4), "total_s": round(total, 3),
    "without_imports_s": round(total - stages["imports"] - stages["models"], 3),
    "peak_rss_mib": int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) // 1024,
}))
