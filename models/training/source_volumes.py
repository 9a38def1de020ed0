"""The volumes that series are cut from: voxels, where they lie along the reference body, and where the body lies in them.

A volume is uint8 [z, y, x] (slice 0 superior, row 0 anterior, column 0 patient's right), 0 = -1000 HU and
255 = 400 HU. Each is mapped piecewise linearly to REFERENCE_MM through its own landmarks.
"""
import json
import os
from dataclasses import dataclass, field, replace

import numpy as np

from protocols import REFERENCE_MM

# One hemithorax: a chest, but neither a spine nor a piece of a joined body.
HALF_BODIES = frozenset(['elastix_lung'])


@dataclass
class Volume:
    """voxels uint8 [z, y, x]; spacing_mm (z, y, x); knots: slice index against reference mm."""
    id: str
    patients: frozenset
    voxels: np.ndarray
    spacing_mm: tuple
    knots: tuple
    contrast: str = 'unknown'
    native_label: str = ''
    masked: bool = False
    joined: bool = False
    body_box: dict = field(default_factory=dict)

    def reference_of(self, index):
        return _extrapolate(index, self.knots[0], self.knots[1], self.spacing_mm[0])

    def index_of(self, reference):
        return _extrapolate(reference, self.knots[1], self.knots[0], 1 / self.spacing_mm[0])

    def extent(self):
        """Reference mm of the volume's upper and lower edges."""
        return self.reference_of(-0.5), self.reference_of(len(self.voxels) - 0.5)


def _extrapolate(value, xs, ys, slope):
    value = np.asarray(value, float)
    result = np.interp(value, xs, ys)
    result = np.where(value < xs[0], ys[0] + (value - xs[0]) * slope, result)
    return np.where(value > xs[-1], ys[-1] + (value - xs[-1]) * slope, result)


def _knots_from_landmarks(landmarks, spacing_z):
    """Landmarks as increasing knots; one that would stretch the body beyond 1.45 or 0.65 is left out."""
    pairs = sorted((REFERENCE_MM[name], index) for name, index in landmarks.items()
                   if index is not None and name in REFERENCE_MM)
    kept = []
    for reference, index in pairs:
        if kept:
            stretch = (index - kept[-1][1]) * spacing_z / (reference - kept[-1][0])
            if not 0.65 < stretch < 1.45:
                continue
        kept.append((reference, index))
    return np.array([k[1] for k in kept], float), np.array([k[0] for k in kept], float)


def flood_body(mask):
    """The component of a 2-D mask that reaches farthest from its densest point; the table stays out."""
    count = mask.astype(int)
    density = np.cumsum(np.cumsum(np.pad(count, ((9, 8), (9, 8))), 0), 1)
    window = density[16:, 16:] - density[:-16, 16:] - density[16:, :-16] + density[:-16, :-16]
    # Raised arms lie beside the head: the body is what is dense and near the middle.
    middle = 1 - 0.7 * abs(np.linspace(-1, 1, mask.shape[1]))
    window = window[:mask.shape[0], :mask.shape[1]] * mask * middle
    seed = np.zeros_like(mask)
    seed[np.unravel_index(window.argmax(), mask.shape)] = True
    while True:
        grown = seed.copy()
        grown[1:] |= seed[:-1]
        grown[:-1] |= seed[1:]
        grown[:, 1:] |= grown[:, :-1].copy()
        grown[:, :-1] |= grown[:, 1:].copy()
        grown &= mask
        if grown.sum() == seed.sum():
            return seed
        seed = grown


def body_extent(plane, spacing_yx):
    """(y0, y1, x0, x1) in voxels of the body in one axial plane, or None where there is none."""
    step = max(1, int(round(4 / spacing_yx[0])))
    mask = plane[::step, ::step] > 110
    # An erosion cuts the body free from a table that touches it.
    inner = mask.copy()
    inner[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1]
    if inner.sum() < 60:
        return None
    body = flood_body(inner)
    ys, xs = np.where(body.any(1))[0], np.where(body.any(0))[0]
    return ys[0] * step, (ys[-1] + 1) * step, xs[0] * step, (xs[-1] + 1) * step


def body_profile(volume):
    """Body extents of every fourth slice, smoothed by a running median; indexed by slice."""
    if 'profile' not in volume.body_box:
        rows, at = [], []
        for index in range(0, len(volume.voxels), 4):
            box = body_extent(volume.voxels[index], volume.spacing_mm[1:])
            if box is not None:
                rows.append(box)
                at.append(index)
        if not rows:
            h, w = volume.voxels.shape[1:]
            rows, at = [(0, h, 0, w)], [0]
        rows = np.array(rows, float)
        smooth = np.array([np.median(rows[max(0, i - 2):i + 3], 0) for i in range(len(rows))])
        volume.body_box['profile'] = (np.array(at, float), smooth)
    return volume.body_box['profile']


def body_box_at(volume, index):
    at, rows = body_profile(volume)
    return np.array([np.interp(index, at, rows[:, k]) for k in range(4)])


def spine_centre(volume, z_low, z_high):
    """(y, x) in mm of the spine in a z range (voxels): the bone near the midline of the body's back."""
    key = ('spine', int(z_low) // 6, int(z_high) // 6)
    if key in volume.body_box:
        return volume.body_box[key]
    box = body_box_at(volume, (z_low + z_high) / 2)
    middle = (box[2] + box[3]) / 2
    half = 35 / volume.spacing_mm[2]
    x0, x1 = int(max(0, middle - half)), int(min(volume.voxels.shape[2], middle + half))
    y0 = int(box[0] + (box[1] - box[0]) * 0.35)
    y1 = int(min(volume.voxels.shape[1], box[1] + 2))
    block = volume.voxels[int(max(0, z_low)):int(z_high) + 1:3, y0:y1, x0:x1] > 225
    total = block.sum()
    if total < 30:
        centre = ((y0 + y1) / 2 * volume.spacing_mm[1], middle * volume.spacing_mm[2])
    else:
        y = (block.sum((0, 2)) * np.arange(y0, y1)).sum() / total
        x = (block.sum((0, 1)) * np.arange(x0, x1)).sum() / total
        centre = ((y - 8 / volume.spacing_mm[1]) * volume.spacing_mm[1], x * volume.spacing_mm[2])
    volume.body_box[key] = centre
    return centre


def derive_head_and_neck_landmarks(voxels, spacing_mm):
    """Lung apex (air inside the body) and chin (steepest step of the anterior profile) of a masked volume.

    Expect 15 mm; seen on all 60 open-kbp volumes, checked by eye only.
    """
    lateral = voxels.shape[2]
    middle = voxels[:, :, lateral // 2 - 6:lateral // 2 + 6]
    tissue = middle > 120
    anterior = np.array([np.where(plane.any(1))[0][0] if plane.any() else np.nan for plane in tissue])
    air = np.zeros(len(voxels))
    cell_mm2 = spacing_mm[1] * spacing_mm[2]
    for index, plane in enumerate(voxels):
        body = plane > 90
        if body.sum() * cell_mm2 < 4000:
            continue
        inside = ((np.cumsum(body, 0) > 0) & (np.cumsum(body[::-1], 0)[::-1] > 0)
                  & (np.cumsum(body, 1) > 0) & (np.cumsum(body[:, ::-1], 1)[:, ::-1] > 0))
        # Lung is dark but not empty, outside air that was removed is zero.
        centre = abs(np.arange(lateral) - lateral / 2) * spacing_mm[2]
        lung = inside & (plane < 75) & (plane > 3) & (centre > 18)[None] & (centre < 110)[None]
        air[index] = lung.sum() * cell_mm2
    apex = None
    for index in range(len(voxels) // 3, len(voxels) - 3):
        if air[index] > 500 and air[index + 1:index + 4].min() > 500:
            apex = index
            break
    # Trays and masks beside the head pass for lung in two of the sixty: such a volume is not used.
    if apex is None or not 150 < apex * spacing_mm[0] < 330:
        return {}
    found = {'lung_apex': apex}
    span = max(2, int(round(10 / spacing_mm[0])))
    low = max(span, int(apex - 115 / spacing_mm[0]))
    high = int(apex - 25 / spacing_mm[0])
    if high - low > 2:
        step = [np.nan_to_num(anterior[i + span // 2] - anterior[i - span // 2]) for i in range(low, high)]
        found['chin'] = low + int(np.argmax(step))
    return found


def close_vault(voxels, spacing_mm, missing_mm, generator):
    """Procedural top of the skull: the uppermost slice shrinks along a quarter ellipse to a bony cap."""
    count = int(round(missing_mm / spacing_mm[0]))
    if count < 1:
        return voxels
    top = voxels[:2].mean(0)
    height, width = top.shape
    ys, xs = np.where(top > 100)
    centre = np.array([(ys.min() + ys.max()) / 2, (xs.min() + xs.max()) / 2])
    added = []
    for k in range(count, 0, -1):
        t = k / (count + 0.5)
        scale = np.sqrt(max(1 - t ** 2, 0.02))
        y = np.clip(np.rint(centre[0] + (np.arange(height) - centre[0]) / scale), 0, height - 1).astype(int)
        x = np.clip(np.rint(centre[1] + (np.arange(width) - centre[1]) / scale), 0, width - 1).astype(int)
        plane = top[np.ix_(y, x)]
        if k > count - max(2, 6 / spacing_mm[0]):
            plane = np.where(plane > 120, 255, plane)
        added.append(plane)
    brain = generator.normal(0, 2, (count, height, width))
    return np.concatenate([np.clip(np.array(added) + brain * (np.array(added) > 100), 0, 255).astype(np.uint8),
                           voxels])


def load_volumes(folder, generator, with_masked=True):
    """All volumes of a ct-volumes folder; open-kbp entries get derived landmarks and a second, vaulted copy."""
    with open(os.path.join(folder, 'catalog.json'), encoding='utf-8') as file:
        catalog = json.load(file)
    volumes = []
    for entry in catalog:
        if entry['masked'] and not with_masked:
            continue
        with np.load(os.path.join(folder, entry['file'])) as data:
            voxels, spacing = data['voxels'], tuple(float(v) for v in data['spacing_mm'])
        landmarks = entry['landmarks'] or derive_head_and_neck_landmarks(voxels, spacing)
        if not landmarks:
            continue
        knots = _knots_from_landmarks(landmarks, spacing[0])
        if entry['masked']:
            # Chin and apex are each uncertain by 15 mm: their mean shifts, body size stays the reference's.
            middle = np.mean([i * spacing[0] - REFERENCE_MM[n] for n, i in landmarks.items()])
            index = np.array([0.0, len(voxels) - 1])
            knots = (index, index * spacing[0] - middle)
        volume = Volume(entry['id'], frozenset([entry['patient']]), voxels, spacing, knots,
                        entry['contrast'], entry['native_label'], entry['masked'])
        volumes.append(volume)
        top = float(volume.extent()[0])
        if 15 < top < 85 and (entry['masked']):
            vaulted = close_vault(voxels, spacing, top, generator)
            shift = len(vaulted) - len(voxels)
            volumes.append(replace(volume, id=entry['id'] + '+vault', voxels=vaulted, native_label='',
                                   knots=(knots[0] + shift, knots[1]), body_box={}))
    return volumes
