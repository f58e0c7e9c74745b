#!/usr/bin/env python3
"""PyTorch's autograd: the gradient of the logits with respect to the pictures; the peer of `benchmark input-gradient`.

Needs (PyPI): torch, efficientnet_pytorch 0.7.1. Parameters need no gradient, and maps are in channels-last order unless
--contiguous. Random weights, BatchNorm's statistics from one batch.

    python Benchmarks/input_gradient.py --model b0 --size 224 --batch 2 [--threads 2] [--runs 7] [--contiguous]
"""
import argparse
import json
import resource
import statistics
import time

import torch
from efficientnet_pytorch import EfficientNet

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="b4")
parser.add_argument("--size", type=int, default=224)
parser.add_argument("--batch", type=int, default=1)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--runs", type=int, default=7)
parser.add_argument("--contiguous", action="store_true")
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(0)
model = EfficientNet.from_name(f"efficientnet-{options.model}", image_size=options.size, num_classes=1)
model.set_swish(memory_efficient=False)
model._global_params = model._global_params._replace(drop_connect_rate=0.0)
for module in model.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        module.momentum = None
        module.reset_running_stats()
with torch.no_grad():
    model(torch.randn(4, 3, options.size, options.size))
model.eval().requires_grad_(False)
x = torch.randn(options.batch, 3, options.size, options.size)
if not options.contiguous:
    model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
x.requires_grad_(True)
times = []
for i in range(options.runs + 2):
    start = time.perf_counter()
    torch.autograd.grad(model(x).sum(), x)
    if i >= 2:
        times.append(time.perf_counter() - start)
median = statistics.median(times)
print(json.dumps({
    "bench": "input-gradient", "backend": "pytorch", "contiguous": options.contiguous, "model": options.model,
    "size": options.size, "batch": options.batch, "threads": options.threads,
    "ms_per_image": round(1e3 * median / options.batch, 3), "min": round(1e3 * min(times) / options.batch, 3),
    "max": round(1e3 * max(times) / options.batch, 3), "images_per_s": round(options.batch / median, 2),
    "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)}))
