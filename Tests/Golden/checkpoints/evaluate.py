"""What a detector gives for the first two crops, in double precision, and that it is worth comparing with."""
import torch

import network
from detectors import crops, normalised


def relative(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def run(module, size, blocks=True):
    """(logits [2], {level: map [2, h, w]}, {block: its output}) in the module's precision."""
    dtype = next(module.parameters()).dtype
    seen, handles = {}, []
    for name, layer, function in module.blocks() if blocks else ():
        def keep(_module, _inputs, output, name=name, function=function):
            seen[name] = function(output)
        handles.append(layer.register_forward_hook(keep))
    with torch.no_grad():
        z = module.logit(module(normalised(crops(size, 2), module.normalisation).to(dtype)))
    for handle in handles:
        handle.remove()
    return z, dict(module.maps), seen


def check_logits(z, what):
    spread = ((z.max() - z.min()) / z.abs().max()).item()
    assert spread > 0.01, f"{what}: the crops' logits hardly differ: {z.tolist()}"


def check_maps(maps, what, softmax):
    """Raises if a map could be mistaken; returns words about the maps."""
    words = []
    for level, a in maps.items():
        low, high = a.amin((1, 2)), a.amax((1, 2))
        words.append(f"level {level}: " + ", ".join(f"{x:.2g} ... {y:.2g}" for x, y in zip(low, high)))
        if softmax:
            assert high.max() < 0.9, f"{what}: level {level} is one position: {high.tolist()}"
            assert (high / low).min() > 1.2, f"{what}: level {level} is flat: {low.tolist()} {high.tolist()}"
        else:
            inside = ((a > 0.02) & (a < 0.98)).double().mean((1, 2))
            assert inside.min() > 0.5 and a.std((1, 2)).min() > 0.05, f"{what}: {inside.tolist()}"
    return "; ".join(words)


def golden(module, sizes, what, softmax=False, blocks=True):
    """(the golden's tensors, {size: how far PyTorch's single precision is from them}); `module` is in double precision
    and comes back so."""
    result, distances = {}, {}
    for size in sizes:
        z, maps, seen = run(module, size, blocks)
        check_logits(z, f"{what} at {size}")
        words = check_maps(maps, f"{what} at {size}", softmax)
        result[f"logits.{size}"] = z
        for level, a in maps.items():
            result[f"attention.{level}.{size}"] = a
        for name, x in seen.items():
            result[f"activations.{name}.{size}"] = torch.stack([
                torch.cat([v.abs().max()[None], v.abs().mean()[None],
                           v.flatten()[network.positions(name, v.numel(), 64)]]) for v in x])
        single, single_maps, single_seen = run(module.float(), size, blocks)
        module.double()
        worst = {"logits": relative(single.double(), z)}
        if maps:
            worst["maps"] = max(relative(single_maps[k].double(), a) for k, a in maps.items())
        if seen:
            worst["blocks"] = max(relative(single_seen[k].double(), a) for k, a in seen.items())
        distances[str(size)] = {k: float(f"{v:.1e}") for k, v in worst.items()}
        print(f"  {size}: {[round(v, 4) for v in z.tolist()]}, float32 "
              + ", ".join(f"{k} {v:.1e}" for k, v in worst.items()) + (f"; {words}" if words else ""), flush=True)
    return {k: v.float().contiguous() for k, v in result.items()}, distances
