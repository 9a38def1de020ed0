"""Linear, separable resampling of small volumes by three matrices."""
import numpy as np


def point_matrix(position, count):
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


def apply_matrices(voxels, matrix_z, matrix_y, matrix_x):
    """The three matrices applied to uint8 [z, y, x], only where they look."""
    spans = []
    for matrix in (matrix_z, matrix_y, matrix_x):
        used = np.where(np.abs(matrix).sum(0) > 0)[0]
        spans.append(slice(used[0], used[-1] + 1) if len(used) else slice(0, 1))
    block = voxels[spans[0], spans[1], spans[2]].astype(np.float32)
    block = contract_first(matrix_z[:, spans[0]], block)
    block = contract_first(matrix_y[:, spans[1]], block.transpose(1, 0, 2)).transpose(1, 0, 2)
    return contract_first(matrix_x[:, spans[2]], block.transpose(2, 0, 1)).transpose(1, 2, 0)


def contract_first(matrix, block):
    """matrix [m, n] times block [n, a, b]. Each row looks at few voxels: a loop over them beats any BLAS."""
    flat = np.ascontiguousarray(block).reshape(len(block), -1)
    result = np.zeros((len(matrix), flat.shape[1]), np.float32)
    for row, weights in enumerate(matrix):
        for column in np.flatnonzero(weights):
            result[row] += weights[column] * flat[column]
    return result.reshape(len(matrix), *block.shape[1:])
