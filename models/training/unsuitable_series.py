"""Series that no label fits, made on purpose and seeded: what the input gate is judged on.

Limbs, phantoms and cone beams are procedural or derived from real volumes; none is a real examination of its
kind, and figures on them say so.
"""
import numpy as np

from cut_series import STORED_AXES, Acquisition, cut_grid
from label_vocabulary import AXES
from preprocess_reference import TENSOR_SHAPE, interpolate_axis
from source_volumes import body_box_at

GRID = tuple(n // 2 for n in TENSOR_SHAPE)


def grey(hu):
    return (np.asarray(hu, np.float32) + 1000) * (255 / 1400)


def tensor_of(acquisition, generator):
    """The acquisition as the uint8 tensor [128, 224, 224], straight from the volume."""
    order = STORED_AXES[acquisition.plane]
    cells = tuple(TENSOR_SHAPE[order.index(axis)] for axis in range(3))
    grid = cut_grid(acquisition, cells, generator)
    return np.rint(np.transpose(grid, order)).astype(np.uint8)


def finish(hu, generator, noise_hu=(3, 25), blur=True):
    """HU on GRID [slice, row, column] → tensor, with noise in air as a scanner has it."""
    full = hu.astype(np.float32)
    for axis, count in enumerate(TENSOR_SHAPE):
        full = interpolate_axis(full, axis, count)
    full += generator.uniform(*noise_hu) * generator.standard_normal(full.shape, dtype=np.float32)
    return np.clip(np.rint(grey(full)), 0, 255).astype(np.uint8)


def place(canonical_hu, plane):
    """Canonical [z, y, x] of any size to GRID in the plane's stored order."""
    stored = np.transpose(canonical_hu, STORED_AXES[plane]).astype(np.float32)
    for axis, count in enumerate(GRID):
        stored = interpolate_axis(stored, axis, count)
    return stored


# --- Extremities -----------------------------------------------------------------------------------

def procedural_limb(generator):
    """One or two limbs: skin and fat, muscle with septa, one or two bones, a joint; along z, in any plane."""
    z, y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in (64, 112, 112))
    z, y, x = z[:, None, None], y[None, :, None], x[None, None, :]
    hu = np.full((64, 112, 112), -1000, np.float32)
    pair = generator.random() < 0.4
    radius = generator.uniform(0.25, 0.45) if pair else generator.uniform(0.35, 0.9)
    tilt = generator.uniform(-0.25, 0.25, 2)
    joint = generator.uniform(-0.7, 0.7) if generator.random() < 0.6 else 9.0
    bones = int(generator.integers(1, 3))
    fat = generator.uniform(0.06, 0.3)
    taper = generator.uniform(-0.25, 0.25)
    marrow = generator.uniform(-80, 120)
    muscle_hu = generator.uniform(40, 75)
    sides = (-1, 1) if pair else (0,)
    for side in sides:
        cx = side * generator.uniform(0.45, 0.52) + tilt[0] * z
        cy = generator.uniform(-0.15, 0.15) + tilt[1] * z
        swell = 1 + taper * z + 0.12 * np.exp(-((z - joint) / 0.25) ** 2)
        r = np.sqrt(((x - cx) / 1.0) ** 2 + ((y - cy) / generator.uniform(0.85, 1.1)) ** 2) / (radius * swell)
        angle = np.arctan2(y - cy, x - cx)
        hu = np.where(r < 1, np.float32(-105), hu)
        inner = 1 - fat * (1 + 0.3 * np.sin(angle * 2 + side))
        hu = np.where(r < inner, muscle_hu + 12 * np.sin(angle * 5 + 4 * r), hu)
        septa = abs(np.sin(angle * generator.integers(2, 5) + 2 * z)) < 0.07
        hu = np.where((r < inner) & (r > 0.35) & septa, np.float32(-60), hu)
        for k in range(bones):
            away = 0.0 if bones == 1 else (0.32, -0.38)[k] * radius
            size = radius * (generator.uniform(0.22, 0.34) if bones == 1 or k == 0 else generator.uniform(0.1, 0.18))
            size = size * (1 + 0.9 * np.exp(-((z - joint) / 0.16) ** 2))
            rb = np.sqrt((x - cx - away) ** 2 + (y - cy - 0.3 * away) ** 2) / size
            near_joint = abs(z - joint) < 0.2
            shell = np.where(near_joint, 0.9, 0.6)
            hu = np.where(rb < 1, np.float32(1100), hu)
            hu = np.where(rb < shell, np.where(near_joint, np.float32(280), np.float32(marrow)), hu)
        gap = (abs(z - joint) < 0.025) & (r < 0.5)
        hu = np.where(gap, np.float32(60), hu)
    if generator.random() < 0.5:
        hu = np.where((abs(y - 0.93) < 0.03) & (hu < -500), np.float32(-150), hu)
    return finish(place(hu, AXES[generator.integers(3)]), generator)


def limb_crop(volumes, generator):
    """Hip and thigh, or shoulder, beside the trunk of a real volume, in a small field of view."""
    for _ in range(200):
        volume = volumes[generator.integers(len(volumes))]
        low, high = (float(v) for v in volume.extent())
        hip = generator.random() < 0.6
        top, bottom = ((generator.uniform(775, 800), 900.0) if hip else
                       (generator.uniform(255, 275), generator.uniform(320, 360)))
        if volume.masked or top < low or min(bottom, high) - top < 40 or (not hip and high < bottom):
            continue
        bottom = min(bottom, high)
        spacing = volume.spacing_mm
        z = [(float(volume.index_of(v)) + 0.5) * spacing[0] for v in (top, bottom)]
        box = body_box_at(volume, (z[0] + z[1]) / 2 / spacing[0])
        width = (box[3] - box[2]) * spacing[2]
        middle = (box[2] + box[3]) / 2 * spacing[2]
        fov = generator.uniform(110, 170)
        side = generator.choice([-1, 1])
        x = middle + side * width * (generator.uniform(0.24, 0.32) if hip else generator.uniform(0.38, 0.46))
        y = (box[0] + box[1]) / 2 * spacing[1] + generator.normal(0, 8)
        total = volume.voxels.shape[2] * spacing[2]
        if x - fov / 2 < -fov * 0.4 or x + fov / 2 > total + fov * 0.4:
            continue
        plane = AXES[generator.integers(3)]
        thickness = float(generator.choice([1.0, 2.0, 3.0]))
        drawn = Acquisition(volume, 'pelvis', plane, (tuple(z), (y - fov / 2, y + fov / 2), (x - fov / 2, x + fov / 2)),
                            thickness, thickness, noise=float(generator.uniform(0, 4)), kind='limb')
        return tensor_of(drawn, generator)
    return None


# --- Phantoms --------------------------------------------------------------------------------------

def phantom(generator):
    """A cylinder or an oval of water or plastic with rods, wires, bars or a step wedge, on a table or not."""
    z, y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in (64, 112, 112))
    z, y, x = z[:, None, None], y[None, :, None], x[None, None, :]
    hu = np.full((64, 112, 112), -1000, np.float32)
    radius = generator.uniform(0.4, 0.95)
    flat = generator.uniform(0.6, 1.0)
    base = generator.choice([0.0, 90.0, 120.0, -100.0, 5.0, 40.0])
    box = generator.random() < 0.15
    r = np.maximum(abs(x), abs(y) / flat) / radius if box else np.sqrt(x ** 2 + (y / flat) ** 2) / radius
    inside = (r < 1) & (abs(z) < generator.uniform(0.7, 1.5))
    hu = np.where(inside, np.float32(base), hu)
    if generator.random() < 0.6:
        hu = np.where(inside & (r > 0.93), np.float32(generator.choice([120, 60, -80])), hu)
    kind = generator.integers(4)
    if kind == 0:
        ring = generator.uniform(0.45, 0.75)
        count = int(generator.integers(4, 13))
        for k in range(count):
            a = 2 * np.pi * k / count
            rr = np.sqrt((x - ring * radius * np.cos(a)) ** 2 + (y - ring * radius * flat * np.sin(a)) ** 2)
            value = generator.choice([-1000, -200, -100, -50, 50, 120, 340, 900])
            hu = np.where((rr < generator.uniform(0.03, 0.12)) & inside, np.float32(value), hu)
    elif kind == 1:
        period = generator.uniform(0.03, 0.2)
        bars = (np.sin(2 * np.pi * x / period) > 0) & (abs(y) < 0.4 * radius) & (abs(x) < 0.5 * radius) & inside
        hu = np.where(bars, np.float32(generator.choice([400, 900, -300])), hu)
    elif kind == 2:
        step = np.floor((x / radius + 1) * 4)
        hu = np.where(inside, base + step * generator.uniform(15, 120) + 0 * z, hu)
    if generator.random() < 0.5:
        hu = np.where((abs(y - 0.97) < 0.025) & (hu < -500), np.float32(-150), hu)
    return finish(place(hu, AXES[generator.choice(3, p=(0.7, 0.15, 0.15))]), generator, (2, 30))


# --- No anatomy at all -----------------------------------------------------------------------------

def noise(generator):
    """White, or correlated over up to 24 voxels, around any level; with or without a gradient."""
    kind = generator.integers(4)
    if kind == 0:
        return generator.integers(0, 256, TENSOR_SHAPE, dtype=np.uint8)
    level, spread = generator.uniform(20, 230), generator.uniform(8, 90)
    if kind == 1:
        field = generator.standard_normal(TENSOR_SHAPE, dtype=np.float32)
    else:
        cells = [max(2, int(n / generator.uniform(2, 24))) for n in TENSOR_SHAPE]
        field = generator.standard_normal(cells, dtype=np.float32)
        for axis, count in enumerate(TENSOR_SHAPE):
            field = interpolate_axis(field, axis, count)
        field /= field.std()
    if kind == 3:
        field = field + np.linspace(-2, 2, TENSOR_SHAPE[1], dtype=np.float32)[None, :, None]
    return np.clip(np.rint(level + spread * field), 0, 255).astype(np.uint8)


def constant(generator):
    """One value, or a ramp, or one value with a little noise."""
    level = generator.choice([0, 255, int(generator.integers(1, 255))])
    kind = generator.integers(3)
    field = np.full(TENSOR_SHAPE, level, np.float32)
    if kind == 1:
        field += generator.normal(0, generator.uniform(0.3, 3), TENSOR_SHAPE)
    elif kind == 2:
        axis = int(generator.integers(3))
        shape = [1, 1, 1]
        shape[axis] = TENSOR_SHAPE[axis]
        field += np.linspace(0, generator.uniform(1, 12), TENSOR_SHAPE[axis]).reshape(shape)
    return np.clip(np.rint(field), 0, 255).astype(np.uint8)


# --- Real anatomy in wrong values ------------------------------------------------------------------

def not_hounsfield(tensor, generator):
    """A series whose values are not HU: no intercept, wrong slope, inverted, as MR or PET has them."""
    hu = tensor.astype(np.float32) * (1400 / 255) - 1000
    kind = generator.integers(6)
    if kind == 0:
        hu = hu + generator.choice([1000, 1024])
    elif kind == 1:
        hu = hu * generator.choice([0.1, 0.25, 0.5])
    elif kind == 2:
        hu = -hu - 400
    elif kind == 3:
        # Tissue brightness as MR orders it (fat bright, bone and air dark) under a coil's bias.
        level = np.interp(hu, [-1000, -700, -150, -90, -10, 30, 60, 120, 250, 400],
                          generator.permutation([0.02, 0.05, 0.9, 0.85, 0.3, 0.5, 0.45, 0.8, 0.15, 0.05]))
        bias = np.linspace(generator.uniform(0.5, 1), generator.uniform(0.5, 1), TENSOR_SHAPE[1])[None, :, None]
        hu = (level * bias * generator.uniform(300, 1500)).astype(np.float32)
    elif kind == 4:
        hu = tensor.astype(np.float32)
    else:
        cells = [max(4, n // 12) for n in TENSOR_SHAPE]
        blobs = hu + 1000
        for axis, count in enumerate(cells):
            blobs = interpolate_axis(blobs, axis, count)
        for axis, count in enumerate(TENSOR_SHAPE):
            blobs = interpolate_axis(blobs, axis, count)
        hu = blobs * generator.uniform(0.05, 4)
    return np.clip(np.rint(grey(hu)), 0, 255).astype(np.uint8)


def masked(tensor, generator):
    """Everything outside of a ball, a box or a tissue range set to the least value, as segmentation leaves it."""
    kind = generator.integers(3)
    position = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in TENSOR_SHAPE), indexing='ij')
    centre = generator.uniform(-0.3, 0.3, 3)
    size = generator.uniform(0.3, 0.7, 3)
    away = [(p - c) / s for p, c, s in zip(position, centre, size)]
    if kind == 0:
        keep = sum(a * a for a in away) < 1
    elif kind == 1:
        keep = (abs(away[0]) < 1) & (abs(away[1]) < 1) & (abs(away[2]) < 1)
    else:
        low, high = sorted(generator.uniform(60, 250, 2))
        keep = (tensor >= low) & (tensor <= max(high, low + 30))
    return np.where(keep, tensor, 0).astype(np.uint8)


def cone_beam(tensor, generator):
    """A small cylinder of shifted, cupped, streaked and noisy values, as a dental or C-arm unit gives."""
    hu = tensor.astype(np.float32) * (1400 / 255) - 1000
    y = np.linspace(-1, 1, TENSOR_SHAPE[1], dtype=np.float32)[None, :, None]
    x = np.linspace(-1, 1, TENSOR_SHAPE[2], dtype=np.float32)[None, None, :]
    r2 = x * x + y * y
    hu = (hu + 1000) * generator.uniform(0.5, 0.8) - 1000 + generator.uniform(-150, 350)
    hu = hu + generator.uniform(150, 450) * (r2 - 0.3)
    angle = np.arctan2(y, x)
    for _ in range(int(generator.integers(8, 20))):
        hu = hu + generator.uniform(-90, 90) * np.exp(-((np.sin(angle - generator.uniform(0, 6.3))) / 0.06) ** 2)
    hu = hu + generator.uniform(60, 180) * generator.standard_normal(TENSOR_SHAPE, dtype=np.float32)
    hu = np.where(r2 < 1, hu, np.float32(-1000))
    return np.clip(np.rint(grey(hu)), 0, 255).astype(np.uint8)


DERIVED = {'not-hounsfield': not_hounsfield, 'masked': masked, 'cone-beam': cone_beam}
PROCEDURAL = {'limb': procedural_limb, 'phantom': phantom, 'noise': noise, 'constant': constant}
