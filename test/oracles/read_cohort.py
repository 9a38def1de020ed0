"""Reads an exported cohort as trainers do, with the libraries made for its format; prints what they see as JSON.

Usage: read_cohort.py zarr|webdataset|parquet FOLDER
       read_cohort.py croissant FOLDER...
"""

import hashlib
import io
import json
import sys
from pathlib import Path

import numpy


def digest(array):
    """SHA-256 of the array as numpy.save writes it: the manifest's tensor_sha256."""
    file = io.BytesIO()
    numpy.save(file, array)
    return hashlib.sha256(file.getvalue()).hexdigest()


def read_zarr(folder):
    import zarr

    arrays = zarr.open_group(str(folder / "tensors.zarr"), mode="r").arrays()
    return {name: {"tensor": digest(array[:])} for name, array in arrays}


def read_webdataset(folder):
    import webdataset

    shards = sorted(map(str, (folder / "webdataset").glob("*.tar")))
    samples = {}
    for sample in webdataset.WebDataset(shards, shardshuffle=False).decode():
        classes = {key.removesuffix(".cls"): value for key, value in sample.items() if key.endswith(".cls")}
        shard = Path(sample["__url__"]).name
        samples[sample["__key__"]] = {
            "tensor": digest(sample["npy"]),
            "classes": classes,
            "row": sample["json"],
            "shard": shard,
        }
    return samples


def read_parquet(folder):
    import pyarrow.dataset

    samples = {}
    for row in pyarrow.dataset.dataset(folder / "parquet").to_table().to_pylist():
        tensor = digest(numpy.load(io.BytesIO(row.pop("tensor"))))
        samples[row["series_unit"]] = {"tensor": tensor, "row": row}
    return samples


def read_croissant(folder):
    """The issues of croissant.json, and how many records each of its record sets leads to."""
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    counts = {}
    for record_set in dataset.metadata.record_sets:
        counts[record_set.id] = sum(1 for _ in dataset.records(record_set.id))
    return {"errors": sorted(issues.errors), "warnings": sorted(issues.warnings), "records": counts}


READERS = {"zarr": read_zarr, "webdataset": read_webdataset, "parquet": read_parquet}
what, *folders = sys.argv[1:]
if what == "croissant":
    print(json.dumps([read_croissant(Path(folder)) for folder in folders]))
else:
    print(json.dumps(READERS[what](Path(folders[0]))))
