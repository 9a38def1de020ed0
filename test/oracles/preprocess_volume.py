"""Judges of the preprocess stage: numpy with cv2, and scipy.ndimage.zoom.

stdin: JSON list of cases. A case has either `volume` (raw file of stored values), `type` (numpy name) and `sliceCount`,
`rows`, `columns`, `slopes`, `intercepts`; or `files` (DICOM paths in stack order, read by pydicom). All have `tensor`
(raw uint8 file of the program under test), `windowHu`, `shape`.
stdout: for each case the largest and the mean difference to either judge.
"""

import json
import sys

import cv2
import numpy as np
from scipy import ndimage


def read_hounsfield(case):
    if "files" in case:
        import pydicom

        datasets = [pydicom.dcmread(path) for path in case["files"]]
        return np.stack(
            [
                d.pixel_array.astype(np.float32) * np.float32(d.RescaleSlope) + np.float32(d.RescaleIntercept)
                for d in datasets
            ]
        )
    stored = np.fromfile(case["volume"], dtype=case["type"])
    stored = stored.reshape(case["sliceCount"], case["rows"], case["columns"])
    # Through float64, since float32 cannot hold 32-bit stored values.
    slopes = np.array(case["slopes"])[:, None, None]
    intercepts = np.array(case["intercepts"])[:, None, None]
    return stored.astype(np.float64) * slopes + intercepts


def window(hounsfield, bounds):
    low, high = bounds
    return np.clip((hounsfield - low) / (high - low), 0, 1).astype(np.float32)


def with_cv2(windowed, shape):
    slices, rows, columns = shape
    planes = [cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_LINEAR) for plane in windowed]
    count = len(planes)
    out = np.empty(shape, np.uint8)
    for d in range(slices):
        s = min(max((d + 0.5) * count / slices - 0.5, 0), count - 1)
        first = int(np.floor(s))
        second = min(first + 1, count - 1)
        weight = np.float32(s - first)
        blended = planes[first] * (np.float32(1) - weight) + planes[second] * weight
        out[d] = np.rint(blended * np.float32(255))
    return out


def with_scipy(windowed, shape):
    factors = [m / n for m, n in zip(shape, windowed.shape)]
    zoomed = ndimage.zoom(windowed, factors, order=1, mode="nearest", grid_mode=True)
    assert zoomed.shape == tuple(shape), (zoomed.shape, shape)
    return np.rint(np.clip(zoomed, 0, 1) * 255).astype(np.uint8)


def compare(tensor, judge):
    difference = np.abs(tensor.astype(np.int16) - judge.astype(np.int16))
    return {"largest": int(difference.max()), "mean": float(difference.mean())}


def main():
    results = []
    for case in json.load(sys.stdin):
        windowed = window(read_hounsfield(case), case["windowHu"])
        tensor = np.fromfile(case["tensor"], np.uint8).reshape(case["shape"])
        results.append(
            {
                "cv2": compare(tensor, with_cv2(windowed, case["shape"])),
                "scipy": compare(tensor, with_scipy(windowed, case["shape"])),
                "spread": int(tensor.max()) - int(tensor.min()),
            }
        )
    json.dump(results, sys.stdout)


main()
