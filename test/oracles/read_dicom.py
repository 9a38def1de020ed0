"""Reads DICOM files with pydicom and prints their elements as JSON: { tag: [VR, value] }, items of sequences nested.

Usage: read_dicom.py FILE...
"""

import json
import sys

import pydicom


def plain(element):
    if element.VR == "SQ":
        return [dump(item) for item in element.value]
    value = element.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, (list, pydicom.multival.MultiValue)):
        return [float(entry) if isinstance(entry, (int, float)) else str(entry) for entry in value]
    return None if value is None else str(value)


def dump(dataset):
    return {f"{element.tag:08x}": [element.VR, plain(element)] for element in dataset}


def main():
    report = []
    for path in sys.argv[1:]:
        dataset = pydicom.dcmread(path)
        report.append({"meta": dump(dataset.file_meta), "dataset": dump(dataset)})
    json.dump(report, sys.stdout)


main()
