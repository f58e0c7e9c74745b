#!/usr/bin/env python3
"""Makes frames.json: what PyAV's full decode shows at the sampled frames of the test videos, as thumbnails.

Needs: pip install av numpy.
Makes: for each video its number of frames, the time of the last one, and for 5 evenly spaced frames the 4 × 4 × 3
means of its area, rounded to 0.1 level.

    python3 Tests/Golden/video/make.py DATA/videos > Tests/Golden/video/frames.json
"""
import json
import sys
from pathlib import Path

import av
import numpy as np

COUNT, SIDE = 5, 4


def indices(total):
    return [(2 * i * (total - 1) + COUNT - 1) // (2 * (COUNT - 1)) for i in range(COUNT)]


def thumbnail(image):
    """Means over SIDE × SIDE blocks; what does not divide is left off at the right and at the bottom."""
    h, w = image.shape[0] // SIDE, image.shape[1] // SIDE
    blocks = image[: h * SIDE, : w * SIDE].reshape(SIDE, h, SIDE, w, 3).mean((1, 3))
    return [round(float(v), 1) for v in blocks.ravel()]


videos = Path(sys.argv[1])
result = {}
for path in sorted(videos.rglob("*.mp4")):
    with av.open(str(path)) as container:
        total = sum(1 for _ in container.decode(video=0))
    wanted, frames, time = set(indices(total)), [], 0.0
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            time = float(frame.pts * frame.time_base)
            if index in wanted:
                frames.append({"index": index, "time": round(time, 6),
                               "thumbnail": thumbnail(frame.to_ndarray(format="rgb24"))})
    result[str(path.relative_to(videos))] = {"frameCount": total, "frames": frames}
lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in result.items()]
print("{\n" + ",\n".join(lines) + "\n}")
