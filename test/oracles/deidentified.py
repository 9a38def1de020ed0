"""Compares de-identified files with their sources through pydicom and prints JSON.

Reads {"pairs": [[source, output], ...]} from standard input; an archive member is written out by the caller.
"""
import hashlib
import json
import sys
import warnings

import pydicom

pydicom.config.settings.reading_validation_mode = pydicom.config.WARN
warnings.simplefilter("ignore")

results = []
for source_path, output_path in json.load(sys.stdin)["pairs"]:
    source = pydicom.dcmread(source_path, force=True)
    pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
    problems = []
    try:
        output = pydicom.dcmread(output_path)
        for element in output.iterall():
            element.value
    except Exception as error:
        problems.append(f"strict reading: {type(error).__name__}: {error}")
        output = pydicom.dcmread(output_path, force=True)
    pydicom.config.settings.reading_validation_mode = pydicom.config.WARN
    source_pixels = source.get_item("PixelData").value if "PixelData" in source else b""
    output_pixels = output.get_item("PixelData").value
    equal = [
        element.keyword
        for element in output
        if element.tag in source and element.VR != "SQ" and element.value == source[element.tag].value
    ]
    results.append(
        {
            "problems": problems,
            "pixelsEqual": hashlib.sha256(source_pixels).digest() == hashlib.sha256(output_pixels).digest(),
            "equal": equal,
            "private": [str(e.tag) for e in output.iterall() if e.tag.is_private],
            "groupLengths": [str(e.tag) for e in output.iterall() if e.tag.element == 0],
            "patientName": str(output.PatientName),
            "identityRemoved": output.get("PatientIdentityRemoved"),
            "methods": [item.CodeValue for item in output.DeidentificationMethodCodeSequence],
            "transferSyntaxUid": str(output.file_meta.TransferSyntaxUID),
            "preambleEmpty": output.preamble == b"\0" * 128,
        }
    )
print(json.dumps(results))
