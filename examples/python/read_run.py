"""Reads the output of a run with pyarrow: kept series units, their labels and files. Prints how many each body part has.

    python3 examples/python/read_run.py OUT
"""
import sys
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.dataset as ds


def read_table(folder, name, columns):
    """Rows of a table of the manifest (docs/manifest.md) whose disposition is kept."""
    parts = ds.dataset(Path(folder, 'manifest', name), format='parquet')
    return parts.to_table(columns=columns, filter=pc.field('disposition') == 'kept').to_pylist()


def files_by_unit(folder):
    """Paths of the de-identified DICOM files of each unit, in the order of their numbers."""
    found = {}
    rows = read_table(folder, 'instances', ['series_unit', 'instance_number', 'output_path'])
    for row in sorted(rows, key=lambda row: row['instance_number'] or 0):
        if row['output_path'] is not None:
            found.setdefault(row['series_unit'], []).append(Path(folder, row['output_path']))
    return found


if __name__ == '__main__':
    series = read_table(sys.argv[1], 'series', ['series_unit', 'patient_id', 'body_part', 'needs_review'])
    files = files_by_unit(sys.argv[1])
    for body_part, count in sorted(Counter(row['body_part'] for row in series).items()):
        slices = sum(len(files.get(row['series_unit'], [])) for row in series if row['body_part'] == body_part)
        print(f'{body_part}: {count} series units, {slices} files')
