#!/usr/bin/env python3
"""Score the DFDC validation crops with PyTorch, to compare our engine with.

Needs (PyPI): torch, efficientnet_pytorch 0.7.1, numpy, pillow, safetensors.
Makes: a .safetensors with `logits`, one for each crop in the order of the tar, from the plain detector that ships. Prints
balanced accuracy at logit 0 and ROC AUC. The test "the shipped detector's figures come out of our engine" reads the file
and computes the same figures in Swift.

    python Scripts/evaluate-validation.py DFDC-FACES Tests/Golden/efficientnet/validation-logits.safetensors

DFDC-FACES holds index.csv and validation-0.tar. With `--engine .build/release/whyfake` the same pixels, as Pillow
decodes them, also go through `whyfake detect` as .npy clips, and its figures are printed beside PyTorch's: what is
left is the engine's own difference, without that of the JPEG decoders.
"""
import argparse
import csv
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Tests/Golden/efficientnet"))
import make  # noqa: E402

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
SIZE = 224


def crops(tar):
    """Names and crops as Pillow decodes them, in the order of the tar."""
    with tarfile.open(tar) as archive:
        for member in archive:
            image = Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB")
            yield pathlib.PurePath(member.name).stem, image


def normalised(image):
    pixels = np.asarray(image.resize((SIZE, SIZE), Image.BILINEAR), np.float32) / 255
    return ((pixels - MEAN) / STD).transpose(2, 0, 1)


def engine_logits(engine, images):
    """The logits of `whyfake detect` for the crops as one clip."""
    with tempfile.NamedTemporaryFile(suffix=".npy") as clip:
        np.save(clip, np.stack([np.asarray(image) for image in images]))
        clip.flush()
        command = [engine, "detect", "--format", "json", "--frames", str(len(images)), clip.name]
        result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return np.array([frame["logit"] for frame in result["faces"][0]["frames"]])


def balanced_accuracy(logits, fake):
    return ((logits[fake] > 0).mean() + (logits[~fake] <= 0).mean()) / 2


def roc_auc(logits, fake):
    """The share of (fake, real) pairs in the right order, ties counted half."""
    real = np.sort(logits[~fake])
    below = np.searchsorted(real, logits[fake], "left")
    not_above = np.searchsorted(real, logits[fake], "right")
    return (below + not_above).sum() / 2 / fake.sum() / (~fake).sum()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("faces", type=pathlib.Path)
    parser.add_argument("output")
    parser.add_argument("--engine", help="the whyfake program, to be given the same pixels")
    options = parser.parse_args()

    with open(options.faces / "index.csv") as file:
        labels = {row["name"]: row["label"] == "fake" for row in csv.DictReader(file)}
    model = make.shipped().float()
    names, images, logits, engine = [], [], [], []

    def flush():
        if images:
            with torch.inference_mode():
                batch = torch.from_numpy(np.stack([normalised(image) for image in images]))
                logits.append(model(batch)[:, 0].numpy())
            if options.engine:
                engine.append(engine_logits(options.engine, images))
            images.clear()

    for name, image in crops(options.faces / "validation-0.tar"):
        names.append(name)
        images.append(image)
        if len(images) == 64:
            flush()
    flush()
    logits = np.concatenate(logits)
    fake = np.array([labels[name] for name in names])
    save_file({"logits": torch.from_numpy(logits)}, options.output)

    def report(who, z):
        print(
            f"{who}: {len(z)} crops ({fake.sum()} fake), balanced accuracy {balanced_accuracy(z, fake):.4f} at logit 0, "
            f"ROC AUC {roc_auc(z, fake):.4f}")

    report("PyTorch", logits)
    if engine:
        z = np.concatenate(engine)
        report("whyfake", z)
        difference = np.abs(z - logits)
        print(f"logits differ by {difference.mean():.1e} on average, {difference.max():.1e} at the most")


if __name__ == "__main__":
    main()
