#!/usr/bin/env python3
"""Finds the crop policies `square(scale, shiftX, shiftY)` that cut out about what projects cut out that align faces by
landmarks, from the keypoints that come with BlazeFace's box.

Needs: torch, numpy, opencv-python-headless, av; blazeface.pth and a folder of videos.
Run: python fit-aligned-crops.py VIDEOS blazeface.pth

DeepfakeBench: eyes, nose and mouth corners are brought to ArcFace's template (112 pixels), with a margin of 1.3; here by
the least-squares square without rotation, the mouth's centre in place of its corners. MesoNet: a square of 2.2 x 1.3 x
the larger of the distances between the eyes and from eyes to mouth, around a point a quarter of the way from the nose's
tip to the eyes. Prints the medians over all faces, in heights of BlazeFace's box, with the middle half of the values.
"""
import argparse
import os
import pathlib
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from blazeface_reference import Detector, read

# Right eye, left eye, nose tip, mouth, as shares of DeepfakeBench's crop.
TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [56.1396, 92.2848]]) / 112
TEMPLATE = (TEMPLATE - 0.5) / 1.3 + 0.5


def deepfakebench(points):
    """Side and centre of the square in which the points lie as the template has them."""
    a, b = TEMPLATE - TEMPLATE.mean(0), points - points.mean(0)
    side = (b * b).sum() / (a * b).sum()
    return side, points.mean(0) + (0.5 - TEMPLATE.mean(0)) * side


def mesonet(points):
    eyes = points[:2].mean(0)
    longer = max(np.linalg.norm(points[0] - points[1]), np.linalg.norm(points[3] - eyes))
    return 2.2 * 1.3 * longer, points[2] + (eyes - points[2]) / 4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=pathlib.Path)
    parser.add_argument("blazeface")
    parser.add_argument("--frames", type=int, default=8)
    arguments = parser.parse_args()
    detect = Detector(arguments.blazeface)
    rows = {deepfakebench: [], mesonet: []}
    for path in sorted(arguments.videos.rglob("*.mp4")):
        for _, frame in read(path, arguments.frames):
            faces = detect(frame)
            if len(faces) == 0:
                continue
            face = faces[0]  # the most confident one
            points = face[4:12].reshape(4, 2)
            centre = face[:2] + face[2:4] / 2
            for policy, values in rows.items():
                side, middle = policy(points)
                values.append([side / face[3], *((middle - centre) / face[3])])
    for policy, values in rows.items():
        low, median, high = np.percentile(np.array(values), [25, 50, 75], axis=0)
        print(f"{policy.__name__}: {len(values)} faces; " + ", ".join(
            f"{name} {m:.3f} ({a:.3f} ... {b:.3f})"
            for name, a, m, b in zip(("scale", "right", "down"), low, median, high)))


if __name__ == "__main__":
    main()
