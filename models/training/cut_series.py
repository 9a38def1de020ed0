"""A series as three intervals in a volume and a plane, and how it becomes what a scanner stores or a network reads.

From reslicing to the network's input grid everything is linear and separable, so it is done by three small matrices,
equal to rendering 512x512 slices and preprocessing them (a test compares both).
"""
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from preprocess_reference import TENSOR_SHAPE, area_matrix, linear_matrix
from separable import apply_matrices, contract_first, point_matrix
from source_volumes import Volume


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
        return point_matrix(centre, count)
    half = acquisition.thickness_mm / spacing / 2
    steps = np.linspace(-half, half, 7)
    return sum(point_matrix(centre + s, count) for s in steps) / len(steps)


def grid_matrix(acquisition, axis, cells):
    """[cells, voxels]: scanner grid, then the specified resampling to the tensor, then area average to cells."""
    sampled = sampling_matrix(acquisition, axis)
    tensor_count = TENSOR_SHAPE[STORED_AXES[acquisition.plane].index(axis)]
    return contract_first(_pooling_matrix(len(sampled), tensor_count, cells), sampled[:, :, None])[:, :, 0]


@lru_cache(maxsize=4096)
def _pooling_matrix(pixels, tensor_count, cells):
    return np.einsum('ab,bc->ac', area_matrix(tensor_count, cells), linear_matrix(pixels, tensor_count),
                     optimize=False).astype(np.float32)


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
