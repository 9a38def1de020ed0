"""CT objects in the lossless ways of storing pixels that a CT may have, and their pixels as pydicom or gdcm decodes them.

usage: pixel_matrix.py FOLDER

Writes NAME.dcm and NAME.i32 (little endian int32, all frames) and prints [{"name", "judge"}]. Identifiers are
made up. Values fill the range of Bits Stored; odd numbers of rows and columns let frames begin within a byte or a word.
"""

import json
import sys
import warnings
import zlib  # noqa: F401  before gdcm, whose own zlib would take its place and crash

import gdcm
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

warnings.simplefilter("ignore")
FOLDER = sys.argv[1]
GDCM = {JPEGLosslessSV1: "JPEGLosslessProcess14_1", JPEGLSLossless: "JPEGLSLossless"}
done = []


def item(**values):
    dataset = Dataset()
    for key, value in values.items():
        setattr(dataset, key, value)
    return Sequence([dataset])


def make(stored, allocated, signed, frames, rows, columns):
    """Values from the whole range in a smooth order, with both ends; each frame another."""
    low = -(2 ** (stored - 1)) if signed else 0
    index = np.arange(frames * rows * columns)
    values = low + (index * 37 + (index // columns) * 5) % 2**stored
    values[:2] = [low, low + 2**stored - 1]
    dtype = ("i" if signed else "u") + ("1" if allocated == 8 else "2")
    return values.astype(dtype).reshape(frames, rows, columns)


def header(pixels, stored, allocated, syntax, number):
    frames, rows, columns = pixels.shape
    signed = pixels.dtype.kind == "i"
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2" + (".1" if frames > 1 else "")
    dataset.SOPInstanceUID = f"2.25.{1000 + number}"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.PatientName, dataset.PatientID = "ZZTEST^CANARY", "ZZTEST-ID"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.1", "2.25.2"
    dataset.Modality, dataset.ImageType, dataset.InstanceNumber = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"], 1
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = rows, columns, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, stored, stored - 1
    dataset.PixelRepresentation = int(signed)
    if frames == 1:
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
        return dataset
    dataset.NumberOfFrames = frames
    dataset.SharedFunctionalGroupsSequence = item(
        PixelMeasuresSequence=item(PixelSpacing=[1, 1], SliceThickness=1),
        PlaneOrientationSequence=item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
    )
    groups = []
    for frame in range(frames):
        transformation = item(RescaleSlope=frame + 1, RescaleIntercept=-10 * frame, RescaleType="HU")
        position = item(ImagePositionPatient=[0, 0, frame])
        groups += item(PixelValueTransformationSequence=transformation, PlanePositionSequence=position)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    return dataset


def save(name, dataset, judge="pydicom"):
    path = f"{FOLDER}/{name}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    if judge == "pydicom":
        expected = pixel_array(pydicom.dcmread(path), raw=True)
    else:
        reader = gdcm.ImageReader()
        reader.SetFileName(path)
        assert reader.Read()
        raw = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
        expected = np.frombuffer(raw, "<u2")
    expected.astype("<i4").tofile(f"{FOLDER}/{name}.i32")
    done.append({"name": name, "judge": judge})


def native(name, syntax, stored, allocated, signed, frames, padding=None):
    pixels = make(stored, allocated, signed, frames, 9, 7)
    dataset = header(pixels, stored, allocated, syntax, len(done))
    if padding is not None:
        dataset.PixelPaddingValue = padding
        dataset["PixelPaddingValue"].VR = "SS" if signed else "US"
        pixels[:, 3, :] = padding
    big = syntax == ExplicitVRBigEndian
    raw = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes()
    raw += b"\0" * (len(raw) % 2)
    words = allocated > 8 or syntax == ImplicitVRLittleEndian or "words" in name
    if big and allocated == 8 and words:
        raw = np.frombuffer(raw, "<u2").byteswap().tobytes()
    dataset.PixelData = raw
    dataset["PixelData"].VR = "OW" if words else "OB"
    save(name, dataset)


def packed(name, syntax, frames):
    values = make(12, 16, False, frames, 9, 7)
    bits = np.unpackbits(values.astype("<u2").view(np.uint8).reshape(-1, 2), axis=1, bitorder="little")[:, :12]
    raw = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    dataset = header(values, 12, 12, syntax, len(done))
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OW"
    # gdcm takes pairs of samples alone: what numpy packed is the judge here.
    path = f"{FOLDER}/{name}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    values.astype("<i4").tofile(f"{FOLDER}/{name}.i32")
    done.append({"name": name, "judge": "what was packed"})


def packed_even(name):
    values = make(12, 16, False, 1, 8, 8)
    flat = values.reshape(-1, 2).astype(np.int64)
    raw = np.stack([flat[:, 0] & 255, (flat[:, 0] >> 8) | ((flat[:, 1] & 15) << 4), flat[:, 1] >> 4], axis=1)
    dataset = header(values, 12, 12, ExplicitVRLittleEndian, len(done))
    dataset.PixelData = raw.astype(np.uint8).tobytes()
    dataset["PixelData"].VR = "OW"
    save(name, dataset, judge="gdcm")


def encode_by_gdcm(pixels, dataset, syntax):
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    dataset["PixelData"].VR = "OW"
    path = f"{FOLDER}/native.tmp"
    dataset.save_as(path, enforce_file_format=True)
    reader = gdcm.ImageReader()
    reader.SetFileName(path)
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, GDCM[syntax])))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(path)
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    frames = pydicom.encaps.generate_frames(pydicom.dcmread(path, force=True).PixelData, number_of_frames=1)
    return next(frames)


def encode(pixels, dataset, syntax):
    """The codestream of each frame, one at a time as a single-frame image."""
    streams = []
    for frame in pixels:
        one = header(frame[np.newaxis], dataset.BitsStored, dataset.BitsAllocated, ExplicitVRLittleEndian, 0)
        if syntax in GDCM:
            streams.append(encode_by_gdcm(frame, one, syntax))
            continue
        one.PixelData = frame.tobytes() + b"\0" * (frame.nbytes % 2)
        one["PixelData"].VR = "OW"
        one.compress(syntax, encoding_plugin="pydicom" if syntax == RLELossless else "pylibjpeg")
        streams.append(next(pydicom.encaps.generate_frames(one.PixelData, number_of_frames=1)))
    return streams


def encapsulated(name, syntax, stored, allocated, signed, frames, fragments, table):
    pixels = make(stored, allocated, signed, frames, 40, 37)
    dataset = header(pixels, stored, allocated, syntax, len(done))
    streams = encode(pixels, dataset, syntax)
    if table == "extended":
        data, offsets, lengths = encapsulate_extended(streams)
        dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = offsets, lengths
    else:
        data = encapsulate(streams, fragments_per_frame=fragments, has_bot=table == "basic")
    dataset.PixelData = data
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    save(name, dataset)


NATIVE = {"implicit": ImplicitVRLittleEndian, "explicit": ExplicitVRLittleEndian, "big": ExplicitVRBigEndian, "deflated": DeflatedExplicitVRLittleEndian}
for key, uid in NATIVE.items():
    for sign in (False, True):
        for bits in (8, 10, 12, 13, 16):
            native(f"{key}-{bits}-of-16-{'signed' if sign else 'unsigned'}", uid, bits, 16, sign, 1)
        native(f"{key}-8-of-8-{'signed' if sign else 'unsigned'}-frames", uid, 8, 8, sign, 3)
        native(f"{key}-12-of-16-{'signed' if sign else 'unsigned'}-frames", uid, 12, 16, sign, 3)
    native(f"{key}-padding-signed", uid, 16, 16, True, 1, padding=-2000)
    native(f"{key}-padding-unsigned", uid, 12, 16, False, 1, padding=0)
native("big-8-of-8-unsigned-words-frames", ExplicitVRBigEndian, 8, 8, False, 3)
packed_even("packed-12-even")
packed("packed-12", ExplicitVRLittleEndian, 1)
packed("packed-12-frames", ExplicitVRLittleEndian, 3)
packed("packed-12-implicit-frames", ImplicitVRLittleEndian, 4)
for key, uid in {"rle": RLELossless, "j2k": JPEG2000Lossless, "jpeg-lossless": JPEGLosslessSV1, "jpeg-ls": JPEGLSLossless}.items():
    for bits, allocated, sign in ((8, 8, False), (12, 16, False), (12, 16, True), (16, 16, False), (16, 16, True)):
        encapsulated(f"{key}-{bits}-of-{allocated}-{'signed' if sign else 'unsigned'}", uid, bits, allocated, sign, 1, 1, "none")
    for fragments in (1, 3):
        for table in ("none", "basic"):
            # RLE has no start marker: its fragments cannot be told apart without a table, and pydicom agrees.
            if fragments == 3 and table == "none" and key == "rle":
                continue
            encapsulated(f"{key}-frames-{fragments}-fragments-{table}-table", uid, 12, 16, False, 3, fragments, table)
    encapsulated(f"{key}-frames-extended-table", uid, 12, 16, False, 3, 1, "extended")
json.dump(done, sys.stdout)
