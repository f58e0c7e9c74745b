"""Our SLIC beside scikit-image's, on face crops of videos: time, and how good the segments are at equal numbers.

    python Benchmarks/supervoxels.py --videos FOLDER [--benchmark PROGRAM] [--frames 32] [--size 224] [--count 200]
                                     [--spacing 1,22] [--as-called] [--rounds 3] [--limit N] [--output FILE]

PROGRAM is the built `benchmark` of this folder. Each video's face is cut out once, and both get the same pixels. A fake of
FaceForensics++ (manipulated_sequences/…/A_B.mp4) is compared frame by frame with its original (original_sequences/…/A.mp4),
to see whether segments end where the manipulation ends.

Equal means: the same clip, distances between pixels, weight of nearness against colour, and number of segments found.
Both weigh nearness by compactness over a length: we by the side of a segment, scikit-image by the step of its grid of
seeds, which does not know the spacing. For `equal weight` both compactnesses are scaled so that the quotient is the one
that our --count and --compactness give; `as called` (with --as-called) is what one gets who writes the same compactness in both.
scikit-image runs first, with n_segments = --count; ours is asked for numbers of segments until it gives as many as
scikit-image has found, or the next fewer. Times are of these runs.

Printed for each spacing: time (median of rounds in turn), explained variation (of CIELAB), compactness (36π·V²/A³, 1 for a
ball, over segments by volume; a step of one frame has the length of the spacing), and boundary recall (share of the
mask's edge pixels with a segment's edge within 2 pixels in the same frame; the mask is where the smoothed difference of a
fake and its original is above 10 of 255).
"""
import argparse, json, math, os, pathlib, statistics, subprocess, sys, tempfile, time


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", required=True, type=pathlib.Path)
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("--benchmark", type=pathlib.Path, default=here / ".build/release/benchmark")
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--compactness", type=float, default=10)
    parser.add_argument("--spacing", default="1,22")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, help="only so many videos, evenly spaced in the list")
    parser.add_argument("--as-called", action="store_true", help="also equal compactness instead of equal weight")
    parser.add_argument("--only", default="", help="only videos whose path contains this")
    parser.add_argument("--output", type=pathlib.Path, help="everything, as lines of JSON")
    return parser.parse_args()


options = options()
os.environ["OMP_NUM_THREADS"] = str(options.threads)
import numpy as np
from scipy import ndimage
from skimage.color import rgb2lab
from skimage.segmentation import slic
from skimage.util import regular_grid


def original_of(video):
    """The original of a fake in the layout of FaceForensics++; None for another video."""
    parts = video.parts
    if "manipulated_sequences" not in parts:
        return None
    root = pathlib.Path(*parts[: parts.index("manipulated_sequences")]) / "original_sequences"
    return next(iter(sorted(root.rglob(video.stem.split("_")[0] + ".mp4"))), None)


def crops(video, folder):
    """The face crops of a video, and those of its original."""
    original = original_of(video)
    command = [options.benchmark, "crops", "--video", video, "--output", folder / "clip.npy"]
    command += ["--frames", str(options.frames), "--size", str(options.size)]
    if original:
        command += ["--paired", original, "--paired-output", folder / "paired.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.load(folder / "clip.npy"), np.load(folder / "paired.npy") if original else None


def side(frames, count, spacing):
    """The side of one of `count` cubes in pixels."""
    return (options.size**2 * frames * spacing / count) ** (1 / 3)


def ours(folder, count, spacing, weight, runs):
    command = [options.benchmark, "slic", "--clip", folder / "clip.npy", "--count", str(count)]
    command += ["--spacing", str(spacing), "--compactness", str(weight)]
    command += ["--threads", str(options.threads), "--runs", str(runs), "--output", folder / "labels.npy"]
    line = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return np.load(folder / "labels.npy").astype(np.int32), line["median_ms"]


def equally_many(folder, wanted, spacing, weight):
    """The count to ask ours for: that with `wanted` segments in the end, or the most that are fewer."""
    best, asked, tried = None, wanted, set()
    for _ in range(8):
        tried.add(asked)
        found = int(ours(folder, asked, spacing, weight(asked), 1)[0].max()) + 1
        if found <= wanted and (best is None or found > best[1]):
            best = (asked, found)
        if found == wanted:
            break
        asked += wanted - found
        while asked in tried:
            asked += 1 if found < wanted else -1
    return best[0] if best else wanted


def explained_variation(lab, labels):
    flat, labels = lab.reshape(-1, 3), labels.ravel()
    sizes = np.bincount(labels)
    means = np.stack([np.bincount(labels, flat[:, c]) / sizes for c in range(3)], 1)
    mean = flat.mean(0)
    return float((sizes[:, None] * (means - mean) ** 2).sum() / ((flat - mean) ** 2).sum())


def compactness(labels, spacing):
    count = labels.max() + 1
    volumes = np.bincount(labels.ravel(), minlength=count) * float(spacing)
    areas = np.zeros(count)
    for axis, face in ((0, 1.0), (1, float(spacing)), (2, float(spacing))):
        before, after = np.moveaxis(labels, axis, 0)[:-1], np.moveaxis(labels, axis, 0)[1:]
        differ = before != after
        for side in (before[differ], after[differ], np.moveaxis(labels, axis, 0)[0].ravel(),
                     np.moveaxis(labels, axis, 0)[-1].ravel()):
            areas += face * np.bincount(side, minlength=count)
    return float((volumes * 36 * math.pi * volumes**2 / areas**3).sum() / volumes.sum())


def edges(plane):
    edge = np.zeros(plane.shape, bool)
    for a, b in ((np.s_[1:, :], np.s_[:-1, :]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = plane[a] != plane[b]
        edge[a] |= differ
        edge[b] |= differ
    return edge


def recall(clip, paired, labels):
    """None where fake and original differ nowhere."""
    hit = total = 0
    for crop, other, plane in zip(clip, paired, labels):
        difference = np.abs(crop.astype(float) - other).mean(2)
        wanted = edges(ndimage.gaussian_filter(difference, 2) > 10)
        near = ndimage.binary_dilation(edges(plane), np.ones((5, 5)))
        hit, total = hit + int((wanted & near).sum()), total + int(wanted.sum())
    return hit / total if total else None


def planar_edges(labels):
    return float(np.mean([edges(plane).mean() for plane in labels]))


def measured(clip, paired, spacing, folder):
    """Two lines, ours and theirs, for each way of calling scikit-image."""
    frames = len(clip)
    step = max(s.step or 1 for s in regular_grid(clip.shape[:3], options.count))
    standard = side(frames, options.count, spacing)
    lab = rgb2lab(clip)
    # The compactness of theirs, and ours by the number that it is asked for.
    ways = {"equal weight": (options.compactness * step / standard,
                             lambda asked: options.compactness * side(frames, asked, spacing) / standard)}
    if options.as_called and abs(step / standard - 1) > 0.1:
        ways["as called"] = (options.compactness, lambda asked: options.compactness)
    lines = []
    for way, (weight, our_weight) in ways.items():
        asked, times = None, {"whyfake": [], "scikit-image": []}
        for _ in range(options.rounds):
            start = time.perf_counter()
            theirs = slic(clip, n_segments=options.count, compactness=weight, spacing=(spacing, 1, 1),
                          channel_axis=-1, start_label=0)
            times["scikit-image"].append((time.perf_counter() - start) * 1000)
            theirs = np.unique(theirs, return_inverse=True)[1].reshape(theirs.shape).astype(np.int32)
            asked = asked or equally_many(folder, int(theirs.max()) + 1, spacing, our_weight)
            mine, milliseconds = ours(folder, asked, spacing, our_weight(asked), 3)
            times["whyfake"].append(milliseconds)
        for name, cut in (("whyfake", mine), ("scikit-image", theirs)):
            lines.append({
                "spacing": spacing, "way": way, "side": name, "segments": int(cut.max()) + 1,
                "ms": statistics.median(times[name]), "explained": explained_variation(lab, cut),
                "compactness": compactness(cut, spacing), "edges": planar_edges(cut),
                "recall": recall(clip, paired, cut) if paired is not None else None})
    return lines


def main():
    videos = sorted(v for v in options.videos.rglob("*.mp4") if options.only in str(v))
    if options.limit and options.limit < len(videos):
        videos = [videos[i * len(videos) // options.limit] for i in range(options.limit)]
    lines = []
    for video in videos:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            try:
                clip, paired = crops(video, folder)
            except subprocess.CalledProcessError:
                print(f"{video}: left out, no face or no frames in common", file=sys.stderr)
                continue
            for spacing in map(float, options.spacing.split(",")):
                for line in measured(clip, paired, spacing, folder):
                    lines.append({"video": str(video.relative_to(options.videos)), **line})
                    if options.output:
                        with open(options.output, "a") as file:
                            file.write(json.dumps(lines[-1]) + "\n")
        print(video.name, file=sys.stderr)
    table(lines)


def table(lines):
    print("| spacing | scikit-image's weight | side | clips | segments | ms | time ratio | explained variation | compactness "
          "| edge pixels | boundary recall |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for spacing, way in dict.fromkeys((line["spacing"], line["way"]) for line in lines):
        group = [line for line in lines if (line["spacing"], line["way"]) == (spacing, way)]
        sides = {side: [l for l in group if l["side"] == side] for side in ("whyfake", "scikit-image")}
        ratio = statistics.median(a["ms"] / b["ms"] for a, b in zip(*sides.values()))
        for side, some in sides.items():
            mean = lambda key: statistics.fmean([l[key] for l in some if l[key] is not None] or [float("nan")])
            print(f"| {spacing:g} | {way} | {side} | {len(some)} | {mean('segments'):.1f} | "
                  f"{statistics.median(l['ms'] for l in some):.0f} | {f'{ratio:.3f}' if side == 'whyfake' else ''} | "
                  f"{mean('explained'):.4f} | {mean('compactness'):.4f} | {mean('edges'):.4f} | {mean('recall'):.4f} |")
        for key in ("explained", "compactness", "recall"):
            pairs = [(a[key], b[key]) for a, b in zip(*sides.values()) if a[key] is not None]
            print(f"\n{way}, spacing {spacing:g}: {key} no worse on {sum(a >= b for a, b in pairs)} of {len(pairs)} clips, "
                  f"ours / theirs at least {min((a / b for a, b in pairs), default=float('nan')):.3f}", file=sys.stderr)


main()
