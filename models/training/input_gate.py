"""A bundle's gate: statistics of series that it was made for, and how far from them a series may lie.

models/gate.ts reads the file, stages/classify/judge-input.ts judges by it.
"""
import json
import os

import numpy as np

from input_statistics import NAMES, describe, describe_voxels, spread_out

NEIGHBOURS = 3
# Chosen by hand, far from both sides: no real series of the shared data has a spread below .1, a likeness below .9 or
# an empty share of air above .8.
LEAST_SPREAD, LEAST_LIKENESS, MOST_EMPTY_AIR = 0.02, 0.7, 0.97
LEAST_AIR = 0.02


def scale_of(statistics):
    return np.maximum(statistics.std(0), 0.005)


def distances(prototypes, scale, statistics):
    """Mean squared distance of each row of spread-out statistics to its nearest prototypes."""
    difference = (statistics[:, None] - prototypes[None]) / scale
    return np.sort((difference ** 2).mean(2), 1)[:, :NEIGHBOURS].mean(1)


def kept_back_distances(statistics, patients, judged):
    """Of the judged rows, each to the prototypes that share no patient with it; patients joined by '|'."""
    names = [set(joined.split('|')) for joined in patients]
    statistics = spread_out(statistics)
    found = np.full(len(statistics), np.nan)
    for joined in sorted({patients[k] for k in np.flatnonzero(judged)}):
        rows = np.flatnonzero(judged & (patients == joined))
        others = np.array([not (names[k] & set(joined.split('|'))) for k in range(len(statistics))])
        if others.sum() >= NEIGHBOURS:
            pool = statistics[others]
            found[rows] = distances(pool, scale_of(pool), statistics[rows])
    return found


def gate_of(statistics, distance):
    statistics = spread_out(statistics)
    return {
        'schema_version': 1, 'statistics': list(NAMES), 'scale': [round(float(s), 6) for s in scale_of(statistics)],
        'neighbours': min(NEIGHBOURS, len(statistics)), 'distance': round(float(distance), 4),
        'least_spread': LEAST_SPREAD, 'least_likeness': LEAST_LIKENESS, 'most_empty_air': MOST_EMPTY_AIR,
        'prototypes': np.rint(statistics * 1e4).astype(int).tolist(),
    }


def statistics_of(tensor):
    """Statistics of blocks, then emptiness of air and likeness of neighbours."""
    return np.array([*describe(tensor), *describe_voxels(tensor)])


def is_held_back(gate, statistics):
    """Whether the gate sends rows of statistics_of to review, as stages/classify/judge-input.ts does."""
    blocks, empty, likeness = statistics[:, :-2], statistics[:, -2], statistics[:, -1]
    prototypes = np.array(gate['prototypes']) / 1e4
    far = distances(prototypes, np.array(gate['scale']), spread_out(blocks)) > gate['distance']
    constant = blocks[:, 1] < gate['least_spread']
    noise = likeness < gate['least_likeness']
    masked = (blocks[:, 2] >= LEAST_AIR) & (empty > gate['most_empty_air'])
    return far | constant | noise | masked


def write_gate(folder, gate):
    """gate.json, one prototype a line; returns its path."""
    path = os.path.join(folder, 'gate.json')
    head = {key: value for key, value in gate.items() if key != 'prototypes'}
    rows = ',\n'.join(json.dumps(row, separators=(',', ':')) for row in gate['prototypes'])
    with open(path + '.part', 'w', encoding='utf-8') as file:
        file.write(json.dumps(head)[:-1] + ', "prototypes": [\n' + rows + '\n]}\n')
    os.replace(path + '.part', path)
    return path
