"""Twenty maps of real videos for make.py: python real-maps.py EXPLAINED…

EXPLAINED are folders that `whyfake explain --explainers gradcam,shap,ltpa,attention` wrote: five of them. Of each map every
fourth frame is taken, at 28×28 by means, its values in steps of 1/255. Needs numpy. Writes real.npy beside itself.
"""
import pathlib, sys
import numpy as np

maps = []
for folder in sys.argv[1:]:
    for name in ("gradcam", "shap", "ltpa", "attention"):
        m = np.load(pathlib.Path(folder) / f"maps/track0/{name}.npy")[::4][:4]
        m = m.reshape(len(m), 28, 8, 28, 8).mean(axis=(2, 4))
        maps.append(np.rint(m / m.max() * 255).astype(np.uint8))
np.save(pathlib.Path(__file__).parent / "real.npy", np.stack(maps))
