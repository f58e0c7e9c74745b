#!/usr/bin/env python3
"""Makes the sample videos: a public-domain portrait, moved; and the same with a blended face.

Needs  numpy, scipy, scikit-image 0.20 or newer (it carries the portrait), av 12 or newer with libx264.
Makes  sample-real.mp4       the portrait as a hand-held camera would see it: 640×480, 25 frames a second, 4 s
       sample-fake.mp4       the same motion and noise; the inner face is blended, inside a soft mask, with a
                             shifted, scaled, recoloured and softened copy of itself that trembles a little
       sample-fake.mask.mp4  how much of each pixel comes from the copy: 0 … 255, grey, full range, lossless

    python3 Scripts/make-samples.py FOLDER

Two runs with one set of library versions give the same bytes. The files in Samples/ stay as they are, whatever
versions come: this script documents how they were made.

Portrait: Eileen Collins, NASA, public domain. The idea of blending a face with a changed copy of itself is
that of self-blended images (Shiohara & Yamasaki, CVPR 2022); nothing of their code is used.
"""

import hashlib
import os
import sys

import av
import numpy as np
from scipy import ndimage
from skimage import data

WIDTH, HEIGHT, RATE, FRAMES = 640, 480, 25, 100
PORTRAIT_SHA256 = "a8c429c18afa7b0fd5673e598d73a21225d94c864a71bbb3885126fdecb41071"

# In pixels of the portrait: what the camera points at, and the ellipse of the inner face (brows to lower lip).
AIM = (225.5, 113.0)
FACE, RADII, TILT = (225.0, 123.0), (33.0, 38.0), np.deg2rad(2.0)


def camera(t):
    """Centre, output pixels per portrait pixel and roll of the camera at t seconds: slow, never periodic."""
    x = AIM[0] + 6.0 * np.sin(1.3 * t) + 1.1 * np.sin(3.7 * t + 0.5) + 0.35 * np.sin(9.1 * t)
    y = AIM[1] + 2.2 * np.sin(1.7 * t + 1.1) + 0.7 * np.sin(4.3 * t) + 0.3 * np.sin(10.3 * t + 2.0)
    zoom = 2.32 + 0.09 * np.sin(0.9 * t - 0.6) + 0.03 * np.sin(2.3 * t)
    roll = np.deg2rad(0.9 * np.sin(1.1 * t + 0.3) + 0.25 * np.sin(3.1 * t))
    return x, y, zoom, roll


def shoot(picture, t, order):
    """`picture` ([512, 512] or [512, 512, 3]) as the camera sees it at t, HEIGHT rows by WIDTH columns."""
    x, y, zoom, roll = camera(t)
    c, s = np.cos(roll) / zoom, np.sin(roll) / zoom
    matrix = np.array([[c, s], [-s, c]])  # (row, column) of the frame to (row, column) of the portrait
    middle = np.array([(HEIGHT - 1) / 2, (WIDTH - 1) / 2])
    offset = np.array([y, x]) - matrix @ middle
    planes = picture[..., None] if picture.ndim == 2 else picture
    out = [
        ndimage.affine_transform(
            planes[..., k], matrix, offset, (HEIGHT, WIDTH), order=order, mode="mirror")
        for k in range(planes.shape[-1])
    ]
    return out[0] if picture.ndim == 2 else np.stack(out, axis=-1)


def soft_mask(shape):
    """1 inside the inner face, 0 outside, with a soft edge: an ellipse through a smooth step."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    dx, dy = columns - FACE[0], rows - FACE[1]
    u = (np.cos(TILT) * dx + np.sin(TILT) * dy) / RADII[0]
    v = (-np.sin(TILT) * dx + np.cos(TILT) * dy) / RADII[1]
    edge = np.clip((1.12 - np.hypot(u, v)) / 0.30, 0, 1)
    return edge * edge * (3 - 2 * edge)


def changed(portrait, t):
    """The copy of the portrait that is blended in: scaled about the face, shifted, turned, softer, recoloured."""
    scale_x = 1.075 + 0.010 * np.sin(5.3 * t)
    scale_y = 0.965 + 0.008 * np.sin(4.1 * t + 1.0)
    turn = np.deg2rad(2.6 + 0.5 * np.sin(6.1 * t))
    shift = np.array([-1.9 + 0.45 * np.sin(7.3 * t + 0.4), 1.6 + 0.45 * np.sin(6.7 * t)])  # rows, columns
    c, s = np.cos(turn), np.sin(turn)
    matrix = np.array([[c, s], [-s, c]]) @ np.diag([1 / scale_y, 1 / scale_x])
    centre = np.array([FACE[1], FACE[0]])
    offset = centre - matrix @ (centre + shift)
    copy = np.stack(
        [ndimage.affine_transform(portrait[..., k], matrix, offset, order=3, mode="mirror") for k in range(3)],
        axis=-1)
    copy = ndimage.gaussian_filter(copy, (0.6, 0.6, 0))
    grey = copy @ np.array([0.2126, 0.7152, 0.0722])
    copy = grey[..., None] + 0.88 * (copy - grey[..., None])  # paler
    return (copy - 128) * 0.94 + 128 + np.array([3.0, 4.0, 7.0])  # flatter, cooler, a little brighter


def grain(generator):
    """Sensor noise of one frame in levels, [HEIGHT, WIDTH, 3]: mostly luma, a little correlated."""
    luma = ndimage.gaussian_filter(generator.standard_normal((HEIGHT, WIDTH)), 0.6)
    chroma = ndimage.gaussian_filter(generator.standard_normal((HEIGHT, WIDTH, 3)), (1.2, 1.2, 0))
    return 2.6 * luma[..., None] + 2.0 * chroma


def yuv420(rgb):
    """BT.709 limited range, 4:2:0, as one [HEIGHT · 3/2, WIDTH] plane of bytes."""
    r, g, b = (np.clip(rgb[..., k], 0, 255) / 255 for k in range(3))
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    planes = [16 + 219 * y]
    for chroma in ((b - y) / 1.8556, (r - y) / 1.5748):
        # Chroma sits on the left column of each pair: weights 1 2 1 across, the mean of two rows down.
        wide = np.pad(chroma, ((0, 0), (1, 0)), mode="edge")
        across = (wide[:, 0:-1:2] + 2 * wide[:, 1::2] + chroma[:, 1::2]) / 4
        planes.append(128 + 224 * (across[0::2] + across[1::2]) / 2)
    y, u, v = (np.rint(p).astype(np.uint8) for p in planes)
    return np.concatenate([y, u.reshape(-1, WIDTH), v.reshape(-1, WIDTH)])


class Film:
    """An H.264 file in an mp4, index first, one thread so that the bytes do not depend on the machine."""

    def __init__(self, path, pixels, full_range, options):
        self.pixels = pixels
        self.container = av.open(path, "w", options={"movflags": "+faststart", "fflags": "+bitexact"})
        self.stream = self.container.add_stream("libx264", rate=RATE)
        self.stream.width, self.stream.height, self.stream.pix_fmt = WIDTH, HEIGHT, pixels
        self.stream.options = {"threads": "1", **options}
        context = self.stream.codec_context
        context.thread_count = 1
        context.colorspace = context.color_primaries = context.color_trc = 1  # BT.709
        context.color_range = 2 if full_range else 1
        self.count = 0

    def add(self, plane):
        frame = av.VideoFrame.from_ndarray(plane, format=self.pixels)
        frame.pts = self.count
        self.count += 1
        self.container.mux(self.stream.encode(frame))

    def close(self):
        self.container.mux(self.stream.encode())
        self.container.close()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make-samples.py FOLDER")
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    pixels = data.astronaut()
    if hashlib.sha256(pixels.tobytes()).hexdigest() != PORTRAIT_SHA256:
        sys.exit("this scikit-image carries another portrait than the samples were made from")
    portrait = pixels.astype(np.float64)
    mask = soft_mask(portrait.shape)

    picture = {"preset": "veryslow", "crf": "18", "profile": "high", "g": "50"}
    lossless = {"preset": "veryslow", "qp": "0", "g": "100"}
    real = Film(os.path.join(folder, "sample-real.mp4"), "yuv420p", False, picture)
    fake = Film(os.path.join(folder, "sample-fake.mp4"), "yuv420p", False, picture)
    truth = Film(os.path.join(folder, "sample-fake.mask.mp4"), "gray", True, lossless)
    generator = np.random.Generator(np.random.PCG64(1992))
    for index in range(FRAMES):
        t = index / RATE
        noise = grain(generator)
        real.add(yuv420(shoot(portrait, t, 3) + noise))
        blended = portrait + mask[..., None] * (changed(portrait, t) - portrait)
        fake.add(yuv420(shoot(blended, t, 3) + noise))
        truth.add(np.rint(255 * shoot(mask, t, 1)).astype(np.uint8))
    for film in (real, fake, truth):
        film.close()
    for name in ("sample-real.mp4", "sample-fake.mp4", "sample-fake.mask.mp4"):
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        print(hashlib.sha256(content).hexdigest(), len(content), name)


if __name__ == "__main__":
    main()
