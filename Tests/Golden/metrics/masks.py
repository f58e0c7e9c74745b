"""Masks of what differs between a fake and its original, by SciPy and scikit-image.

Needs numpy, scipy, scikit-image, scikit-learn. Writes masks.json beside itself: python masks.py
The pictures are drawn by SplitMix64, as the test draws them. A mask is stored as hexadecimal digits of its bits, row by row.
scikit-image continues a picture at its edges by reflection and WhyFake by repetition: of the structural difference only what is
five pixels or more inside is compared.
"""
import json, pathlib
import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity
from make import splitmix

here = pathlib.Path(__file__).parent
SIDE, FRAMES = 64, 2

u = splitmix(7, 3 * FRAMES * SIDE * SIDE * 3).reshape(3, FRAMES, SIDE, SIDE, 3)
yy, xx = np.mgrid[:SIDE, :SIDE]
inside = ((xx - 30) ** 2 + (yy - 36) ** 2 < 225)[None, :, :, None]
original = 96 + np.floor(64 * u[0])
fake = original + np.where(inside, np.floor(60 * u[1]), np.floor(7 * u[2]) - 3)
a, b = fake / 255, original / 255

absolute = np.stack([gaussian_filter(np.abs(x - y).mean(-1), 0.01 * SIDE, mode="nearest", radius=2) for x, y in zip(a, b)])
luma = [x @ np.array([0.299, 0.587, 0.114]) for x in (a, b)]
structural = np.stack([
    1 - structural_similarity(x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, full=True)[1]
    for x, y in zip(*luma)])

cases = []
for name, values, margin, thresholds in (("absolute", absolute, 0, (0.02, 0.04, 0.1)), ("structural", structural, 5, (0.05, 0.1, 0.3))):
    inner = values[:, margin:SIDE - margin, margin:SIDE - margin]
    for threshold in thresholds:
        assert np.abs(inner - threshold).min() > 1e-6, (name, threshold, "a value is too near to be told apart")
        bits = inner > threshold
        cases.append(dict(difference=name, margin=margin, threshold=threshold, count=int(bits.sum()),
                          mask=np.packbits(bits.ravel()).tobytes().hex()))
(here / "masks.json").write_text(json.dumps(dict(side=SIDE, frames=FRAMES, cases=cases), indent=1) + "\n")
print([(c["difference"], c["threshold"], c["count"]) for c in cases])
