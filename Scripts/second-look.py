"""How far faces and what is taken for a face lie apart at BlazeFace's second look (Sources/FaceCrop/BlazeFace.swift).

    python Scripts/second-look.py DATA blazeface.pth [--frames 16]

Needs: torch, numpy, opencv-python-headless, av. Finds candidates in evenly spaced frames of DATA/videos/**/*.mp4 with the
PyTorch reference, looks at each again in views of 1.5, 2.5 and 4 times its side, and prints how the mean confidences spread,
and the candidates around the widest gap above 0.5.
"""
import argparse, pathlib
import cv2, numpy as np, torch
from blazeface_reference import Detector, read

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("data", type=pathlib.Path)
parser.add_argument("weights")
parser.add_argument("--frames", type=int, default=16)
arguments = parser.parse_args()
detector = Detector(arguments.weights)


def view(frame, face, scale):
    """A square of `scale` x the face's side around it, black outside the frame, 128 x 128."""
    side = max(1, round(scale * max(face[2:4])))
    x, y = (round(face[i] + face[2 + i] / 2 - side / 2) for i in (0, 1))
    height, width = frame.shape[:2]
    pad = max(0, -x, -y, x + side - width, y + side - height)
    if pad:
        frame = cv2.copyMakeBorder(frame, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    part = np.ascontiguousarray(frame[y + pad:y + pad + side, x + pad:x + pad + side])
    return cv2.resize(part, (128, 128), interpolation=cv2.INTER_AREA if side > 128 else cv2.INTER_LINEAR)


def second_look(frame, face):
    """The mean over the views of the best confidence of a face whose centre is in the middle."""
    views = np.stack([view(frame, face, scale) for scale in (1.5, 2.5, 4)])
    with torch.inference_mode():
        logits, boxes = detector.network(torch.from_numpy(views).permute(0, 3, 1, 2).float() / 127.5 - 1)
    centre = boxes.numpy()[..., :2] / 128 + detector.anchors
    middle = (abs(centre - 0.5) < 0.15).all(-1)
    best = np.where(middle, logits.numpy(), -100).max(1)
    return (1 / (1 + np.exp(-np.clip(best, -100, 100)))).mean()


found = []
for path in sorted((arguments.data / "videos").rglob("*.mp4")):
    for index, frame in read(path, arguments.frames):
        for face in detector(frame):
            place = f"{path.parent.parent.parent.name}/{path.stem} frame {index}, x {face[0]:.0f}, y {face[1]:.0f}"
            found.append((second_look(frame, face), place))
found.sort()
means = np.array([mean for mean, _ in found])
for low, high in [(0, .5), (.5, .7), (.7, .8), (.8, .85), (.85, .9), (.9, .95), (.95, .98), (.98, 1.001)]:
    print(f"{low:.2f} to {min(high, 1):.2f}: {((means >= low) & (means < high)).sum()}")
high = means[means > 0.5]
cut = len(means) - len(high) + int(np.diff(high).argmax()) + 1
for mean, place in found[max(0, cut - 6):cut + 6]:
    print(f"{mean:.3f}  {place}")
