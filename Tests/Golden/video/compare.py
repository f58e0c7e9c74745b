#!/usr/bin/env python3
"""Compares frames that VideoIO read with a full decode by PyAV, pixel by pixel.

Needs: pip install av numpy.
Makes: a line per video and the largest mean absolute difference; exit status 1 if it is above 1 level or a frame
is nearer to another frame of the video than to its own.

    WHYFAKE_TEST_DATA=DATA WHYFAKE_FRAME_DUMP=/tmp/frames \\
        swift test -c release --filter VideoIOTests.RealVideoTests
    python3 Tests/Golden/video/compare.py DATA/videos /tmp/frames

The dump has one file a frame: `<path of the video, / as _>.<index>.<width>x<height>.rgb`.
"""
import sys
from pathlib import Path

import av
import numpy as np

videos, dump = Path(sys.argv[1]), Path(sys.argv[2])
worst, wrong = 0.0, 0
for path in sorted(p for p in videos.rglob("*.mp4")):
    stem = str(path.relative_to(videos)).replace("/", "_")
    ours = {}
    for file in dump.glob(f"{stem}.*.rgb"):
        index, size = file.name[len(stem) + 1 : -4].split(".")
        width, height = map(int, size.split("x"))
        ours[int(index)] = np.fromfile(file, np.uint8).reshape(height, width, 3)
    if not ours:
        print(f"{stem}: no frames in {dump}")
        wrong += 1
        continue
    differences = {index: {} for index in ours}
    count, colour = 0, ""
    with av.open(str(path)) as container:
        for count, frame in enumerate(container.decode(video=0), 1):
            near = [k for k in (count - 2, count - 1, count) if k in ours]
            if near:
                colour = f"{frame.format.name} matrix {int(frame.colorspace)} range {int(frame.color_range)}"
                theirs = frame.to_ndarray(format="rgb24").astype(np.int16)
            for k in near:
                differences[k][count - 1] = np.abs(ours[k] - theirs).mean()
    largest = max(near[index] for index, near in differences.items())
    # A frame that is nearer to its neighbour than to itself is another frame.
    others = [index for index, near in differences.items() if near[index] > min(near.values())]
    if others:
        print(f"{stem}: another frame at {others}")
        wrong += 1
    print(f"{stem}: {len(ours)} of {count} frames, {colour}, mean difference up to {largest:.4f}")
    worst = max(worst, largest)
print(f"largest mean absolute difference: {worst:.4f} levels")
sys.exit(1 if worst > 1 or wrong else 0)
