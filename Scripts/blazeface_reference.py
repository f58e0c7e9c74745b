"""BlazeFace (short range) and the tiles in plain PyTorch: what the Swift code is compared with, and what scripts find faces with.

Needs: torch, numpy, opencv-python-headless, av (PyAV).   A module: detector = Detector("blazeface.pth"); detector(frame)
gives rows [x, y, width, height, 12 keypoint coordinates, confidence] in pixels of frame (H x W x 3, uint8, RGB).
"""
import av, cv2, numpy as np, torch
import torch.nn as nn, torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, before, after, stride=1):
        super().__init__()
        self.stride, self.extra = stride, after - before
        self.convs = nn.Sequential(nn.Conv2d(before, before, 3, stride, 0 if stride == 2 else 1, groups=before),
                                   nn.Conv2d(before, after, 1))

    def forward(self, x):
        h = F.pad(x, (0, 2, 0, 2)) if self.stride == 2 else x
        x = F.max_pool2d(x, 2, 2) if self.stride == 2 else x
        return F.relu(self.convs(h) + F.pad(x, (0, 0, 0, 0, 0, self.extra)))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        c = [24, 24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88]
        self.backbone1 = nn.Sequential(nn.Conv2d(3, 24, 5, 2), nn.ReLU(),
                                       *[Block(a, b, 2 if i in (2, 5) else 1) for i, (a, b) in enumerate(zip(c, c[1:]))])
        self.backbone2 = nn.Sequential(Block(88, 96, 2), *[Block(96, 96) for _ in range(4)])
        self.classifier_8, self.classifier_16 = nn.Conv2d(88, 2, 1), nn.Conv2d(96, 6, 1)
        self.regressor_8, self.regressor_16 = nn.Conv2d(88, 32, 1), nn.Conv2d(96, 96, 1)

    def forward(self, x):
        x = self.backbone1(F.pad(x, (1, 2, 1, 2)))
        y = self.backbone2(x)

        def rows(a, b, width):
            return torch.cat([t.permute(0, 2, 3, 1).reshape(len(t), -1, width) for t in (a(x), b(y))], 1)
        return rows(self.classifier_8, self.classifier_16, 1)[..., 0], rows(self.regressor_8, self.regressor_16, 16)


def iou(a, b):
    w = np.clip(np.minimum(a[0] + a[2], b[:, 0] + b[:, 2]) - np.maximum(a[0], b[:, 0]), 0, None)
    h = np.clip(np.minimum(a[1] + a[3], b[:, 1] + b[:, 3]) - np.maximum(a[1], b[:, 1]), 0, None)
    return w * h / (a[2] * a[3] + b[:, 2] * b[:, 3] - w * h)


def share(outer, inner):
    """The share of inner's area that lies in outer."""
    w = min(outer[0] + outer[2], inner[0] + inner[2]) - max(outer[0], inner[0])
    h = min(outer[1] + outer[3], inner[1] + inner[3]) - max(outer[1], inner[1])
    return w * h / (inner[2] * inner[3]) if w > 0 and h > 0 else 0.0


def blend(faces, overlap=0.3):
    faces, out = faces[np.argsort(-faces[:, 16], kind="stable")], []
    while len(faces):
        same = iou(faces[0], faces) > overlap
        same[0] = True
        group = faces[same]
        mean = (group * group[:, 16:]).sum(0) / group[:, 16].sum()
        mean[16] = group[:, 16].mean()
        out.append(mean)
        faces = faces[~same]
    return np.array(out).reshape(-1, 17)


def starts(length, side):
    rest = length - side
    count = 3 if rest * 3 <= side * 5 else min((2 * rest + side - 1) // side + 1, 64)
    return [0] if rest == 0 else sorted({rest * i // (count - 1) for i in range(count)})


class Detector:
    def __init__(self, path, threshold=0.75):
        self.network, self.threshold = Network().eval(), threshold
        self.network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self.anchors = np.array([((x + .5) / n, (y + .5) / n) for n, k in [(16, 2), (8, 6)]
                                 for y in range(n) for x in range(n) for _ in range(k)])

    def __call__(self, frame):
        h, w = frame.shape[:2]
        side = min(h, w, 720)
        views, places = [], []
        for y in starts(h, side):
            for x in starts(w, side):
                tile = np.ascontiguousarray(frame[y:y + side, x:x + side])
                views.append(cv2.resize(tile, (128, 128), interpolation=cv2.INTER_AREA))
                places.append((x, y, side))
        if not h == w == side:
            full = max(h, w)
            nw, nh = max(1, round(w / full * 128)), max(1, round(h / full * 128))
            view = np.zeros((128, 128, 3), np.uint8)
            left, top = (128 - nw) // 2, (128 - nh) // 2
            view[top:top + nh, left:left + nw] = cv2.resize(frame, (nw, nh), interpolation=cv2.INTER_AREA)
            views.append(view)
            places.append(((w - full) / 2, (h - full) / 2, full))
        x = torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.inference_mode():
            logits, boxes = (t.double().numpy() for t in self.network(x))
        confidence = 1 / (1 + np.exp(-np.clip(logits, -100, 100)))
        tiles, cut, whole = [], [], []
        for i, (px, py, size) in enumerate(places):
            keep = confidence[i] >= self.threshold
            raw, anchor = boxes[i][keep] / 128, self.anchors[keep]
            points = raw.reshape(-1, 8, 2)[:, 2:] + anchor[:, None]
            points = (points * size + (px, py)).reshape(-1, 12)
            centre, extent = raw[:, :2] + anchor, raw[:, 2:4]
            corner = centre - extent / 2
            found = np.concatenate([corner * size + (px, py), extent * size, points, confidence[i][keep][:, None]], 1)
            end, m = corner + extent, 0.02
            ends = ((corner[:, 0] < m) & (px > 0) | (corner[:, 1] < m) & (py > 0)
                    | (end[:, 0] > 1 - m) & (px + size < w) | (end[:, 1] > 1 - m) & (py + size < h))
            if size > side:
                whole.append(found)
            else:
                tiles.append(found[~ends])
                cut.append(found[ends])
        whole = blend(np.concatenate(whole)) if whole else np.zeros((0, 17))
        large = [f for f in whole if max(f[2:4]) > 0.6 * side]

        def outside(faces):
            return np.array([f for f in np.concatenate(faces)
                             if not any(share(g, f) > 0.5 for g in large)]).reshape(-1, 17)
        faces = large + list(blend(outside(tiles)))
        for others, overlap in [(blend(outside(cut)), 0.1),
                                ([f for f in whole if not any(f is g for g in large)], 0.3)]:
            faces += [f for f in others if not any(max(share(f, g), share(g, f)) > overlap for g in faces)]
        # How near a candidate comes to the threshold: a decoder's last bit may take it in or leave it out.
        self.margin = abs(confidence - self.threshold).min()
        return sorted(faces, key=lambda f: -f[16])


def sample(count, total):
    if count >= total:
        return list(range(total))
    return [(2 * i * (total - 1) + count - 1) // (2 * (count - 1)) for i in range(count)]


def rgb(frame):
    """RGB of a yuv420p frame, BT.601 limited, chroma not interpolated: what libswscale up to FFmpeg 7 makes without being asked
    for more. (Later ones interpolate; that alone moves BlazeFace's boxes by up to 1.4 pixels at 1080p.)"""
    if frame.format.name != "yuv420p" or frame.width % 2 or frame.height % 2:
        return frame.to_ndarray(format="rgb24")
    h, w = frame.height, frame.width
    planes = frame.to_ndarray().astype(np.float32)
    y = 1.164383 * (planes[:h] - 16)
    u, v = (np.repeat(np.repeat(p.reshape(h // 2, w // 2) - 128, 2, 0), 2, 1)
            for p in (planes[h:h + h // 4], planes[h + h // 4:]))
    rgb = np.stack([y + 1.596027 * v, y - 0.391762 * u - 0.812968 * v, y + 2.017232 * u], 2)
    return np.clip(rgb + 0.5, 0, 255).astype(np.uint8)


def read(path, count=None, indices=None):
    """(index, RGB frame) of the frames at indices, or of count evenly spaced ones."""
    if indices is None:
        with av.open(str(path)) as container:
            total = sum(1 for _ in container.decode(video=0))
        indices = sample(count, total)
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for i, frame in enumerate(container.decode(video=0)):
            if i in indices:
                yield i, rgb(frame)
            if i >= max(indices):
                break
