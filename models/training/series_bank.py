"""Banks of virtual series: cut once, kept as small cubes, used by every fold and every attempt."""
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from cut_series import STORED_AXES, cut_grid
from joined_bodies import draw_joined_bodies
from label_vocabulary import AXES, BODY_PARTS, CONTRASTS, SPINE
from patient_folds import fold_lookup
from preprocess_reference import BANK_CUBE, CUBE, FEATURE_GRID, area_matrix
from protocols import PROTOCOLS
from separable import apply_matrices
from source_volumes import load_volumes
from virtual_acquisitions import draw_acquisition, draw_label, draw_native

DEFAULT_SEED = 20260101
# A bank is drawn in as many parts, each with its own seed, whatever the number of processes.
PARTS = 4


def _describe(acquisition):
    volume = acquisition.volume
    top, bottom = (float(volume.reference_of(edge / volume.spacing_mm[0] - 0.5))
                   for edge in acquisition.intervals_mm[0])
    y, x = (high - low for low, high in acquisition.intervals_mm[1:])
    return {
        'label': BODY_PARTS.index(acquisition.label), 'axis': AXES.index(acquisition.plane),
        'contrast': CONTRASTS.index(volume.contrast) if volume.contrast in CONTRASTS else -1,
        'coordinates': (top, bottom, y, x), 'patients': '|'.join(sorted(volume.patients)),
        'volume': volume.id, 'kind': acquisition.kind, 'masked': volume.masked, 'joined': volume.joined,
    }


def _collect(acquisitions, cells, generator):
    grids, rows = [], []
    for acquisition in acquisitions:
        grids.append(np.rint(cut_grid(acquisition, cells, generator)).astype(np.uint8))
        rows.append(_describe(acquisition))
    return pack(grids, rows)


def pack(grids, rows):
    bank = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    bank['cubes'] = np.array(grids)
    return bank


def merge(banks):
    return {key: np.concatenate([bank[key] for bank in banks]) for key in banks[0]}


def _training_part(arguments):
    folder, seed, per_label, body_count = arguments
    generator = np.random.default_rng(seed)
    volumes = load_volumes(folder, generator)
    folds = fold_lookup({name for volume in volumes for name in volume.patients})
    bodies = draw_joined_bodies(volumes, body_count, generator, folds.get)
    drawn = []
    for label in BODY_PARTS:
        for _ in range(per_label):
            acquisition = draw_label(label, volumes, bodies, generator)
            if acquisition is not None:
                drawn.append(acquisition)
    return _collect(drawn, (BANK_CUBE,) * 3, generator)


def training_bank(folder, seed, per_label, body_count, processes=1):
    """Series for training, joined bodies among them; each row names every patient that it is made of."""
    tasks = [(folder, seed + 7919 * k, per_label // PARTS, body_count // PARTS) for k in range(PARTS)]
    if processes == 1:
        return merge([_training_part(task) for task in tasks])
    with ProcessPoolExecutor(processes) as pool:
        return merge(list(pool.map(_training_part, tasks)))


def held_back_acquisitions(volumes, generator, draws=2, masked_labels=3):
    """Series of single patients, never joined: every label that a volume covers in each plane, and natives."""
    drawn = []
    for volume in volumes:
        if volume.native_label in PROTOCOLS and not volume.masked:
            drawn += [draw_native(volume, volume.native_label, generator, plane, trim=0.0) for plane in AXES]
        labels = list(BODY_PARTS)
        if volume.masked:
            labels = [BODY_PARTS[k] for k in generator.permutation(len(BODY_PARTS))]
        found = 0
        for label in labels:
            planes = AXES if not volume.masked else [AXES[generator.integers(3)]]
            got = [a for plane in planes for _ in range(draws if not volume.masked else 1)
                   if (a := draw_acquisition(volume, label, generator, plane)) is not None]
            drawn += got
            found += bool(got)
            if volume.masked and found >= masked_labels:
                break
    return drawn


def held_back_bank(folder, seed, draws=2):
    generator = np.random.default_rng(seed + 1)
    volumes = load_volumes(folder, generator)
    return _collect(held_back_acquisitions(volumes, generator, draws), (BANK_CUBE,) * 3, generator)


def contrast_bank(folder, seed, per_volume=30):
    """Series of volumes with a known contrast on the grid that the contrast features read, and natives."""
    generator = np.random.default_rng(seed + 2)
    volumes = [v for v in load_volumes(folder, generator, with_masked=False)
               if v.contrast in CONTRASTS and not v.id.endswith('_wb')]
    grids, rows = [], []
    for volume in volumes:
        acquisitions = [draw_native(volume, volume.native_label, generator, plane, 0.0) for plane in AXES]
        tries = 0
        while len(acquisitions) < per_volume and tries < 600:
            tries += 1
            label = BODY_PARTS[generator.integers(len(BODY_PARTS))]
            acquisition = draw_acquisition(volume, label, generator)
            if acquisition is None and tries > 60:
                acquisition = draw_native(volume, volume.native_label, generator, trim=0.2)
            if acquisition is not None:
                acquisitions.append(acquisition)
        for acquisition in acquisitions:
            # The feature grid is laid over the stored axes, not over the body's.
            cells = tuple(FEATURE_GRID[STORED_AXES[acquisition.plane].index(axis)] for axis in range(3))
            grid = cut_grid(acquisition, cells, generator)
            grids.append(np.rint(np.transpose(grid, STORED_AXES[acquisition.plane])).astype(np.uint8))
            rows.append(_describe(acquisition))
    return pack(grids, rows)


# A spine series wider than this shows the whole trunk, and nothing tells it from a chest or a body.
WIDEST_SPINE_MM = 280.0


def without_wide_spines(bank):
    spine = np.isin(bank['label'], [k for k, name in enumerate(BODY_PARTS) if name in SPINE])
    keep = ~(spine & (bank['coordinates'][:, 2:].max(1) > WIDEST_SPINE_MM))
    return {key: value[keep] for key, value in bank.items()}


def for_trunk(bank):
    """The bank with its cubes pooled from BANK_CUBE to CUBE, as the graph does."""
    matrix = area_matrix(BANK_CUBE, CUBE).astype(np.float32)
    small = np.empty((len(bank['cubes']),) + (CUBE,) * 3, np.uint8)
    for index, cube in enumerate(bank['cubes']):
        small[index] = np.rint(apply_matrices(cube, matrix, matrix, matrix))
    return {**bank, 'cubes': small}


def cached(path, make):
    """The bank at path, made and written there when it is not yet."""
    if path and os.path.exists(path):
        with np.load(path) as data:
            return dict(data)
    bank = make()
    if path:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        np.savez(path + '.tmp.npz', **bank)
        os.replace(path + '.tmp.npz', path)
    return bank
