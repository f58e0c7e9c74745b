"""Makes optimizers.json: five steps of PyTorch's optimisers on 37 values, in float32, and a clipped gradient.

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
    "sgd": lambda p: torch.optim.SGD([p], lr=0.01),
    "momentum": lambda p: torch.optim.SGD([p], lr=0.003, momentum=0.9, weight_decay=0.05),
    "nesterov": lambda p: torch.optim.SGD([p], lr=0.003, momentum=0.8, weight_decay=0.05, nesterov=True),
}.items():
    value = start.clone().requires_grad_()
    optimiser = make(value)
    steps = []
    for g in gradients:
        value.grad = g.clone()
        optimiser.step()
        steps.append(value.detach().tolist())
    result[name] = steps
# The first two gradients as those of two parameters, made no longer than 0.5 together.
parameters = [torch.zeros(37, requires_grad=True) for _ in range(2)]
for p, g in zip(parameters, gradients):
    p.grad = g.clone()
result["norm"] = torch.nn.utils.clip_grad_norm_(parameters, 0.5).item()
result["clipped"] = [p.grad.tolist() for p in parameters]
pathlib.Path(__file__).with_name("optimizers.json").write_text(json.dumps(result) + "\n")
