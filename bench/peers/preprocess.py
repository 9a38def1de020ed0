"""The peers of bench/preprocess.mjs: the same files to the same tensor in Python, one thread.

Arguments: folder of .dcm files in stack order, raw tensor to compare with, parameters as JSON, and "uncompressed" or
"compressed": the latter with each decoder that pydicom finds for the transfer syntax (gdcm, pylibjpeg, pyjpegls).
stdout: wall and processor milliseconds of every run, and how far each peer's tensor is from the given one.
"""

import glob
import json
import math
import sys
import time

import cv2
import numpy as np
import pydicom
from pydicom.pixels import get_decoder
from scipy import ndimage

FOLDER, TENSOR, PARAMETERS, KIND = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), sys.argv[4]
RUNS = 2 if KIND == "uncompressed" else 1
LOW, HIGH = PARAMETERS["windowHu"]
SLICES, ROWS, COLUMNS = PARAMETERS["shape"]
FILES = sorted(glob.glob(FOLDER + "/*.dcm"))
TAGS = ["Rows", "Columns", "PixelRepresentation", "RescaleSlope", "RescaleIntercept", "PixelData"]


def taps():
    for d in range(SLICES):
        s = min(max((d + 0.5) * len(FILES) / SLICES - 0.5, 0), len(FILES) - 1)
        first = math.floor(s)
        yield first, min(first + 1, len(FILES) - 1), np.float32(s - first)


def as_people_write_it():
    volume = []
    for file in FILES:
        dataset = pydicom.dcmread(file)
        hounsfield = dataset.pixel_array.astype(np.float32) * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
        windowed = (np.clip(hounsfield, LOW, HIGH) - LOW) / (HIGH - LOW)
        volume.append(cv2.resize(windowed, (COLUMNS, ROWS), interpolation=cv2.INTER_LINEAR))
    volume = np.stack(volume)
    zoomed = ndimage.zoom(volume, (SLICES / len(volume), 1, 1), order=1, mode="nearest", grid_mode=True)
    return np.rint(zoomed * 255).astype(np.uint8)


def resample_tuned(read):
    """Only the slices needed; clipped and shrunk as int16, which cv2 does fastest; planes blended in float32."""
    out = np.empty(PARAMETERS["shape"], np.uint8)
    held = {}

    def plane(index):
        if index not in held:
            stored, slope, intercept = read(index)
            clipped = np.clip(stored, np.int16((LOW - intercept) / slope), np.int16((HIGH - intercept) / slope))
            small = cv2.resize(clipped, (COLUMNS, ROWS), interpolation=cv2.INTER_LINEAR)
            scale = 255 / (HIGH - LOW)
            held[index] = small * np.float32(slope * scale) + np.float32((intercept - LOW) * scale)
            held.pop(index - 2, None)
        return held[index]

    for d, (first, second, weight) in enumerate(taps()):
        a = plane(first)
        blended = a if weight == 0 else cv2.addWeighted(a, float(1 - weight), plane(second), float(weight), 0)
        out[d] = np.rint(blended)
    return out


def tuned():
    def read(index):
        dataset = pydicom.dcmread(FILES[index], specific_tags=TAGS)
        stored = np.frombuffer(dataset.PixelData, np.int16).reshape(dataset.Rows, dataset.Columns)
        return stored, float(dataset.RescaleSlope), float(dataset.RescaleIntercept)

    return resample_tuned(read)


def tuned_without_parser():
    def read(index):
        with open(FILES[index], "rb", buffering=0) as file:
            file.seek(-512 * 512 * 2, 2)
            stored = np.frombuffer(file.read(512 * 512 * 2), np.int16).reshape(512, 512)
        return stored, 1.0, 0.0

    return resample_tuned(read)


def tuned_with_decoder(plugin):
    decoder = get_decoder(pydicom.dcmread(FILES[0], stop_before_pixels=True).file_meta.TransferSyntaxUID)

    def read(index):
        dataset = pydicom.dcmread(FILES[index])
        stored, _ = decoder.as_array(dataset, decoding_plugin=plugin, raw=True, index=0)
        return stored, float(dataset.RescaleSlope), float(dataset.RescaleIntercept)

    return lambda: resample_tuned(read)


def list_peers():
    if KIND == "uncompressed":
        return {
            "Python as people write it (pydicom, cv2, scipy)": as_people_write_it,
            "Python tuned (pydicom, cv2 on int16)": tuned,
            "Python tuned, no DICOM parser": tuned_without_parser,
        }
    uid = pydicom.dcmread(FILES[0], stop_before_pixels=True).file_meta.TransferSyntaxUID
    plugins = get_decoder(uid).available_plugins
    return {f"Python tuned (pydicom with {plugin}, cv2 on int16)": tuned_with_decoder(plugin) for plugin in plugins}


def main():
    cv2.setNumThreads(1)
    tensor = np.fromfile(TENSOR, np.uint8).reshape(PARAMETERS["shape"]).astype(np.int16)
    runs, agreement = {}, {}
    for name, peer in list_peers().items():
        # Once before the clock runs, where that does not take many seconds.
        result = peer() if KIND == "uncompressed" else None
        runs[name] = []
        for _ in range(RUNS):
            wall, cpu = time.perf_counter(), time.process_time()
            result = peer()
            runs[name].append([(time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000])
        difference = np.abs(result - tensor)
        # Shrinking in int16 rounds in between, so the tuned peers are near rather than equal.
        agreement[name] = {"largest": int(difference.max()), "mean": float(difference.mean())}
    json.dump({"runs": runs, "agreement": agreement}, sys.stdout)


main()
