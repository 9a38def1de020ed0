"""Derives the demo's small CT volumes (demo/volumes/) from the CC BY sources of a folder of CT volumes.

Usage: python scripts/derive-demo-volumes.py --volumes DIR [--output demo/volumes]

DIR holds catalog.json and one ID.npz per volume: `voxels` uint8 [slice, row, column], HU = voxel / 255 * 1400 - 1000,
slice 0 most superior, row 0 anterior, column 0 the patient's right; `spacing_mm` [slice, row, column].
Needs numpy alone. The same input gives the same bytes.

A `.ctv.gz` file is gzip over: the four bytes CTV1, the length of the header (uint32, little endian), the header
(JSON, UTF-8), then the voxels, uint8 [slice, row, column], each as the difference modulo 256 from the voxel before
it in its row (the first of a row as it is), because differences of neighbours deflate better than voxels.
"""

import argparse
import gzip
import hashlib
import io
import json
import pathlib

import numpy as np

# id, in-plane spacing in mm, first and last slice of the source (None: all). Slices thinner than 3 mm become 3 mm.
# Only CC BY sources may stand here; the cuts keep the folder below 4.5 MB.
RECIPES = [
    ("acrin001_wb", 3.3, None),
    ("lidc0001", 3.0, None),
    ("lungfcp0001", 3.0, None),
    ("crlm1004", 3.0, None),
    ("panc_cb001", 3.0, (18, 108)),
    ("tcga_ay4070", 3.0, None),
]
MIN_SLICE_SPACING_MM = 3.0
# Below this value (-945 HU) lies air and its noise: set to 0, which deflates to nothing.
AIR_BELOW = 10


def area_weights(length: int, spacing: float, target: float) -> np.ndarray:
    """Weights [new, old] of the mean over cells of `target` mm along an axis of `length` cells of `spacing` mm."""
    count = max(1, int(np.floor(length * spacing / target + 1e-6)))
    edges = np.arange(length + 1) * spacing
    weights = np.zeros((count, length))
    for i in range(count):
        low, high = i * target, (i + 1) * target
        weights[i] = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None)
    return weights / weights.sum(axis=1, keepdims=True)


def derive(entry: dict, folder: pathlib.Path, in_plane_mm: float, slices: tuple[int, int] | None) -> bytes:
    if not entry["licence"].startswith("CC BY "):
        raise SystemExit(f"{entry['id']}: licence {entry['licence']} is not CC BY")
    source = (folder / entry["file"]).read_bytes()
    if hashlib.sha256(source).hexdigest() != entry["sha256"]:
        raise SystemExit(f"{entry['id']}: digest differs from the catalog's")
    with np.load(io.BytesIO(source)) as archive:
        voxels = archive["voxels"]
        spacing = [float(value) for value in archive["spacing_mm"]]
    first, last = slices or (0, voxels.shape[0] - 1)
    voxels = voxels[first : last + 1]
    target = [max(spacing[0], MIN_SLICE_SPACING_MM), in_plane_mm, in_plane_mm]
    result = voxels.astype(np.float64)
    for axis in range(3):
        weights = area_weights(result.shape[axis], spacing[axis], target[axis])
        result = np.moveaxis(np.tensordot(weights, result, axes=(1, axis)), 0, axis)
    result = np.floor(result + 0.5).astype(np.uint8)
    result[result < AIR_BELOW] = 0

    # Centre of the first new slice, in mm below the top edge of the first source slice kept.
    landmarks = {
        name: round((index - first + 0.5) * spacing[0] - target[0] / 2, 2)
        for name, index in entry["landmarks"].items()
        if index is not None and first <= index <= last
    }
    header = {
        "id": entry["id"],
        "collection": entry["collection"],
        "licence": entry["licence"],
        "doi": entry["doi"],
        "shape": list(result.shape),
        "spacingMm": [round(value, 4) for value in target],
        "contrast": entry["contrast"],
        "landmarksMm": landmarks,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    differences = result.copy()
    differences[:, :, 1:] -= result[:, :, :-1]
    body = b"CTV1" + len(text).to_bytes(4, "little") + text + differences.tobytes()
    return gzip.compress(body, compresslevel=9, mtime=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--volumes", required=True, type=pathlib.Path, help="folder with catalog.json and *.npz")
    parser.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "demo" / "volumes"
    )
    options = parser.parse_args()
    catalog = {entry["id"]: entry for entry in json.loads((options.volumes / "catalog.json").read_text())}
    options.output.mkdir(parents=True, exist_ok=True)
    total = 0
    for volume_id, in_plane_mm, slices in RECIPES:
        content = derive(catalog[volume_id], options.volumes, in_plane_mm, slices)
        (options.output / f"{volume_id}.ctv.gz").write_bytes(content)
        total += len(content)
        print(f"{volume_id}: {len(content)} bytes")
    print(f"total: {total} bytes")


if __name__ == "__main__":
    main()
