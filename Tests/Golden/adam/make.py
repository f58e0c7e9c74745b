"""Makes adam.json: five steps of PyTorch's Adam and AdamW on 37 values, in float32.

    python make.py     # needs torch
"""
import json, pathlib
import torch

torch.manual_seed(1)
start = torch.randn(37)
gradients = [torch.randn(37) * 10.0 ** (i - 2) for i in range(5)]
gradients[3][:] = 0
result = {"start": start.tolist(), "gradients": [g.tolist() for g in gradients]}
for name, make in {
    "adam": lambda p: torch.optim.Adam([p], lr=0.01),
    "adamw": lambda p: torch.optim.AdamW([p], lr=0.03, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1),
}.items():
    value = start.clone().requires_grad_()
    optimiser = make(value)
    steps = []
    for g in gradients:
        value.grad = g.clone()
        optimiser.step()
        steps.append(value.detach().tolist())
    result[name] = steps
pathlib.Path(__file__).with_name("adam.json").write_text(json.dumps(result) + "\n")
