"""Cheap statistics of a network's input that say whether it looks like CT of a body at all.

The same numbers as stages/classify/input-statistics.ts computes in every run (a test compares both). Values are
grey levels of a uint8 tensor [128, 224, 224]: 0 = -1000 HU and 255 = 400 HU. Most are taken from means of blocks of
4x4x4, where a scanner's noise and kernel hardly count.
"""
import numpy as np

BLOCK = 4
BODY_LEVEL = 91     # -500 HU: between lung and tissue
BONE_LEVEL = 218    # 197 HU as a mean of 64 voxels: compact bone or dense contrast
# Upper bounds of the grey-level classes of blocks within the body: to -200, -30, 15, 90, 197 HU, and above.
TISSUE_BOUNDS = (145, 176, 185, 198, 218)
EVEN_DIFFERENCE = 6  # 33 HU between neighbouring blocks
AIR_LEVEL = 12

NAMES = (
    'mean', 'spread', 'air', 'lung', 'body', 'thin', 'fat', 'water', 'soft', 'enhanced', 'bone',
    'even', 'step_slice', 'step_row', 'step_column', 'likeness_slice', 'likeness_row', 'likeness_column',
    'asymmetry_row', 'asymmetry_column', 'area_variation', 'border', 'bone_radius', 'body_radius',
)


def block_means(tensor):
    """float32 [d/4, h/4, w/4]; what does not fill a block is left out."""
    d, h, w = (n // BLOCK for n in tensor.shape)
    cut = tensor[:d * BLOCK, :h * BLOCK, :w * BLOCK].reshape(d, BLOCK, h, BLOCK, w, BLOCK)
    return (cut.sum((1, 3, 5), dtype=np.int64) / BLOCK ** 3).astype(np.float64)


def _likeness(a, b):
    """Correlation of neighbours, 1 where nothing varies."""
    a, b = a - a.mean(), b - b.mean()
    power = np.sqrt((a * a).mean() * (b * b).mean())
    return float((a * b).mean() / power) if power > 1e-9 else 1.0


def describe(tensor):
    """float64 [len(NAMES)] of one tensor."""
    grid = block_means(tensor)
    d, h, w = grid.shape
    body = grid > BODY_LEVEL
    count = body.sum()
    share = lambda mask: mask.sum() / max(1, count)
    lung = (grid > AIR_LEVEL) & ~body
    air = grid <= AIR_LEVEL
    edges = [BODY_LEVEL, *TISSUE_BOUNDS, np.inf]
    tissue = [share((grid > low) & (grid <= high)) for low, high in zip(edges, edges[1:])]
    steps, likeness = [], []
    even = body.copy()
    for axis in range(3):
        front, back = np.moveaxis(grid, axis, 0)[:-1], np.moveaxis(grid, axis, 0)[1:]
        both = (np.moveaxis(body, axis, 0)[:-1] & np.moveaxis(body, axis, 0)[1:])
        difference = abs(back - front)
        steps.append(float((difference * both).sum() / max(1, both.sum())))
        likeness.append(_likeness(front, back))
        np.moveaxis(even, axis, 0)[:-1] &= difference < EVEN_DIFFERENCE
    spread = float(grid.std())
    mirrored = [float(abs(grid - np.flip(grid, axis)).mean() / max(spread, 1.0)) for axis in (1, 2)]
    area = body.mean((1, 2))
    rim = np.zeros((h, w), bool)
    rim[0] = rim[-1] = True
    rim[:, 0] = rim[:, -1] = True
    y = ((np.arange(h) + 0.5) / h * 2 - 1)[:, None]
    x = ((np.arange(w) + 0.5) / w * 2 - 1)[None]
    radius = np.sqrt(y * y + x * x)
    bone = grid > BONE_LEVEL
    return np.array([
        grid.mean() / 255, spread / 255, air.mean(), lung.mean(), body.mean(), *tissue,
        share(even), *(s / 255 for s in steps), *likeness, *mirrored,
        area.std() / max(area.mean(), 1 / (h * w)), body[:, rim].mean(),
        float((bone * radius).sum() / max(1, bone.sum())), float((body * radius).sum() / max(1, count)),
    ])


def spread_out(statistics):
    """Statistics [.., len(NAMES)] on scales on which their spread hardly depends on their size: what gates compare."""
    found = np.array(statistics, np.float64)
    found[..., :11] = np.sqrt(np.maximum(found[..., :11], 0))
    found[..., 12:15] = np.log(found[..., 12:15] + 0.003)
    found[..., 15:18] = np.log(1.001 - np.minimum(found[..., 15:18], 1))
    found[..., 20] = np.sqrt(found[..., 20])
    return found


def describe_voxels(tensor):
    """(share of values that are exactly 0 among air, likeness of neighbours along a row of the image).

    From single voxels of every fourth row of every fourth slice: whether air was removed, and whether there is
    structure at all.
    """
    tensor = tensor[::BLOCK, ::BLOCK]
    air = (tensor <= AIR_LEVEL).sum()
    front, back = tensor[:, :, :-1].astype(np.float64), tensor[:, :, 1:].astype(np.float64)
    return (tensor == 0).sum() / max(1, air), _likeness(front, back)
