"""Header scan and grouping with pydicom: the same decision that a run takes of plain CT."""

from collections import Counter

import pydicom
from rounds import list_files, serve

TAGS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "PatientID",
    "Modality",
    "ImageType",
    "InstanceNumber",
    "AcquisitionNumber",
    "ConvolutionKernel",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "Rows",
    "Columns",
]


def scan(args, tags):
    def work(_):
        series = Counter()
        for file in list_files(args["source"]):
            dataset = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=tags)
            if dataset.SOPClassUID != "1.2.840.10008.5.1.4.1.1.2" or "LOCALIZER" in dataset.ImageType:
                continue
            orientation = tuple(round(float(x), 3) for x in dataset.ImageOrientationPatient)
            kernel = str(dataset.get("ConvolutionKernel", ""))
            series[dataset.SeriesInstanceUID, orientation, tuple(dataset.ImageType), kernel] += 1
        return {"series": len(series), "slices": sum(series.values())}

    return pydicom.__version__, work


serve({"pydicom": lambda args: scan(args, TAGS), "pydicom-all": lambda args: scan(args, None)})
