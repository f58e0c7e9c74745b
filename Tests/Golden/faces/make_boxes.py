#!/usr/bin/env python3
"""Makes synthetic.json: what the network makes of pictures by a formula (make_resampling.py's); and boxes.json: faces that PyTorch's BlazeFace finds in 16 real frames, by video and frame index.

Two decoders differ by a level here and there. So that this does not decide whether a candidate passes the threshold, a frame
where one is within 0.01 of it is replaced by the next one.

Needs: torch, numpy, opencv-python-headless, av; the data folder (see its README) and blazeface.pth.
Run: python make_boxes.py DATA blazeface.pth [FOLDER]   (default: beside the script; DATA - makes only synthetic.json)
"""
import json, os, pathlib, sys
import numpy as np
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../../Scripts"))
from blazeface_reference import Detector, read

data, weights = pathlib.Path(sys.argv[1]), sys.argv[2]
folder = sys.argv[3] if len(sys.argv) > 3 else here
detector = Detector(weights)

x, y = np.meshgrid(np.arange(128), np.arange(128))
noise = np.stack([(7 * x + 13 * y + x * y // 8) % 256, (x * x + 5 * y) % 256, (31 * x ^ 17 * y) % 256], axis=2)
detector.threshold = 0.05
with open(os.path.join(folder, "synthetic.json"), "w") as f:
    faces = [[round(float(v), 4) for v in face] for face in detector(noise.astype(np.uint8))]
    f.write(json.dumps({"threshold": 0.05, "faces": faces}, separators=(",", ":")) + "\n")
detector.threshold = 0.75
if sys.argv[1] == "-":
    sys.exit()
ff, dfdc = "videos/ffpp/%s/c23/videos/%s.mp4", "videos/dfdc/dfdc_train_part_0/%s.mp4"
frames = [(dfdc % n, [i, j]) for n, i, j in [("lynaeydofd", 1, 200), ("anndvqgoko", 0, 150), ("widuwuoiur", 0, 299),
                                           ("brtujopkby", 7, 120)]]
frames += [(ff % ("original_sequences/youtube", n), [i]) for n, i in [("183", 40), ("253", 5), ("469", 90)]]
frames += [(ff % ("manipulated_sequences/" + m, n), [i]) for m, n, i in [
    ("Deepfakes", "183_253", 100), ("Face2Face", "253_183", 60), ("FaceSwap", "469_481", 10),
    ("FaceShifter", "183_253", 33), ("NeuralTextures", "469_481", 77)]]
records = []
for path, indices in frames:
    for wanted in indices:
        for index, frame in read(data / path, indices=range(wanted, min(wanted + 40, 300))):
            faces = detector(frame)
            if detector.margin > 0.01:
                break
        records.append({"video": path, "index": index, "size": list(frame.shape[1::-1]),
                        "faces": [[round(float(v), 3) for v in face] for face in faces]})
with open(os.path.join(folder, "boxes.json"), "w") as f:
    f.write('{"frames":[\n' + ",\n".join(json.dumps(r, separators=(",", ":")) for r in records) + "\n]}\n")
