"""Elements and values of DICOM files as pydicom reads them: one JSON object a file, keyed by the given names.

usage: dicom_elements.py ROOT < names, one a line

Values are digests of the value field's bytes (raw elements), so that nothing is lost in formatting; sequences are
lists of items, and an element that pydicom has already converted has no digest. A file that pydicom cannot read gives {"error": class name}.
"""

import hashlib
import json
import sys
import warnings

import pydicom
from pydicom.dataelem import DataElement, RawDataElement

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def describe(dataset):
    elements = {}
    # Raw values before any conversion; sequences come parsed or are converted by access.
    for tag in list(dataset._dict.keys()):
        raw = dataset._dict[tag]
        key = f"{int(tag):08X}"
        vr = raw.VR
        if isinstance(raw, RawDataElement):
            value = raw.value or b""
            is_sequence = False
            if vr in (None, "UN", "SQ"):
                try:
                    converted = dataset[tag]
                    is_sequence = converted.VR == "SQ"
                    vr = converted.VR
                except Exception:
                    pass
            if is_sequence:
                elements[key] = ["SQ", [describe(item) for item in dataset[tag].value]]
            else:
                elements[key] = [vr, hashlib.sha1(bytes(value)).hexdigest()[:16], len(value)]
        elif isinstance(raw, DataElement) and raw.VR == "SQ":
            elements[key] = ["SQ", [describe(item) for item in raw.value]]
        else:
            # Converted while reading (Specific Character Set, Pixel Representation): the texts below compare it.
            elements[key] = [vr, None, 0]
    return elements


def main():
    root = sys.argv[1]
    result = {}
    for line in sys.stdin:
        name = line.rstrip("\n")
        if not name:
            continue
        try:
            dataset = pydicom.dcmread(f"{root}/{name}", force=True)
            # Deferred to here: accessing may fail too.
            result[name] = {"elements": describe(dataset), "texts": texts(dataset)}
        except Exception as error:  # noqa: BLE001
            result[name] = {"error": type(error).__name__}
    json.dump(result, sys.stdout)


def texts(dataset):
    """Decoded text and numbers of the top level, to compare the accessors."""
    found = {}
    for tag in list(dataset._dict.keys()):
        try:
            element = dataset[tag]
            if element.VR in ("CS", "PN", "LO", "SH", "LT", "ST", "UT") and element.value:
                value = element.value
                parts = [value] if isinstance(value, str) or element.VR == "PN" and element.VM == 1 else list(value)
                found[f"{int(tag):08X}"] = "\\".join(str(part) for part in parts)
            elif element.VR in ("DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "AT") and element.value not in (None, ""):
                value = element.value
                parts = [value] if element.VM == 1 else list(value)
                found[f"{int(tag):08X}"] = [float(part) for part in parts]
        except Exception:  # noqa: BLE001
            continue
    return found


main()
