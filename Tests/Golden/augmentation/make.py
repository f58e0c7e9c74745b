"""A picture (drawn, seeded), what Pillow's JPEG makes of it, and scikit-image's rotations.  python make.py

   picture.png               96×80
   picture-<quality>.jpg     Pillow's (libjpeg-turbo, 4:2:0), to be decoded by the reader
   decoded-<quality>.png     the same, decoded by libjpeg-turbo with repeated chroma (simplejpeg's fastupsample)
   rotations.json            interior pixels of rotated and scaled pictures, bilinear, by skimage.transform.warp
"""
import json, os

import numpy as np
import simplejpeg
from PIL import Image
from skimage.transform import SimilarityTransform, warp

here = os.path.dirname(os.path.abspath(__file__))
W, H = 96, 80
rng = np.random.default_rng(5)
y, x = np.mgrid[0:H, 0:W]
picture = np.stack([
    128 + 70 * np.sin(x / 9 + 1) + 40 * np.cos(y / 7), 120 + 60 * np.cos((x + y) / 11), 140 + 80 * np.sin(y / 13 - x / 17)], -1)
for _ in range(14):  # discs with sharp edges
    cx, cy, r = rng.uniform(0, W), rng.uniform(0, H), rng.uniform(3, 14)
    picture[(x - cx) ** 2 + (y - cy) ** 2 < r * r] = rng.uniform(0, 255, 3)
picture = np.clip(np.rint(picture + rng.normal(0, 3, picture.shape)), 0, 255).astype(np.uint8)
image = Image.fromarray(picture)
image.save(f"{here}/picture.png")
for quality in (30, 50, 75, 95):
    image.save(f"{here}/picture-{quality}.jpg", quality=quality)
    decoded = simplejpeg.decode_jpeg(open(f"{here}/picture-{quality}.jpg", "rb").read(), fastupsample=True)
    Image.fromarray(decoded).save(f"{here}/decoded-{quality}.png", optimize=True)

# The crop's pixel centre p maps to c + s·R(angle)·(p − c) in the picture (shares of its side), as CropPlacement has it.
cases = []
square = picture[:80, :80]
for angle, scale, flip in ((7, 0.9, False), (-10, 0.8, True), (25, 0.7, False)):
    a, c = np.deg2rad(angle), 80 / 2 - 0.5
    m = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) * scale
    if flip:
        m = m @ np.diag([-1, 1])
    matrix = np.eye(3)
    matrix[:2, :2] = m
    matrix[:2, 2] = c - m @ [c, c]
    out = warp(square.astype(float), matrix, order=1, mode="reflect", preserve_range=True)
    part = np.rint(out[20:60, 20:60]).astype(int)
    cases.append({"rotation": angle, "scale": scale, "flip": flip, "first": 20, "count": 40, "pixels": part.ravel().tolist()})
# Shrunk and turned: 80 pixels to 32, against a rendering at 8 times the size that is then averaged with a triangle.
angle, scale, side, k = 10, 0.8, 32, 8
a = np.deg2rad(angle)
n = side * k
u, v = np.meshgrid((np.arange(n) + 0.5) / n - 0.5, (np.arange(n) + 0.5) / n - 0.5)
from scipy.ndimage import convolve1d, map_coordinates
sx = 80 * (0.5 + scale * (np.cos(a) * u - np.sin(a) * v)) - 0.5
sy = 80 * (0.5 + scale * (np.sin(a) * u + np.cos(a) * v)) - 0.5
big = np.stack([map_coordinates(square[..., i].astype(float), [sy, sx], order=0, mode="mirror") for i in range(3)], -1)
t = np.arange(-k + 0.5, k)
w = 1 - abs(t) / k
w /= w.sum()
padded = np.pad(big, ((k, k), (k, k), (0, 0)), mode="edge")
centres = np.arange(side) * k + k // 2 + k
rows = np.stack([np.tensordot(w, padded[c - k:c + k], (0, 0)) for c in centres])
small = np.stack([np.tensordot(w, rows[:, c - k:c + k], (0, 1)) for c in centres], 1)
part = np.rint(small[8:24, 8:24]).astype(int)
shrunk = {"rotation": angle, "scale": scale, "flip": False, "side": side, "first": 8, "count": 16, "pixels": part.ravel().tolist()}
json.dump({"same": cases, "shrunk": shrunk}, open(f"{here}/rotations.json", "w"), separators=(",", ":"))
