"""Bodies joined from several patients, for the long ranges that no volume covers."""
import numpy as np

from protocols import LOWEST_COMPLETE_PELVIS_MM
from separable import apply_matrices, point_matrix
from source_volumes import HALF_BODIES, Volume, body_box_at

JOIN_Z_MM, JOIN_YX_MM, JOIN_SIZE = 4.0, 3.0, 160


def _resample_piece(volume, grid_mm, scale, centre_yx):
    """Piece on the join grid: z by reference mm, in-plane by scale around centre_yx (voxels)."""
    index = volume.index_of(grid_mm)
    matrix_z = point_matrix(index, len(volume.voxels))
    half = JOIN_SIZE / 2
    target = (np.arange(JOIN_SIZE) + 0.5 - half) * JOIN_YX_MM / scale
    matrix_y = point_matrix(centre_yx[0] + target / volume.spacing_mm[1], volume.voxels.shape[1])
    matrix_x = point_matrix(centre_yx[1] + target / volume.spacing_mm[2], volume.voxels.shape[2])
    return apply_matrices(volume.voxels, matrix_z, matrix_y, matrix_x)


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
