"""Kernel SHAP of a real clip: ours beside shap on ONNX Runtime, for equal frame passes and to equal error.

    python Benchmarks/shap_clip.py --weights B0.pth (--video VIDEO | --clip CLIP.npy)
                                   [--side 224] [--frames 8] [--segments 60] [--evaluations 500] [--rounds 3] [--threads 2]
                                   [--seeds 10] [--truth TRUTH.npy] [--shares 1,0.5,0.35,0.25,0.2,0.15,0.125,0.1]

VIDEO: the middle square of its first frames, as bench_shap.py takes them; CLIP.npy: crops, uint8 T×S×S×3. Segments are
scikit-image's SLIC. Both sides explain the logit of the same network (an EfficientNet-B0 with one logit, in
torchvision's names) with the same replacement, each segment's mean colour. shap evaluates the mean of all frames' logits for each of its
coalitions, `--evaluations` of them with `l1_reg=False`; ours gets as many frame passes.

Equal frame passes: both in turn, `--rounds` times; the ratio of wall times. Equal error: the mean relative squared error
of both over `--seeds` seeds, against a run of ours with 100 times the budget, kept in TRUTH.npy and made once; then the
least budget of ours whose error is not above shap's, and the ratio of its time to shap's. Needs numpy, scikit-image,
torch, torchvision, onnx, onnxruntime, shap, and PyAV for --video.
"""
import argparse, json, os, pathlib, subprocess, sys, tempfile, time
import measure


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--video")
    parser.add_argument("--clip")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--segments", type=int, default=60)
    parser.add_argument("--evaluations", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--truth", type=pathlib.Path)
    parser.add_argument("--shares", default="1,0.5,0.35,0.25,0.2,0.15,0.125,0.1", help="of the passes, for equal error")
    parser.add_argument("--peer", nargs=2, metavar=("FOLDER", "SEED"), help=argparse.SUPPRESS)
    return parser.parse_args()


def first_frames(path, count, side):
    import av, numpy as np
    from PIL import Image
    frames = []
    with av.open(path) as container:
        for frame in container.decode(video=0):
            image = frame.to_image()
            least = min(image.size)
            left, top = (image.width - least) // 2, (image.height - least) // 2
            box = (left, top, left + least, top + least)
            frames.append(np.asarray(image.resize((side, side), Image.BOX, box=box)))
            if len(frames) == count:
                break
    return np.stack(frames)


def export(weights, side, path):
    """The network with its normalisation inside: RGB in [0, 1] to logits."""
    import torch, torchvision

    class Whole(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = torchvision.models.efficientnet_b0(weights=None, num_classes=1)
            self.network.load_state_dict(torch.load(weights))
            self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
            self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

        def forward(self, x):
            return self.network((x - self.mean) / self.deviation)[:, 0]

    torch.onnx.export(
        Whole().eval(), (torch.zeros(1, 3, side, side),), path, input_names=["x"], output_names=["y"],
        dynamic_axes={"x": {0: "n"}, "y": {0: "n"}}, opset_version=17, dynamo=False)


def peer(options, folder, seed):
    """shap on ONNX Runtime, in a process of its own."""
    import numpy as np, onnxruntime, shap
    volume, labels = np.load(folder / "clip.npy"), np.load(folder / "labels.npy").astype(int)
    count = labels.max() + 1
    crops = volume.astype(np.float32) / 255
    means = np.stack([np.bincount(labels.ravel(), crops[..., c].ravel()) for c in range(3)], 1)
    means = (means / np.bincount(labels.ravel())[:, None]).astype(np.float32)
    away = np.ascontiguousarray(means[labels].transpose(0, 3, 1, 2))
    delta = np.ascontiguousarray(crops.transpose(0, 3, 1, 2)) - away
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), session_options, providers=["CPUExecutionProvider"])

    def value(coalitions):
        return np.array([
            session.run(None, {"x": delta * z[labels][:, None].astype(np.float32) + away})[0].mean() for z in coalitions])

    value(np.ones((2, count)))
    np.random.seed(seed)
    start = time.perf_counter()
    explainer = shap.KernelExplainer(value, np.zeros((1, count)))
    values = explainer.shap_values(np.ones((1, count)), nsamples=options.evaluations, l1_reg=False, silent=True)
    seconds = time.perf_counter() - start
    np.save(folder / "shap.npy", np.ravel(values))
    print(json.dumps({"seconds": seconds}))


def main():
    given = options()
    if given.peer:
        return peer(given, pathlib.Path(given.peer[0]), int(given.peer[1]))
    import numpy as np
    from skimage.segmentation import slic
    benchmark = measure.built("benchmark", measure.root / "Benchmarks")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        volume = np.load(given.clip) if given.clip else first_frames(given.video, given.frames, given.side)
        labels = slic(volume, n_segments=given.segments, channel_axis=-1, start_label=0)
        np.save(folder / "clip.npy", volume)
        np.save(folder / "labels.npy", labels.astype(np.int32))
        export(given.weights, volume.shape[1], folder / "model.onnx")
        # shap evaluates the clip as it is and the one without anything besides.
        passes = (given.evaluations + 2) * len(volume)

        def ours(budget, seed):
            result = measure.run([
                benchmark, "shap", folder / "clip.npy", "--segments", folder / "labels.npy", "--model", given.weights,
                "--budget", budget, "--seed", seed, "--threads", given.threads, "--values", folder / "ours.npy"], timeout=7200)
            if result.json is None:
                sys.exit(f"ours: {result.error}")
            return result.json, np.load(folder / "ours.npy")

        def theirs(seed):
            result = measure.run([
                sys.executable, __file__, "--weights", given.weights, "--evaluations", given.evaluations, "--threads",
                given.threads, "--peer", folder, seed], timeout=7200)
            if result.json is None:
                sys.exit(f"shap: {result.error}")
            return result.json, np.load(folder / "shap.npy")

        print(f"{measure.processor()}, {given.threads} threads; {volume.shape[0]} frames of {volume.shape[1]} pixels, "
              f"{labels.max() + 1} segments, {passes} frame passes")
        pairs = [(ours(passes, seed), theirs(seed)) for seed in range(given.rounds)]
        ratios = sorted(a[0]["seconds"] / b[0]["seconds"] for a, b in pairs)
        ours_seconds = float(np.median([a[0]["seconds"] for a, _ in pairs]))
        shap_seconds = float(np.median([b[0]["seconds"] for _, b in pairs]))
        memory = max(a[0]["memory_above_model_mib"] for a, _ in pairs)
        print(f"equal frame passes: ours {ours_seconds:.2f} s, shap on ONNX Runtime {shap_seconds:.2f} s, ratio "
              f"{float(np.median(ratios)):.3f} ({ratios[0]:.3f}–{ratios[-1]:.3f}); ours takes {memory} MiB above the model")

        if given.truth and given.truth.exists():
            truth = np.load(given.truth)
        else:
            line, truth = ours(100 * passes, 12345)
            print(f"truth: {line['frame_passes']} frame passes, {line['seconds']:.0f} s, {line['memory_above_model_mib']} MiB "
                  f"above the model, largest standard error {line['largest_error']} of {line['largest_value']}")
            if given.truth:
                np.save(given.truth, truth)
        error = lambda values: float(((values - truth) ** 2).sum() / (truth**2).sum())
        shap_error = np.mean([error(b[1]) for _, b in pairs] + [
            error(theirs(seed)[1]) for seed in range(given.rounds, given.seeds)])
        print(f"error of shap at {passes} passes: {shap_error:.5f} (mean of {given.seeds} seeds)")
        least = sum(len(np.unique(frame)) + 1 for frame in labels)
        for share in map(float, given.shares.split(",")):
            budget = round(share * passes)
            if budget < least:
                print(f"{share} of the passes is below the least budget, {least}")
                break
            runs = [ours(budget, seed) for seed in range(given.seeds)]
            seconds = float(np.median([line["seconds"] for line, _ in runs]))
            print(f"ours at {budget} passes: error {np.mean([error(v) for _, v in runs]):.5f}, {seconds:.2f} s, "
                  f"{seconds / shap_seconds:.3f} of shap's time", flush=True)


main()
