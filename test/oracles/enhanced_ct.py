"""Multi-frame CT objects made of the slices of a single-frame series, each with a patient and a study of its own.

usage: enhanced_ct.py SERIES_FOLDER OUTPUT_FOLDER

Writes OUTPUT_FOLDER/single/*.dcm (the slices as they are, identifiers replaced) and OUTPUT_FOLDER/NAME/image.dcm, and
prints {NAME: patient}. Frames are in a shuffled order. Enhanced CT and Legacy Converted Enhanced CT: PS3.3 A.38, A.70.
"""

import copy
import json
import pathlib
import random
import sys
import warnings

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

warnings.simplefilter("ignore")
SOURCE, OUTPUT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
ENHANCED, LEGACY = "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"
ENCODERS = {RLELossless: "pylibjpeg", JPEG2000Lossless: "pylibjpeg", JPEGLSLossless: "pyjpegls"}
slices = [pydicom.dcmread(path) for path in sorted(SOURCE.glob("*.dcm"))]
pixels = [dataset.pixel_array for dataset in slices]
patients = {}


def item(**values):
    dataset = Dataset()
    for key, value in values.items():
        setattr(dataset, key, value)
    return Sequence([dataset])


def identify(dataset, name):
    number = patients.setdefault(name, len(patients) + 1)
    dataset.PatientName, dataset.PatientID = f"ZZTEST^{name.upper()}", f"ZZTEST-{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"2.25.77{number}0", f"2.25.77{number}1"
    dataset.FrameOfReferenceUID = f"2.25.77{number}2"


def write_single():
    (OUTPUT / "single").mkdir()
    for index, source in enumerate(slices):
        dataset = copy.deepcopy(source)
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        identify(dataset, "single")
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"2.25.78{index}"
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.save_as(OUTPUT / "single" / f"{index}.dcm", enforce_file_format=True)


def write_multi(name, sop_class, syntax, *, fragments=1, table="none", shift=False, rescale=True, rescale_type="HU"):
    first = slices[0]
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    identify(dataset, name)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"2.25.79{patients[name]}"
    for keyword in (
        "Modality Manufacturer ManufacturerModelName SeriesDescription StudyDescription PatientPosition SeriesNumber "
        "InstanceNumber Rows Columns SamplesPerPixel PhotometricInterpretation BitsAllocated BitsStored HighBit "
        "PixelRepresentation BodyPartExamined ProtocolName"
    ).split():
        if keyword in first:
            dataset[keyword] = first[keyword]
    image_type = [*first.ImageType[:2], "VOLUME", "NONE"]
    dataset.ImageType, dataset.NumberOfFrames = image_type, len(slices)
    dataset.ContentDate, dataset.ContentTime = "20200101", "120000"
    dataset.SharedFunctionalGroupsSequence = item(
        PlaneOrientationSequence=item(ImageOrientationPatient=first.ImageOrientationPatient),
        PixelMeasuresSequence=item(PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness),
        CTImageFrameTypeSequence=item(FrameType=image_type),
        CTReconstructionSequence=item(ConvolutionKernel=first.get("ConvolutionKernel", "STANDARD")),
        CTAcquisitionDetailsSequence=item(GantryDetectorTilt=first.get("GantryDetectorTilt", 0)),
        CTXRayDetailsSequence=item(KVP=first.KVP),
    )
    order = list(range(len(slices)))
    random.Random(4).shuffle(order)
    groups, frames = [], []
    for place, index in enumerate(order):
        source = slices[index]
        offset = 10 * (index % 3) if shift else 0
        frames.append((pixels[index].astype(np.int32) - offset).astype(pixels[index].dtype))
        group = item(
            FrameContentSequence=item(StackID="1", InStackPositionNumber=place + 1, DimensionIndexValues=[1, place + 1]),
            PlanePositionSequence=item(ImagePositionPatient=source.ImagePositionPatient),
        )[0]
        if rescale:
            group.PixelValueTransformationSequence = item(
                RescaleSlope=source.RescaleSlope,
                RescaleIntercept=float(source.RescaleIntercept) + offset * float(source.RescaleSlope),
                RescaleType=rescale_type,
            )
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    if syntax == ExplicitVRLittleEndian:
        dataset.PixelData = b"".join(frame.tobytes() for frame in frames)
        dataset["PixelData"].VR = "OW"
    else:
        streams = [encode(frame, syntax) for frame in frames]
        if table == "extended":
            value, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = encapsulate_extended(streams)
        else:
            value = encapsulate(streams, fragments_per_frame=fragments, has_bot=table == "basic")
        dataset.PixelData = value
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    (OUTPUT / name).mkdir()
    dataset.save_as(OUTPUT / name / "image.dcm", enforce_file_format=True)


def encode(frame, syntax):
    one = copy.deepcopy(slices[0])
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.PixelData = frame.tobytes()
    one.compress(syntax, encoding_plugin=ENCODERS[syntax], generate_instance_uid=False)
    return next(generate_frames(one.PixelData, number_of_frames=1))


OUTPUT.mkdir(parents=True, exist_ok=True)
write_single()
write_multi("enhanced-native", ENHANCED, ExplicitVRLittleEndian, shift=True)
write_multi("enhanced-jpeg-2000", ENHANCED, JPEG2000Lossless, table="basic")
write_multi("enhanced-jpeg-ls-fragments", ENHANCED, JPEGLSLossless, fragments=3)
write_multi("legacy-native", LEGACY, ExplicitVRLittleEndian)
write_multi("legacy-rle-extended-table", LEGACY, RLELossless, table="extended")
write_multi("no-rescale", ENHANCED, ExplicitVRLittleEndian, rescale=False)
write_multi("rescale-of-other-type", ENHANCED, ExplicitVRLittleEndian, rescale_type="US")
json.dump({name: f"ZZTEST-{number}" for name, number in patients.items()}, sys.stdout)
