"""A CT archive to a de-identified, labelled data set in straightforward Python: a process a core, every library tuned.

Usage: whole_pipeline.py INPUT OUTPUT PROCESSES BUNDLE, or `-` for no inference.
It does the job once: it resumes nothing, makes no digests, looks for no text in pixels and reviews nothing.
"""

import hashlib
import hmac
import json
import math
import os
import sys
from collections import defaultdict
from functools import cache
from multiprocessing import Pool

import cv2
import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pyarrow.parquet as pq
import pydicom
from preprocess import Volume
from rounds import list_files

INPUT, OUTPUT, PROCESSES, BUNDLE = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
PARAMETERS = {"windowHu": [-1000, 400], "shape": [128, 224, 224]}
KEY = bytes(32)
CT = "1.2.840.10008.5.1.4.1.1.2"

SCANNED = [
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "ImageType",
    "InstanceNumber", "AcquisitionNumber", "ConvolutionKernel", "ImagePositionPatient", "ImageOrientationPatient",
]  # fmt: skip
KEPT = [
    "SOPClassUID", "ImageType", "Modality", "Manufacturer", "ManufacturerModelName", "SoftwareVersions",
    "PatientSex", "PatientAge", "BodyPartExamined", "SeriesNumber", "AcquisitionNumber", "InstanceNumber",
    "ScanOptions", "SliceThickness", "KVP", "DataCollectionDiameter", "ReconstructionDiameter",
    "DistanceSourceToDetector", "DistanceSourceToPatient", "GantryDetectorTilt", "TableHeight",
    "RotationDirection", "ExposureTime", "XRayTubeCurrent", "Exposure", "FilterType", "GeneratorPower",
    "FocalSpots", "ConvolutionKernel", "PatientPosition", "SingleCollimationWidth", "TotalCollimationWidth",
    "TableSpeed", "TableFeedPerRotation", "SpiralPitchFactor", "ContrastBolusAgent", "ContrastBolusRoute",
    "ImagePositionPatient", "ImageOrientationPatient", "SliceLocation", "SamplesPerPixel",
    "PhotometricInterpretation", "Rows", "Columns", "PixelSpacing", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PixelPaddingValue", "WindowCenter", "WindowWidth", "RescaleIntercept",
    "RescaleSlope", "RescaleType", "LossyImageCompression", "PixelData",
]  # fmt: skip
UIDS = ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"]
EMPTY = ["PatientBirthDate", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID"]

cv2.setNumThreads(1)


def digest(text):
    return hmac.new(KEY, str(text).encode(), hashlib.sha256).digest()


@cache
def pseudonym_uid(uid):
    return f"2.25.{int.from_bytes(digest(uid)[:16], 'big')}"


@cache
def pseudonym_id(identifier):
    return f"SW{digest(identifier).hex()[:16].upper()}"


def scan(path):
    """What grouping and ordering need; None for what is no slice of a CT series."""
    dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=SCANNED)
    if dataset.get("SOPClassUID") != CT or "LOCALIZER" in dataset.get("ImageType", []):
        return path, None, None
    orientation = tuple(round(float(cosine), 3) for cosine in dataset.ImageOrientationPatient)
    key = (
        dataset.StudyInstanceUID,
        dataset.SeriesInstanceUID,
        orientation,
        tuple(dataset.ImageType),
        str(dataset.get("AcquisitionNumber", "")),
        str(dataset.get("ConvolutionKernel", "")),
    )
    axis = int(np.argmax(np.abs(np.cross(orientation[:3], orientation[3:]))))
    position = float(dataset.ImagePositionPatient[axis])
    # Head to foot, front to back, right to left.
    return path, key, -position if axis == 2 else position


def deidentify(dataset):
    clean = pydicom.Dataset()
    for keyword in KEPT:
        if keyword in dataset:
            clean[keyword] = dataset[keyword]
    for keyword in UIDS:
        if keyword in dataset:
            setattr(clean, keyword, pseudonym_uid(dataset[keyword].value))
    for keyword in EMPTY:
        setattr(clean, keyword, "")
    clean.PatientID = clean.PatientName = pseudonym_id(dataset.PatientID)
    clean.PatientIdentityRemoved = "YES"
    clean.file_meta = pydicom.dataset.FileMetaDataset()
    clean.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    clean.file_meta.MediaStorageSOPClassUID = clean.SOPClassUID
    clean.file_meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    return clean


@cache
def load_network():
    """One a process, with one thread: series are what is done side by side."""
    with open(os.path.join(BUNDLE, "card.json")) as file:
        card = json.load(file)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    (name,) = {task["file"] for task in card["tasks"].values()}
    session = ort.InferenceSession(os.path.join(BUNDLE, name), options, providers=["CPUExecutionProvider"])
    return session, card


def classify(tensor):
    session, card = load_network()
    names = [head["logits"] for head in card["tasks"].values()]
    for (task, head), (logits,) in zip(
        card["tasks"].items(), session.run(names, {card["input"]["name"]: tensor[None, None]})
    ):
        powers = np.exp((logits - logits.max()) / head["temperature"])
        scores = powers / powers.sum()
        best = int(scores.argmax())
        yield {
            "task": task,
            "label": head["labels"][best],
            "score": float(scores[best]),
            "scores": scores.tolist(),
            "logits": logits.tolist(),
        }


def work_on(unit):
    """One series: its slices written, its tensor made and classified. Rows of the three tables."""
    number, paths = unit
    name = f"unit-{number:06}"
    instances, slices = [], []
    for path in paths:
        dataset = pydicom.dcmread(path)
        clean = deidentify(dataset)
        ids = [clean.PatientID, clean.StudyInstanceUID, clean.SeriesInstanceUID]
        folder = os.path.join("dicom", *ids)
        os.makedirs(os.path.join(OUTPUT, folder), exist_ok=True)
        output = os.path.join(folder, f"{clean.SOPInstanceUID}.dcm")
        clean.save_as(os.path.join(OUTPUT, output), enforce_file_format=True)
        slices.append((dataset, dataset.pixel_array))
        instances.append(
            {
                "source_key": digest(path).hex()[:32],
                "source_bytes": os.path.getsize(path),
                "disposition": "kept",
                "sop_instance_uid": clean.SOPInstanceUID,
                "series_unit": name,
                "instance_number": int(clean.InstanceNumber),
                "image_position_patient": [float(x) for x in clean.ImagePositionPatient],
                "output_path": output,
            }
        )
    first = slices[0][0]
    series = {
        "series_unit": name,
        **dict(zip(["patient_id", "study_instance_uid", "series_instance_uid"], ids)),
        "disposition": "kept",
        "instance_count": len(slices),
        "rows": first.Rows,
        "columns": first.Columns,
        "pixel_spacing_mm": [float(x) for x in first.PixelSpacing],
        "image_orientation_patient": [float(x) for x in first.ImageOrientationPatient],
        "manufacturer": str(first.get("Manufacturer", "")),
        "convolution_kernel": str(first.get("ConvolutionKernel", "")),
    }

    def read(index):
        dataset, pixels = slices[index]
        return pixels.astype(np.int16, copy=False), float(dataset.RescaleSlope), float(dataset.RescaleIntercept)

    tensor = Volume(len(slices), PARAMETERS).resample_tuned(read)
    labels = [] if BUNDLE == "-" else [{"series_unit": name, **row} for row in classify(tensor)]
    return instances, series, labels


def write_table(name, rows):
    folder = os.path.join(OUTPUT, "manifest", name)
    os.makedirs(folder)
    pq.write_table(pa.Table.from_pylist(rows), os.path.join(folder, "part-0.parquet"), compression="zstd")


def main():
    files = list_files(INPUT)
    with Pool(PROCESSES) as pool:
        groups, instances = defaultdict(list), []
        for path, key, position in pool.imap_unordered(scan, files, chunksize=64):
            if key is None:
                instances.append({"source_key": digest(path).hex()[:32], "disposition": "excluded"})
            else:
                groups[key].append((position, path))
        units = [[path for _, path in sorted(group)] for _, group in sorted(groups.items())]
        series, labels = [], []
        for more_instances, one_series, more_labels in pool.imap_unordered(work_on, enumerate(units)):
            instances += more_instances
            series.append(one_series)
            labels += more_labels
    write_table("instances", sorted(instances, key=lambda row: row["source_key"]))
    write_table("series", sorted(series, key=lambda row: row["series_unit"]))
    if labels:
        write_table("labels", sorted(labels, key=lambda row: (row["series_unit"], row["task"])))


if __name__ == "__main__":
    main()
