"""Virtual acquisitions: series as CT protocols would cut them, out of small volumes with landmarks.

A volume is uint8 [z, y, x] (slice 0 superior, row 0 anterior, column 0 patient's right), 0 = -1000 HU and
255 = 400 HU. Positions along the body are millimetres on a reference body (REFERENCE_MM), to which each
volume is mapped piecewise linearly through its own landmarks. A series is described by three intervals
in the volume and by its plane; everything from reslicing to the network's input grid is linear and
separable, so it is done by three small matrices, equal to rendering 512x512 slices and preprocessing
them (a test compares both).
"""
import json
import os
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from label_vocabulary import AXES, BODY_PARTS, SPINE
from preprocess_reference import TENSOR_SHAPE, area_matrix, linear_matrix

# Millimetres below the vertex of a reference adult; symphysis_bottom is the bottom of the ischium.
REFERENCE_MM = {
    'vertex': 0, 'orbit_top': 108, 'skull_base': 125, 'c1': 140, 'hard_palate': 162, 'chin': 215,
    'c7_t1': 260, 'lung_apex': 280, 'carina': 350, 'dome_of_liver': 445, 't12_l1': 545,
    'iliac_crest_top': 675, 'l5_s1': 710, 'symphysis_bottom': 840,
}


@dataclass(frozen=True)
class Protocol:
    """Where a label's scan starts and ends (reference mm, the technologist's slack) and its field of view."""
    top: tuple
    bottom: tuple
    fov_mm: tuple
    shortest_mm: float = 0.0


PROTOCOLS = {
    'head': Protocol((-15, 12), (120, 158), (200, 270)),
    'head-and-face': Protocol((-15, 12), (198, 236), (200, 280)),
    'face-orbits-sinus': Protocol((55, 92), (162, 222), (130, 230)),
    'temporal-bone': Protocol((84, 112), (140, 172), (80, 220), 38),
    'head-and-neck': Protocol((-15, 35), (278, 350), (220, 380)),
    'neck': Protocol((92, 135), (288, 350), (180, 340)),
    'c-spine': Protocol((104, 136), (258, 292), (110, 220)),
    'c-and-t-spine': Protocol((104, 136), (535, 578), (120, 260)),
    't-spine': Protocol((236, 266), (538, 580), (110, 260)),
    't-and-l-spine': Protocol((236, 266), (706, 775), (120, 260)),
    'l-spine': Protocol((505, 543), (708, 775), (110, 260)),
    'chest': Protocol((240, 282), (475, 580), (280, 500)),
    'chest-abdomen-pelvis': Protocol((240, 282), (826, 885), (320, 500)),
    'abdomen': Protocol((415, 448), (640, 705), (300, 500)),
    'abdomen-pelvis': Protocol((415, 450), (826, 885), (300, 500)),
    'pelvis': Protocol((652, 700), (826, 895), (280, 500)),
}
# A cardiac scan is a chest with a small field of view: without it, small chests are read as spine.
CARDIAC = Protocol((340, 380), (465, 520), (160, 260))
# Coverage that archives hold beside the protocol's, for training alone: slabs, part series, planning scans
# that start high or end early. (share of a label's series, protocol)
VARIANTS = {
    'chest': ((0.08, Protocol((248, 290), (350, 430), (280, 500))),
              (0.10, Protocol((330, 430), (490, 560), (280, 500), 75))),
    'abdomen': ((0.12, Protocol((316, 415), (690, 760), (300, 500))),
                (0.15, Protocol((405, 450), (555, 640), (300, 500)))),
    'abdomen-pelvis': ((0.35, Protocol((382, 450), (796, 830), (300, 500))),),
    'chest-abdomen-pelvis': ((0.30, Protocol((240, 285), (796, 830), (320, 500))),),
    'pelvis': ((0.30, Protocol((652, 700), (796, 830), (280, 500))),),
    'head-and-neck': ((0.15, Protocol((20, 85), (330, 410), (240, 420))),),
    'face-orbits-sinus': ((0.15, Protocol((72, 95), (205, 228), (150, 240))),),
}
# The lower end of most volumes with a pelvis is the femoral head: accepted as the end of a pelvis there.
LOWEST_COMPLETE_PELVIS_MM = 795


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


# --- Joins across patients -------------------------------------------------------------------------

JOIN_Z_MM, JOIN_YX_MM, JOIN_SIZE = 4.0, 3.0, 160


def _resample_piece(volume, grid_mm, scale, centre_yx):
    """Piece on the join grid: z by reference mm, in-plane by scale around centre_yx (voxels)."""
    index = volume.index_of(grid_mm)
    matrix_z = _point_matrix(index, len(volume.voxels))
    half = JOIN_SIZE / 2
    target = (np.arange(JOIN_SIZE) + 0.5 - half) * JOIN_YX_MM / scale
    matrix_y = _point_matrix(centre_yx[0] + target / volume.spacing_mm[1], volume.voxels.shape[1])
    matrix_x = _point_matrix(centre_yx[1] + target / volume.spacing_mm[2], volume.voxels.shape[2])
    return apply_matrices(volume.voxels, matrix_z, matrix_y, matrix_x)


def _point_matrix(position, count):
    """Linear interpolation at positions (voxel centres are integers); zero beyond the volume's edges."""
    matrix = np.zeros((len(position), count), np.float32)
    inside = (position > -0.5) & (position < count - 0.5)
    clipped = np.clip(position, 0, count - 1)
    lower = np.minimum(np.floor(clipped).astype(int), count - 1)
    upper = np.minimum(lower + 1, count - 1)
    weight = clipped - lower
    rows = np.arange(len(position))
    matrix[rows, lower] += (1 - weight) * inside
    matrix[rows, upper] += weight * inside
    return matrix


def join_volumes(pieces, joints_mm):
    """One body from pieces of several patients, top to bottom; joints_mm lie between neighbours.

    Widths agree at each joint below the neck (the lower piece is scaled), backs and midlines are aligned.
    """
    top = max(-24.0, float(pieces[0].extent()[0]))
    bottom = min(900.0, float(pieces[-1].extent()[1]))
    grid = np.arange(top, bottom, JOIN_Z_MM) + JOIN_Z_MM / 2
    result = np.zeros((len(grid), JOIN_SIZE, JOIN_SIZE), np.float32)
    scale, previous = 1.0, None
    for order, piece in enumerate(pieces):
        start = joints_mm[order - 1] if order else -1e9
        end = joints_mm[order] if order < len(pieces) - 1 else 1e9
        anchor = np.clip(start if order else end, *[float(v) for v in piece.extent()])
        box = body_box_at(piece, float(piece.index_of(anchor)))
        width = (box[3] - box[2]) * piece.spacing_mm[2]
        if previous is not None:
            above, above_scale, above_centre = previous
            box_above = body_box_at(above, float(above.index_of(start)))
            width_above = (box_above[3] - box_above[2]) * above.spacing_mm[2] * above_scale
            scale = float(np.clip(width_above / max(width, 1), 0.8, 1.25)) if start > 400 else 1.0
            # Offsets in mm of the body's back and midline from the join grid's centre, carried over.
            back = (box_above[1] - above_centre[0]) * above.spacing_mm[1] * above_scale
            middle = ((box_above[2] + box_above[3]) / 2 - above_centre[1]) * above.spacing_mm[2] * above_scale
        else:
            back, middle = (box[1] - box[0]) * piece.spacing_mm[1] / 2, 0.0
        centre = (box[1] - back / (piece.spacing_mm[1] * scale),
                  (box[2] + box[3]) / 2 - middle / (piece.spacing_mm[2] * scale))
        previous = (piece, scale, centre)
        blend = 6.0
        weight = (np.clip((grid - start) / blend + 0.5, 0, 1) if order else np.ones(len(grid)))
        weight = weight * (np.clip((end - grid) / blend + 0.5, 0, 1) if order < len(pieces) - 1 else 1)
        used = np.where(weight > 0)[0]
        if len(used) == 0:
            continue
        part = _resample_piece(piece, grid[used], scale, centre)
        result[used] += part * weight[used, None, None]
    contrast = {piece.contrast for piece in pieces}
    return Volume('+'.join(piece.id for piece in pieces), frozenset().union(*(p.patients for p in pieces)),
                  np.clip(np.rint(result), 0, 255).astype(np.uint8), (JOIN_Z_MM, JOIN_YX_MM, JOIN_YX_MM),
                  (np.array([0.0, len(grid) - 1]), np.array([grid[0], grid[-1]])),
                  contrast.pop() if len(contrast) == 1 else 'unknown', '', False, True)


def _covers(volume, top, bottom):
    low, high = volume.extent()
    return low <= top and high >= bottom


def draw_joined_bodies(volumes, count, generator, group_of):
    """Random bodies head to pelvis; a body is of as many patients as its pieces come from.

    group_of: patient → fold. A body takes its pieces from two folds, so that it serves the others.
    """
    heads = [v for v in volumes if _covers(v, 20, 312)]
    whole = [v for v in volumes if not v.masked and v.id not in HALF_BODIES]
    chests = [v for v in whole if _covers(v, 296, 462)]
    upper_chests = [v for v in whole if _covers(v, 296, 352) and not _covers(v, 296, 462)]
    lower_chests = [v for v in whole if _covers(v, 390, 462) and not _covers(v, 296, 462)]
    abdomens = [v for v in whole if _covers(v, 462, 672)]
    pelves = [v for v in whole if _covers(v, 668, LOWEST_COMPLETE_PELVIS_MM)]
    groups = sorted({group_of(name) for v in volumes for name in v.patients})
    every = (heads, chests, upper_chests, lower_chests, abdomens, pelves)
    bodies, tries = [], 0
    while len(bodies) < count and tries < 50 * count:
        tries += 1
        chosen = generator.choice(groups, min(2, len(groups)), replace=False)
        heads, chests, upper_chests, lower_chests, abdomens, pelves = (
            [v for v in pool if all(group_of(name) in chosen for name in v.patients)] for pool in every)
        if not heads or not abdomens or not pelves:
            continue
        if not chests and not (upper_chests and lower_chests):
            continue
        pieces, joints = [], []
        pieces.append(heads[generator.integers(len(heads))])
        joints.append(generator.uniform(298, 312))
        if upper_chests and lower_chests and (not chests or generator.random() < 0.35):
            upper = upper_chests[generator.integers(len(upper_chests))]
            lower = lower_chests[generator.integers(len(lower_chests))]
            if float(upper.extent()[1]) < float(lower.extent()[0]) + 4:
                continue
            pieces += [upper, lower]
            joints.append((max(float(lower.extent()[0]), 340) + float(upper.extent()[1])) / 2)
        else:
            pieces.append(chests[generator.integers(len(chests))])
        joints.append(generator.uniform(452, min(485, max(453, float(pieces[-1].extent()[1])))))
        pieces.append(abdomens[generator.integers(len(abdomens))])
        joints.append(generator.uniform(660, 676))
        pieces.append(pelves[generator.integers(len(pelves))])
        bodies.append(join_volumes(pieces, joints))
    return bodies


# --- Series ----------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Acquisition:
    """A series to be cut: intervals in mm from the volume's first voxel edge, per canonical axis z, y, x.

    plane is the stored slice direction; slice_mm and thickness_mm apply along it; warp bends positions along
    z, y, x by that share of the interval (habitus); circle hides what lies outside the reconstruction circle.
    """
    volume: Volume
    label: str
    plane: str
    intervals_mm: tuple
    slice_mm: float
    thickness_mm: float
    warp: tuple = (0.0, 0.0, 0.0)
    noise: float = 0.0
    circle: bool = False
    gain: float = 1.0
    kind: str = 'protocol'


STORED_AXES = {'axial': (0, 1, 2), 'coronal': (1, 0, 2), 'sagittal': (2, 0, 1)}
"""Canonical axes (z, y, x) in the order [slice, row, column] in which a scanner stores them."""

IN_PLANE_MATRIX = 512


def slice_count(acquisition):
    axis = STORED_AXES[acquisition.plane][0]
    low, high = acquisition.intervals_mm[axis]
    return int(np.clip(round((high - low) / acquisition.slice_mm), 8, 600))


def sampling_matrix(acquisition, axis):
    """[pixels or slices, voxels] weights along one canonical axis, as the scanner's grid samples the volume."""
    volume = acquisition.volume
    spacing, count = volume.spacing_mm[axis], volume.voxels.shape[axis]
    low, high = acquisition.intervals_mm[axis]
    along_slices = STORED_AXES[acquisition.plane][0] == axis
    pixels = slice_count(acquisition) if along_slices else IN_PLANE_MATRIX
    unit = (np.arange(pixels) + 0.5) / pixels
    unit = unit + acquisition.warp[axis] * np.sin(2 * np.pi * unit) / (2 * np.pi)
    centre = (low + unit * (high - low)) / spacing - 0.5
    if not along_slices or acquisition.thickness_mm <= spacing:
        return _point_matrix(centre, count)
    half = acquisition.thickness_mm / spacing / 2
    steps = np.linspace(-half, half, 7)
    return sum(_point_matrix(centre + s, count) for s in steps) / len(steps)


def grid_matrix(acquisition, axis, cells):
    """[cells, voxels]: scanner grid, then the specified resampling to the tensor, then area average to cells."""
    sampled = sampling_matrix(acquisition, axis)
    tensor_count = TENSOR_SHAPE[STORED_AXES[acquisition.plane].index(axis)]
    return _contract_first(_pooling_matrix(len(sampled), tensor_count, cells), sampled[:, :, None])[:, :, 0]


@lru_cache(maxsize=4096)
def _pooling_matrix(pixels, tensor_count, cells):
    return np.einsum('ab,bc->ac', area_matrix(tensor_count, cells), linear_matrix(pixels, tensor_count),
                     optimize=False).astype(np.float32)


def apply_matrices(voxels, matrix_z, matrix_y, matrix_x):
    """The three matrices applied to uint8 [z, y, x], only where they look."""
    spans = []
    for matrix in (matrix_z, matrix_y, matrix_x):
        used = np.where(np.abs(matrix).sum(0) > 0)[0]
        spans.append(slice(used[0], used[-1] + 1) if len(used) else slice(0, 1))
    block = voxels[spans[0], spans[1], spans[2]].astype(np.float32)
    block = _contract_first(matrix_z[:, spans[0]], block)
    block = _contract_first(matrix_y[:, spans[1]], block.transpose(1, 0, 2)).transpose(1, 0, 2)
    return _contract_first(matrix_x[:, spans[2]], block.transpose(2, 0, 1)).transpose(1, 2, 0)


def _contract_first(matrix, block):
    """matrix [m, n] times block [n, a, b]. Each row looks at few voxels: a loop over them beats any BLAS."""
    flat = np.ascontiguousarray(block).reshape(len(block), -1)
    result = np.zeros((len(matrix), flat.shape[1]), np.float32)
    for row, weights in enumerate(matrix):
        for column in np.flatnonzero(weights):
            result[row] += weights[column] * flat[column]
    return result.reshape(len(matrix), *block.shape[1:])


def cut_grid(acquisition, cells, generator):
    """The series as the network's pooled input, canonical float32 [z, y, x] of cells, values 0..255."""
    grid = apply_matrices(acquisition.volume.voxels, *(grid_matrix(acquisition, a, cells[a]) for a in range(3)))
    if acquisition.circle:
        unit = [(np.arange(n) + 0.5) / n * 2 - 1 for n in cells]
        first, second = STORED_AXES[acquisition.plane][1:]
        shape = lambda a: [-1 if k == a else 1 for k in range(3)]
        grid = grid * ((unit[first].reshape(shape(first)) ** 2 + unit[second].reshape(shape(second)) ** 2) < 1)
    if acquisition.gain != 1:
        grid = np.where(grid > 150, 182 + (grid - 182) * acquisition.gain, grid)
    if acquisition.noise:
        grid = grid + generator.normal(0, acquisition.noise, grid.shape) * (grid > 20)
    return np.clip(grid, 0, 255).astype(np.float32)


def render_series(acquisition):
    """The series as a scanner stores it: int16 HU [slice, row, column], 512x512."""
    matrices = [sampling_matrix(acquisition, axis) for axis in range(3)]
    canonical = apply_matrices(acquisition.volume.voxels, *matrices)
    stored = np.transpose(canonical, STORED_AXES[acquisition.plane])
    return np.rint(stored / 255 * 1400 - 1000).astype(np.int16)


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


def _z_interval(volume, protocol, generator, tolerance_mm):
    top, bottom = generator.uniform(*protocol.top), generator.uniform(*protocol.bottom)
    if bottom - top < protocol.shortest_mm:
        bottom = top + protocol.shortest_mm
    low, high = (float(v) for v in volume.extent())
    if high < bottom and bottom > 820 and high >= LOWEST_COMPLETE_PELVIS_MM:
        bottom = high
    if top < low - tolerance_mm or bottom > high + tolerance_mm:
        return None
    top, bottom = max(top, low), min(bottom, high)
    spacing = volume.spacing_mm[0]
    return (float(volume.index_of(top)) + 0.5) * spacing, (float(volume.index_of(bottom)) + 0.5) * spacing


def draw_acquisition(volume, label, generator, plane=None, wide=False, variant=None):
    """A series of this label from this volume, or None where the volume does not cover it.

    variant: a Protocol in place of the label's own.
    """
    plane = plane or AXES[generator.choice(3, p=(0.5, 0.25, 0.25))]
    if volume.id in HALF_BODIES and label != 'chest':
        return None
    protocol = variant or PROTOCOLS[label]
    cardiac = label == 'chest' and not variant and generator.random() < 0.15
    if cardiac:
        protocol = CARDIAC
    interval = _z_interval(volume, protocol, generator, 6.0)
    if interval is None:
        return None
    return _place(volume, label, interval, protocol, generator, plane, wide, 'cardiac' if cardiac else 'protocol')


def draw_native(volume, label, generator, plane=None, trim=0.06):
    """The volume (nearly) whole, as the archive gave it."""
    plane = plane or AXES[generator.choice(3, p=(0.5, 0.25, 0.25))]
    total = [n * s for n, s in zip(volume.voxels.shape, volume.spacing_mm)]
    cut = generator.uniform(0, trim, 6)
    intervals = tuple((cut[2 * a] * t, t * (1 - cut[2 * a + 1])) for a, t in enumerate(total))
    spacing = volume.spacing_mm[STORED_AXES[plane][0]]
    return Acquisition(volume, label, plane, intervals, spacing, spacing,
                       noise=float(generator.uniform(0, 3)), kind='native')


def _place(volume, label, interval, protocol, generator, plane, wide, kind):
    spacing = volume.spacing_mm
    z_low, z_high = interval[0] / spacing[0], interval[1] / spacing[0]
    boxes = np.array([body_box_at(volume, z) for z in np.linspace(z_low, z_high, 7)])
    box = np.array([boxes[:, 0].min(), boxes[:, 1].max(), boxes[:, 2].min(), boxes[:, 3].max()])
    centre = np.array([(box[0] + box[1]) / 2 * spacing[1], (box[2] + box[3]) / 2 * spacing[2]])
    body = np.array([(box[1] - box[0]) * spacing[1], (box[3] - box[2]) * spacing[2]])
    fov = generator.uniform(*protocol.fov_mm)
    depth = None
    if label in SPINE and not wide:
        centre = np.array(spine_centre(volume, z_low, z_high))
        depth = generator.uniform(50, 150)
    elif label == 'temporal-bone' and generator.random() < 0.4:
        fov = generator.uniform(75, 120)
        centre = centre + np.array([0.0, generator.choice([-1, 1]) * generator.uniform(35, 52)])
    elif label == 'face-orbits-sinus':
        centre = centre - np.array([body[0] / 2 - fov * generator.uniform(0.38, 0.5), 0])
    elif kind == 'cardiac':
        centre = centre + np.array([-body[0] * generator.uniform(0.02, 0.15), generator.uniform(0, 35)])
    elif wide:
        fov = generator.uniform(420, 700) if label not in SPINE else generator.uniform(260, 420)
    elif label in ('chest', 'chest-abdomen-pelvis', 'abdomen', 'abdomen-pelvis', 'pelvis'):
        fov = float(np.clip(body[1] * generator.uniform(0.9, 1.25), 240, 520))
    centre = centre + generator.normal(0, 0.04, 2) * fov
    y = (centre[0] - fov / 2, centre[0] + fov / 2)
    x = (centre[1] - fov / 2, centre[1] + fov / 2)
    z = interval
    length = z[1] - z[0]
    if plane != 'axial':
        axis = 0 if plane == 'coronal' else 1
        span = depth or min(body[axis] * generator.uniform(0.75, 1.1), fov)
        span = max(span, 30.0)
        middle = centre[axis] + generator.normal(0, 0.03) * span
        thin = (middle - span / 2, middle + span / 2)
        if generator.random() < 0.5:
            # A square matrix: the shorter side is padded with air, or shows more of the body sideways.
            if length > fov:
                across = (centre[1 - axis] - length / 2, centre[1 - axis] + length / 2)
                if plane == 'coronal':
                    x = across
                else:
                    y = across
        if plane == 'coronal':
            y = thin
        else:
            x = thin
    choices = (0.6, 1.0, 1.25, 2.0, 2.5, 3.0, 5.0) if length > 100 else (0.6, 1.0, 1.25, 2.0, 2.5)
    slice_mm = float(generator.choice(choices))
    thickness = slice_mm * float(generator.choice([1.0, 1.0, 1.5, 2.0]))
    warp = tuple(generator.uniform(-0.12, 0.12, 3))
    noise = float(abs(generator.normal(0, 3)))
    circle = plane == 'axial' and generator.random() < 0.25
    gain = float(generator.uniform(0.8, 1.25)) if generator.random() < 0.3 else 1.0
    return Acquisition(volume, label, plane, (z, y, x), slice_mm, thickness, warp, noise, circle, gain, kind)


PARTIAL_NATIVE = frozenset(['chest', 'abdomen', 'abdomen-pelvis', 'head-and-neck', 'face-orbits-sinus'])


def _draw_variant(label, generator):
    roll = generator.random()
    for share, protocol in VARIANTS.get(label, ()):
        if roll < share:
            return protocol
        roll -= share
    return None


def draw_label(label, volumes, bodies, generator, attempts=60):
    """One acquisition of a label from a volume or a joined body; None if the data cannot give it."""
    for _ in range(attempts):
        roll = generator.random()
        if roll < 0.12 and label in PARTIAL_NATIVE:
            pool = [v for v in volumes if v.native_label == label]
            if pool:
                return draw_native(pool[generator.integers(len(pool))], label, generator, trim=0.12)
        source = bodies if bodies and roll > 0.55 else volumes
        by_patient = {}
        for volume in source:
            by_patient.setdefault(min(volume.patients) if not volume.masked else 'masked', []).append(volume)
        keys = sorted(by_patient)
        group = by_patient[keys[generator.integers(len(keys))]]
        volume = group[generator.integers(len(group))]
        drawn = draw_acquisition(volume, label, generator, wide=generator.random() < 0.12,
                                 variant=_draw_variant(label, generator))
        if drawn is not None:
            return drawn
    return None


assert set(PROTOCOLS) == set(BODY_PARTS)
