"""Reads a generated archive with pydicom. Prints, as JSON, what is DICOM, what each series is like, and whether
voxels of two series at the same physical points agree.

Usage: demo_archive.py FOLDER PAIRS   (PAIRS: JSON list of [series instance UID, series instance UID])
"""

import io
import json
import pathlib
import sys
import tarfile
import zipfile

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE


def contents(folder: pathlib.Path):
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            continue
        name = path.relative_to(folder).as_posix()
        content = path.read_bytes()
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.namelist():
                    yield f"{name}!{member}", archive.read(member)
        elif name.endswith(".tar"):
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for member in archive:
                    yield f"{name}!{member.name}", archive.extractfile(member).read()
        else:
            yield name, content


class Stack:
    """The slices of a series, sorted along their normal."""

    def __init__(self, datasets):
        first = datasets[0]
        orientation = np.array(first.ImageOrientationPatient, float)
        self.row, self.column = orientation[:3], orientation[3:]
        self.normal = np.cross(self.row, self.column)
        unique = {d.SOPInstanceUID: d for d in datasets}.values()
        ordered = sorted(unique, key=lambda d: float(np.dot(np.array(d.ImagePositionPatient, float), self.normal)))
        self.datasets = ordered
        self.origins = np.array([np.array(d.ImagePositionPatient, float) for d in ordered])
        self.distances = self.origins @ self.normal
        self.spacing = [float(value) for value in first.PixelSpacing]
        slope, intercept = float(first.RescaleSlope), float(first.RescaleIntercept)
        self.hu = np.stack([np.clip(d.pixel_array * slope + intercept, -1000, 400) for d in ordered])

    def points(self, random, count):
        k = random.integers(0, self.hu.shape[0], count)
        r = random.integers(0, self.hu.shape[1], count)
        c = random.integers(0, self.hu.shape[2], count)
        return (
            self.origins[k] + np.outer(c * self.spacing[1], self.row) + np.outer(r * self.spacing[0], self.column),
            self.hu[k, r, c],
        )

    def at(self, points):
        """Nearest voxels; NaN where a point is outside."""
        k = np.abs((points @ self.normal)[:, None] - self.distances[None, :]).argmin(axis=1)
        step = np.median(np.diff(self.distances))
        off = np.abs(points @ self.normal - self.distances[k])
        local = points - self.origins[k]
        c = np.round(local @ self.row / self.spacing[1]).astype(int)
        r = np.round(local @ self.column / self.spacing[0]).astype(int)
        inside = (off <= step / 2) & (r >= 0) & (c >= 0) & (r < self.hu.shape[1]) & (c < self.hu.shape[2])
        values = self.hu[k, np.clip(r, 0, self.hu.shape[1] - 1), np.clip(c, 0, self.hu.shape[2] - 1)]
        return np.where(inside, values, np.nan)


def agreement(a, b):
    random = np.random.default_rng(7)
    points, values = b.points(random, 60000)
    # Air agrees whatever the geometry is: only points in the body count.
    body = values > -500
    result = {}
    for name, signs in {"same": (1, 1, 1), "mirroredX": (-1, 1, 1), "mirroredY": (1, -1, 1)}.items():
        seen = a.at(points[body] * np.array(signs))
        known = ~np.isnan(seen)
        difference = np.abs(seen[known] - values[body][known])
        result[name] = {"points": int(known.sum()), "medianHu": float(np.median(difference))}
    return result


def main():
    folder, pairs = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
    files, foreign, series = {}, [], {}
    for name, content in contents(folder):
        try:
            dataset = pydicom.dcmread(io.BytesIO(content))
            if dataset.file_meta.MediaStorageSOPClassUID != "1.2.840.10008.1.3.10":
                for element in dataset.iterall():
                    str(element.value)
        except InvalidDicomError:
            foreign.append(name)
            continue
        truncated = False
        if "PixelData" in dataset:
            expected = dataset.Rows * dataset.Columns * dataset.BitsAllocated // 8
            truncated = len(dataset.PixelData) != expected
        files[name] = {
            "sopClass": str(dataset.file_meta.MediaStorageSOPClassUID),
            "syntax": str(dataset.file_meta.TransferSyntaxUID),
            "truncated": truncated,
        }
        if "SeriesInstanceUID" in dataset and not truncated:
            series.setdefault(str(dataset.SeriesInstanceUID), []).append(dataset)
    report = {}
    for uid, datasets in series.items():
        if datasets[0].get("Modality") != "CT" or "LOCALIZER" in datasets[0].ImageType:
            continue
        stack = Stack(datasets)
        gaps = np.diff(stack.distances)
        report[uid] = {
            "count": len(stack.datasets),
            "patientId": str(datasets[0].PatientID),
            "patientName": str(datasets[0].PatientName),
            "study": str(datasets[0].StudyInstanceUID),
            "normal": [round(float(value), 4) for value in stack.normal],
            "spacingMm": float(np.median(gaps)) if len(gaps) else None,
            "gapCount": int((gaps > 1.5 * np.median(gaps)).sum()) if len(gaps) else 0,
            "tiltDeg": float(datasets[0].GantryDetectorTilt),
            "shape": list(stack.hu.shape[1:]),
            "descendingNumbers": bool(stack.datasets[0].InstanceNumber > stack.datasets[-1].InstanceNumber),
            "meanHu": float(stack.hu.mean()),
        }
    agreements = [agreement(Stack(series[a]), Stack(series[b])) for a, b in pairs]
    json.dump({"files": files, "foreign": foreign, "series": report, "agreements": agreements}, sys.stdout)


main()
