#!/usr/bin/env python3
"""Finds the crop policy `square(scale:shiftX:shiftY:)` that puts BlazeFace's box where the training crops of DFDC
were, and shows how the detector scores videos under it, under `scale`, and around it.

Needs: torch, numpy, opencv-python-headless, av, pillow; blazeface.pth, the detector's weights, and the data folder (see
its README).   Run: python fit-crop-policy.py DATA blazeface.pth efficientnet-b0-dfdc-160.pth [--crops N] [--frames N]

1. Crops whose place in a video at hand is known: BlazeFace's box in that frame against the place.
2. BlazeFace on the crops themselves, on a canvas with a reflected and blurred surround.
3. The detector's logits of all videos under the policies; AUC counts real-fake pairs in the right order.
"""
import argparse, csv, io, json, math, os, pathlib, random, sys, tarfile
import cv2, numpy as np, torch, torch.nn as nn
from PIL import Image
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from blazeface_reference import Detector, read

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("data", type=pathlib.Path)
parser.add_argument("blazeface")
parser.add_argument("weights")
parser.add_argument("--crops", type=int, default=1500)
parser.add_argument("--frames", type=int, default=8)
arguments = parser.parse_args()
torch.set_num_threads(2)
detect = Detector(arguments.blazeface)


# EfficientNet-B0 with torchvision's names.
def convolution(a, b, k, stride=1, groups=1, act=True):
    layers = [nn.Conv2d(a, b, k, stride, k // 2, groups=groups, bias=False), nn.BatchNorm2d(b)]
    return nn.Sequential(*layers, *([nn.SiLU()] if act else []))


class Gate(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(nn.functional.silu(self.fc1(x.mean((2, 3), keepdim=True)))))


class MBConv(nn.Module):
    def __init__(self, a, b, expand, k, stride):
        super().__init__()
        c = a * expand
        self.block = nn.Sequential(*([convolution(a, c, 1)] if expand > 1 else []), convolution(c, c, k, stride, c),
                                   Gate(c, max(1, a // 4)), convolution(c, b, 1, act=False))
        self.shortcut = stride == 1 and a == b

    def forward(self, x):
        return self.block(x) + x if self.shortcut else self.block(x)


class B0(nn.Module):
    def __init__(self):
        super().__init__()
        stages, a = [convolution(3, 32, 3, 2)], 32
        for e, k, s, b, n in [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3),
                              (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]:
            stages.append(nn.Sequential(*[MBConv(a if i == 0 else b, b, e, k, s if i == 0 else 1) for i in range(n)]))
            a = b
        self.features = nn.Sequential(*stages, convolution(320, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))[:, 0]


model = B0().eval()
model.load_state_dict(torch.load(arguments.weights, map_location="cpu", weights_only=True))
MEAN, STD = np.array([.485, .456, .406], np.float32), np.array([.229, .224, .225], np.float32)


def logits(crops):
    x = np.stack([(np.asarray(c, np.float32) / 255 - MEAN) / STD for c in crops]).transpose(0, 3, 1, 2)
    with torch.inference_mode():
        return model(torch.from_numpy(np.ascontiguousarray(x))).numpy()


rows = list(csv.DictReader(open(arguments.data / "dfdc-faces/index.csv")))
blobs = {}
for shard in sorted({r["shard"] for r in rows}):
    with tarfile.open(arguments.data / "dfdc-faces" / shard) as tar:
        for member in tar:
            blobs[member.name.rsplit(".", 1)[0]] = tar.extractfile(member).read()


def crop_of(name):
    return np.asarray(Image.open(io.BytesIO(blobs[name])).convert("RGB"))


def relation(place, face):
    """(scale, shiftX, shiftY) of the square place (x, y, side) seen from BlazeFace's box."""
    x, y, side = place
    h = face[3]
    return side / h, (x + side / 2 - face[0] - face[2] / 2) / h, (y + side / 2 - face[1] - face[3] / 2) / h


print("1. crops located in their videos (the data folder's README)")
videos = sorted((arguments.data / "videos").rglob("*.mp4"))
located = []
for name, index, *place in [("lynaeydofd", 1, 836, 292, 223), ("anndvqgoko", 0, 836, 192, 223),
                            ("widuwuoiur", 0, 572, 180, 186)]:
    _, frame = next(iter(read(next(p for p in videos if p.stem == name), indices=[index])))
    located.append(relation(place, detect(frame)[0]))
    print(f"   {name}: scale %.3f shiftX %+.3f shiftY %+.3f" % located[-1], flush=True)
located = np.array(located)
print("   mean:", located.mean(0).round(3), "largest deviation", abs(located - located.mean(0)).max(0).round(3))

print(f"2. BlazeFace on {arguments.crops} crops of the training split")
random.seed(0)
names = random.sample([r["name"] for r in rows if r["split"] == "train"], arguments.crops)
fitted = []
for name in names:
    crop = crop_of(name)
    canvas = cv2.copyMakeBorder(crop, 112, 112, 112, 112, cv2.BORDER_REFLECT_101)
    canvas = cv2.GaussianBlur(canvas, (0, 0), 12)
    canvas[112:336, 112:336] = crop
    faces = [f for f in detect(canvas) if abs(f[0] + f[2] / 2 - 224) < 70 and abs(f[1] + f[3] / 2 - 224) < 70]
    if faces:
        fitted.append(relation((112, 112, 224), faces[0]))
fitted = np.array(fitted)
median = np.median(fitted, 0)
print(f"   found in {len(fitted)}; median", median.round(3), "quartiles", np.percentile(fitted, 25, 0).round(3),
      np.percentile(fitted, 75, 0).round(3))
# Robust: those within reach of the median.
near = fitted[(abs(fitted - median) < (0.35, 0.2, 0.2)).all(1)]
policy = tuple(float(v) for v in near.mean(0).round(2))
policy = (policy[0], 0.0, policy[2])  # the network was trained on mirrored crops too: left is as good as right
residual = near - np.array(policy)
print(f"   policy square(scale: {policy[0]}, shiftX: {policy[1]}, shiftY: {policy[2]}) from {len(near)}; residuals (shares of "
      f"the box's height): standard deviation", residual.std(0).round(3), "mean", residual.mean(0).round(4), flush=True)


def square(face, scale, shift_x, shift_y, frame):
    h = face[3]
    side = math.floor(scale * h + .5)
    x = math.floor(face[0] + face[2] / 2 + shift_x * h - side / 2 + .5)
    y = math.floor(face[1] + h / 2 + shift_y * h - side / 2 + .5)
    fh, fw = frame.shape[:2]
    if x >= 0 and y >= 0 and x + side <= fw and y + side <= fh:
        return frame[y:y + side, x:x + side]
    xs = np.pad(np.arange(fw), 2 * fw, mode="reflect")[x + 2 * fw:x + side + 2 * fw]
    ys = np.pad(np.arange(fh), 2 * fh, mode="reflect")[y + 2 * fh:y + side + 2 * fh]
    return frame[ys][:, xs]


def by_scale(face, frame):
    """The policy `scale`."""
    fh, fw = frame.shape[:2]
    m = float(np.round(0.2 * face[3]))
    left, top = int(max(face[0] - m, 0)), int(max(face[1] - 2 * m, 0))
    right, bottom = int(min(face[0] + face[2] + m, fw)), int(min(face[1] + face[3] + m, fh))
    side = max(right - left, bottom - top)
    x, y = max((left + right) // 2 - side // 2, 0), max((top + bottom) // 2 - side // 2, 0)
    return frame[y:min(y + side, fh), x:min(x + side, fw)]


print(f"3. logits of {len(videos)} videos, {arguments.frames} frames each")
s, dx, dy = policy
policies = {"policy": lambda f, frame: square(f, s, dx, dy, frame), "scale": by_scale,
            "0.85, +0.08": lambda f, frame: square(f, .85, 0, .08, frame)}
for k in (.8, .9, 1.1, 1.2):
    policies[f"side x{k}"] = lambda f, frame, k=k: square(f, s * k, dx, dy, frame)
for d in (-.1, -.05, .05, .1):
    policies[f"y {d:+}"] = lambda f, frame, d=d: square(f, s, dx, dy + d, frame)
    policies[f"x {d:+}"] = lambda f, frame, d=d: square(f, s, dx + d, dy, frame)
fakes = {name[:-4]: record["label"] == "FAKE" for path in (arguments.data / "videos").rglob("metadata.json")
         for name, record in json.load(open(path)).items()}
table, labels = [], []
for path in videos:
    crops = {name: [] for name in policies}
    previous = None
    for _, frame in read(path, arguments.frames):
        faces = detect(frame)
        if not faces:
            continue
        # The face that goes on where the last one was; at first the largest.
        def key(f):
            return -f[2] if previous is None else abs(f[0] - previous[0]) + abs(f[1] - previous[1])
        previous = min(faces, key=key)
        for name, cut in policies.items():
            crops[name].append(Image.fromarray(np.ascontiguousarray(cut(previous, frame))).resize((160, 160), Image.BILINEAR))
    table.append([logits(crops[name]).mean() for name in policies])
    name = "/".join([p for p in path.parts if p in ("Deepfakes", "Face2Face", "FaceSwap", "FaceShifter", "NeuralTextures")] +
                    [path.stem])
    labels.append(fakes.get(path.stem, "manipulated_sequences" in path.parts))
    print(f"   {'fake' if labels[-1] else 'real'} {name:28s} faces {len(crops['policy']):2d}  policy {table[-1][0]:+.2f}  "
          f"scale {table[-1][1]:+.2f}", flush=True)
table, labels = np.array(table), np.array(labels)
for i, name in enumerate(policies):
    real, fake = table[~labels, i], table[labels, i]
    auc = ((fake[:, None] > real) + .5 * (fake[:, None] == real)).mean()
    print(f"   {name:12s} AUC {auc:.3f}  mean real {real.mean():+.2f}  fake {fake.mean():+.2f}  above 0: "
          f"{(fake > 0).sum()}/{len(fake)} fakes, {(real > 0).sum()}/{len(real)} reals")
