"""Contact sheets of what training and the gate are made from: docs/pictures/virtual-*.jpg.

    python3 models/training/contact_sheets.py --volumes DIR/ct-volumes [--output docs/pictures] [--seed N]

Draws from unmasked volumes whose licence permits showing them, and prints which: docs/models/virtual-acquisitions.md
attributes them. Needs numpy and cv2. The same seed gives the same pictures.
"""
import argparse
import json
import os

import cv2
import numpy as np

from cut_series import STORED_AXES, cut_grid
from joined_bodies import draw_joined_bodies
from label_vocabulary import AXES, BODY_PARTS
from patient_folds import fold_lookup
from source_volumes import load_volumes
from unsuitable_series import DERIVED, PROCEDURAL, limb_crop, tensor_of
from virtual_acquisitions import draw_acquisition, draw_label, draw_native

TILE, CAPTION, QUALITY = 104, 13, 80
# The Creative Commons ones ask for attribution; elastix' test file names no licence of its own, so it isn't shown.
SHOWN_LICENCES = ('CC BY', 'CC0', 'BSD')


def shown_volumes(folder, generator):
    with open(os.path.join(folder, 'catalog.json'), encoding='utf-8') as file:
        open_ids = {entry['id'] for entry in json.load(file) if entry['licence'].startswith(SHOWN_LICENCES)}
    return [v for v in load_volumes(folder, generator, with_masked=False) if v.id in open_ids]


def tile_of(plane, height_mm, width_mm, caption):
    """A slice, uint8 [row, column], at its true proportions, with its name below."""
    scale = TILE / max(height_mm, width_mm)
    height, width = (max(1, int(round(side * scale))) for side in (height_mm, width_mm))
    tile = np.zeros((TILE + CAPTION, TILE), np.uint8)
    top, left = (TILE - height) // 2, (TILE - width) // 2
    tile[top:top + height, left:left + width] = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
    cv2.putText(tile, caption, (2, TILE + 9), cv2.FONT_HERSHEY_SIMPLEX, 0.3, 255, 1, cv2.LINE_AA)
    return tile


def tile_of_acquisition(acquisition, generator, caption):
    """The middle slice as the scanner stores it."""
    order = STORED_AXES[acquisition.plane]
    stored = np.transpose(cut_grid(acquisition, (2 * TILE,) * 3, generator), order).astype(np.uint8)
    sides_mm = (high - low for low, high in (acquisition.intervals_mm[axis] for axis in order[1:]))
    return tile_of(stored[len(stored) // 2], *sides_mm, caption)


def sheet_of(tiles, columns):
    blank = np.zeros_like(tiles[0])
    tiles = tiles + [blank] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[k:k + columns], 1) for k in range(0, len(tiles), columns)]
    return np.concatenate(rows, 0)


def draw_shown(volumes, label, plane, generator, attempts=200):
    """A protocol's series of the label from a volume that covers it, not always the same one."""
    for _ in range(attempts):
        drawn = draw_acquisition(volumes[generator.integers(len(volumes))], label, generator, plane)
        if drawn is not None:
            return drawn
    return None


def labels_sheet(volumes, generator):
    """Every label in every plane."""
    tiles = []
    for label in BODY_PARTS:
        for plane in AXES:
            drawn = draw_shown(volumes, label, plane, generator)
            if drawn is None:
                tiles.append(tile_of(np.zeros((1, 1), np.uint8), 1, 1, f'{label}: no volume'))
                continue
            tiles.append(tile_of_acquisition(drawn, generator, label))
    return sheet_of(tiles, 12)


def bodies_sheet(volumes, generator, count=6):
    """Bodies joined from several patients, from the front and from the side."""
    folds = fold_lookup({name for volume in volumes for name in volume.patients})
    tiles = []
    for body in draw_joined_bodies(volumes, count, generator, folds.get):
        for plane in ('coronal', 'sagittal'):
            whole = draw_native(body, 'chest-abdomen-pelvis', generator, plane, trim=0.0)
            tiles.append(tile_of_acquisition(whole, generator, f'{len(body.patients)} patients'))
    return sheet_of(tiles, 12)


def unsuitable_sheet(volumes, generator, count=3):
    """What no label fits, of each kind a few."""
    kinds = {}
    for _ in range(count):
        made = {kind: draw(generator) for kind, draw in PROCEDURAL.items()}
        made['limb-crop'] = limb_crop(volumes, generator)
        drawn = draw_label(BODY_PARTS[generator.integers(16)], volumes, [], generator, attempts=300)
        source = tensor_of(drawn, generator)
        made.update({kind: change(source, generator) for kind, change in DERIVED.items()})
        for kind, tensor in made.items():
            kinds.setdefault(kind, []).append(tile_of(tensor[len(tensor) // 2], 1, 1, kind))
    return sheet_of([tile for kind in sorted(kinds) for tile in kinds[kind]], 12)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--volumes', required=True)
    parser.add_argument('--output', default=os.path.join(os.path.dirname(__file__), '../../docs/pictures'))
    parser.add_argument('--seed', type=int, default=6)
    options = parser.parse_args()
    volumes = shown_volumes(options.volumes, np.random.default_rng(options.seed))
    for name, draw in (('labels', labels_sheet), ('bodies', bodies_sheet), ('unsuitable', unsuitable_sheet)):
        sheet = draw(volumes, np.random.default_rng(options.seed))
        path = os.path.join(options.output, f'virtual-{name}.jpg')
        cv2.imwrite(path, sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        print(f'{os.path.normpath(path)}: {sheet.shape[1]} x {sheet.shape[0]}, {os.path.getsize(path)} bytes')
    print('sources:', ', '.join(volume.id for volume in volumes))


if __name__ == '__main__':
    main()
