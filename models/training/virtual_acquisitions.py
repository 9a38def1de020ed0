"""Virtual acquisitions: series as CT protocols would cut them, out of small volumes with landmarks."""
import numpy as np

from cut_series import STORED_AXES, Acquisition
from label_vocabulary import AXES, SPINE
from protocols import CARDIAC, LOWEST_COMPLETE_PELVIS_MM, PROTOCOLS, VARIANTS
from source_volumes import HALF_BODIES, body_box_at, spine_centre


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
