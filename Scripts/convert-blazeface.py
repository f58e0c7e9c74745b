#!/usr/bin/env python3
"""Converts BlazeFace (short range) from hollance/BlazeFace-PyTorch to Sources/FaceCrop/Resources/Models/blazeface.safetensors.

Needs: torch, numpy.   Run: python convert-blazeface.py blazeface.pth anchors.npy blazeface.safetensors
Checks that the anchors are the grid that the Swift code computes, so that the file need not carry them.
"""
import hashlib, json, os, struct, sys
import numpy as np, torch

if len(sys.argv) != 4:
    sys.exit(__doc__)
source, anchor_file, target = sys.argv[1:]

# Two anchors in each cell of a 16 x 16 grid, six in each of an 8 x 8 one, at the cells' centres, of size 1.
grid = [((x + 0.5) / n, (y + 0.5) / n, 1.0, 1.0)
        for n, k in [(16, 2), (8, 6)] for y in range(n) for x in range(n) for _ in range(k)]
if not np.array_equal(np.load(anchor_file), np.array(grid)):
    sys.exit(f"{anchor_file}: these are not the anchors of the short-range model")

state = torch.load(source, map_location="cpu", weights_only=True)
digest = hashlib.sha256(open(source, "rb").read()).hexdigest()
header = {"__metadata__": {
    "architecture": "BlazeFace", "variant": "short range, 128x128, 896 anchors",
    "source": "https://github.com/hollance/BlazeFace-PyTorch, converted from Google's MediaPipe",
    "licence": "Apache-2.0", "sourceFile": os.path.basename(source), "sourceSHA256": digest}}
data, offset = [], 0
for name, tensor in sorted(state.items()):
    raw = np.ascontiguousarray(tensor.detach().numpy().astype("<f4")).tobytes()
    header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(raw)]}
    data.append(raw)
    offset += len(raw)
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(target + ".partial", "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + b"".join(data))
os.replace(target + ".partial", target)
print(f"{target}: {len(state)} tensors, {offset} bytes; source SHA-256 {digest}")
