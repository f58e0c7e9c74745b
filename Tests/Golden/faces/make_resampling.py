#!/usr/bin/env python3
"""Makes resampling.json and crops.json: what Pillow, OpenCV and NumPy make of pictures that a formula gives.

Needs: numpy, pillow, opencv-python-headless.   Run: python make_resampling.py [FOLDER]   (default: beside the script)

The picture of w x h pixels, which the tests make too (all integers):
    red = (7x + 13y + xy // 8) mod 256,  green = (x*x + 5y) mod 256,  blue = (31x ^ 17y) mod 256
"""
import json, math, os, sys, zlib
import cv2, numpy as np
from PIL import Image

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))


def picture(w, h):
    x, y = np.meshgrid(np.arange(w), np.arange(h))
    return np.stack([(7 * x + 13 * y + x * y // 8) % 256, (x * x + 5 * y) % 256, (31 * x ^ 17 * y) % 256],
                    axis=2).astype(np.uint8)


def smooth(w, h):
    """A slow one, for the area filter: one level off must not hide in noise."""
    x, y = np.meshgrid(np.arange(w), np.arange(h))
    return np.stack([(x * 3 + y) // 4 % 256, (x + y * 2) // 5 % 256, (x * y) // 64 % 256], axis=2).astype(np.uint8)


def resize(image, to, box=None):
    """Pillow's BILINEAR, rows before columns: in one call that is so up to Pillow 12, later ones begin with whichever
    pass is cheaper, which changes single levels. Two calls say the order."""
    x0, y0, x1, y1 = box or (0, 0, *image.size)
    narrow = image.resize((to[0], image.size[1]), Image.BILINEAR, box=(x0, 0, x1, image.size[1]))
    return narrow.resize(to, Image.BILINEAR, box=(0, y0, to[0], y1))


def summary(image):
    """CRC-32 of the bytes, and the first 24 of them to look at."""
    data = np.ascontiguousarray(image).tobytes()
    return {"crc32": zlib.crc32(data), "head": list(data[:24])}


# 1. The triangle filter against Pillow, bit for bit.
triangle = []
for w, h, nw, nh, box in [
        (97, 61, 40, 40, None), (97, 61, 13, 61, None), (97, 61, 97, 20, None), (20, 30, 64, 64, None),
        (97, 61, 32, 32, (10, 5, 70, 60)), (97, 61, 32, 24, (10.25, 5.5, 70.75, 59.125)), (1, 1, 5, 5, None),
        (97, 61, 128, 8, (0.5, 0, 96.5, 61)), (640, 360, 224, 224, (100, 3, 457, 360)), (300, 300, 1, 1, None)]:
    out = resize(Image.fromarray(picture(w, h)), (nw, nh), box)
    triangle.append({"size": [w, h], "to": [nw, nh], "box": list(box) if box else None, **summary(np.asarray(out))})

# 2. The area filter against OpenCV (the sums' order differs: one level at most).
area = []
for w, h, nw, nh in [(72, 72, 16, 16), (45, 90, 8, 8), (64, 48, 16, 12), (33, 47, 32, 9)]:
    out = cv2.resize(smooth(w, h), (nw, nh), interpolation=cv2.INTER_AREA)
    area.append({"size": [w, h], "to": [nw, nh], "bytes": out.flatten().tolist()})

with open(os.path.join(folder, "resampling.json"), "w") as f:
    json.dump({"triangle": triangle, "area": area}, f, indent=None, separators=(",", ":"))
    f.write("\n")


# 3. Crops near the edges of a 320 x 240 picture, by the policies' definitions (SPEC section 2).
def clamped(left, top, right, bottom, w, h):
    return max(left, 0), max(top, 0), min(right, w), min(bottom, h)


def squared(edges, w, h):
    left, top, right, bottom = (math.floor(e) for e in edges)
    side = max(right - left, bottom - top)
    x = max((left + right) // 2 - side // 2, 0)
    y = max((top + bottom) // 2 - side // 2, 0)
    return x, y, min(x + side, w), min(y + side, h)


def scale(box, w, h):
    x, y, bw, bh = box
    m = float(np.round(0.2 * bh))  # half to even
    return squared(clamped(x - m, y - 2 * m, x + bw + m, y + bh + m, w, h), w, h)


def margin(box, w, h, fraction=0.3):
    x, y, bw, bh = box
    return squared(clamped(x - fraction * bw, y - fraction * bh, x + bw * (1 + fraction), y + bh * (1 + fraction), w, h),
                   w, h)


def tight(box, w, h):
    x, y, bw, bh = box
    return tuple(math.floor(e) for e in clamped(x, y, x + bw, y + bh, w, h))


def square(box, scale=0.9, shift_x=0.05, shift_y=0.1):
    x, y, bw, bh = box
    side = math.floor(scale * bh + 0.5)
    left = math.floor(x + bw / 2 + shift_x * bh - side / 2 + 0.5)
    top = math.floor(y + bh / 2 + shift_y * bh - side / 2 + 0.5)
    return left, top, left + side, top + side


W, H, S = 320, 240, 48
array = picture(W, H)
image = Image.fromarray(array)
crops = []
for name, box in [("inside", (120.5, 90.25, 61.75, 60.5)), ("left", (3.5, 80.5, 60.25, 62.0)),
                  ("top", (130.0, 2.75, 58.5, 61.25)), ("right", (262.25, 100.5, 55.5, 57.5)),
                  ("bottom", (140.25, 175.5, 60.0, 62.5)), ("left top, beyond", (-14.5, -9.25, 70.5, 70.5)),
                  ("right bottom, beyond", (270.5, 190.25, 66.0, 66.25)), ("larger than the frame", (-20, -30, 380, 300)),
                  ("wide", (30.5, 60.5, 200.0, 40.0))]:
    for policy in ["scale", "margin", "tight", "square"]:
        if policy == "square":
            left, top, right, bottom = square(box)
            # A reflected border larger than the picture takes several reflections: index by index.
            xs = np.pad(np.arange(W), 400, mode="reflect")[left + 400:right + 400]
            ys = np.pad(np.arange(H), 400, mode="reflect")[top + 400:bottom + 400]
            part = Image.fromarray(array[ys][:, xs])
        else:
            left, top, right, bottom = {"scale": scale, "margin": margin, "tight": tight}[policy](box, W, H)
            part = image.crop((left, top, right, bottom))
        out = resize(part, (S, S))
        crops.append({"name": name, "policy": policy, "box": list(map(float, box)),
                      "region": [left, top, right - left, bottom - top], **summary(np.asarray(out))})
with open(os.path.join(folder, "crops.json"), "w") as f:
    f.write('{"size":[320,240],"side":48,"crops":[\n' + ",\n".join(
        json.dumps(c, separators=(",", ":")) for c in crops) + "\n]}\n")
