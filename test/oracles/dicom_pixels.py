"""Pixels of DICOM files as pydicom decodes them (pylibjpeg, gdcm, its own).

usage: dicom_pixels.py ROOT OUTPUT_FOLDER < names, one a line, each with a tab and the transfer syntax to assume

Writes OUTPUT_FOLDER/INDEX.i32 (little endian int32, all frames, samples of a pixel together) and prints
{name: {"index": n, "plugin": name} | {"error": class name}}.
"""

import json
import sys
import warnings

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.pixels import pixel_array

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def main():
    root, folder = sys.argv[1:3]
    result = {}
    for index, line in enumerate(sys.stdin):
        name, syntax = line.rstrip("\n").split("\t")
        try:
            dataset = pydicom.dcmread(f"{root}/{name}", force=True)
            if not hasattr(dataset, "file_meta"):
                dataset.file_meta = FileMetaDataset()
            if "TransferSyntaxUID" not in dataset.file_meta:
                dataset.file_meta.TransferSyntaxUID = syntax
            # raw: no conversion of colour spaces
            pixels = pixel_array(dataset, raw=True)
            pixels.astype(np.int64).astype(np.int32).tofile(f"{folder}/{index}.i32")
            result[name] = {"index": index}
        except Exception as error:  # noqa: BLE001
            result[name] = {"error": type(error).__name__}
    json.dump(result, sys.stdout)


main()
