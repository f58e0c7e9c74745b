#!/usr/bin/env python3
"""Score the DFDC validation crops with PyTorch, to compare our engine with.

Needs (PyPI): torch, torchvision, numpy, pillow, safetensors.
Makes: a .safetensors with `logits`, one for each crop in the order of the tar, from the shipped weights (tensors of
two and more dimensions rounded to Float16, as they ship). Prints balanced accuracy at logit 0 and ROC AUC. The test
"the shipped detector's figures come out of our engine" reads the file and computes the same figures in Swift.

    python Scripts/evaluate-validation.py WEIGHTS.pth DFDC-FACES Tests/Golden/efficientnet/validation-logits.safetensors

DFDC-FACES holds index.csv and validation-0.tar.
"""
import argparse
import csv
import io
import pathlib
import tarfile

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


def network(weights, rounded=True):
    model = torchvision.models.efficientnet_b0(weights=None, num_classes=1)
    state = torch.load(weights, map_location="cpu", weights_only=True)
    if rounded:
        state = {k: v.half().float() if v.ndim >= 2 else v for k, v in state.items()}
    model.load_state_dict(state)
    return model.eval()


def crops(tar):
    """Names and 160x160 crops as arrays [3, 160, 160], normalised, in the order of the tar."""
    with tarfile.open(tar) as archive:
        for member in archive:
            image = Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB")
            image = np.asarray(image.resize((160, 160), Image.BILINEAR), np.float32) / 255
            yield pathlib.PurePath(member.name).stem, ((image - MEAN) / STD).transpose(2, 0, 1)


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
    parser.add_argument("weights")
    parser.add_argument("faces", type=pathlib.Path)
    parser.add_argument("output")
    parser.add_argument("--float32", action="store_true", help="do not round the weights to Float16")
    options = parser.parse_args()

    with open(options.faces / "index.csv") as file:
        labels = {row["name"]: row["label"] == "fake" for row in csv.DictReader(file)}
    model = network(options.weights, rounded=not options.float32)
    names, logits, batch = [], [], []

    def flush():
        if batch:
            with torch.inference_mode():
                logits.append(model(torch.from_numpy(np.stack(batch)))[:, 0].numpy())
            batch.clear()

    for name, crop in crops(options.faces / "validation-0.tar"):
        names.append(name)
        batch.append(crop)
        if len(batch) == 32:
            flush()
    flush()
    logits = np.concatenate(logits)
    fake = np.array([labels[name] for name in names])
    save_file({"logits": torch.from_numpy(logits)}, options.output)
    print(
        f"{len(logits)} crops ({fake.sum()} fake): balanced accuracy {balanced_accuracy(logits, fake):.4f} "
        f"at logit 0, ROC AUC {roc_auc(logits, fake):.4f}")


if __name__ == "__main__":
    main()
