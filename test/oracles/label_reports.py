"""Reads structured reports as highdicom does: their measurement groups, and the names of all items above them.

To be run as `python label_reports.py FILE...`. stdout: JSON list, one entry a file. `naturalized` is the data set by
keywords, as viewers hold it. With `--reference FILE` highdicom first makes a report of its own with the same content
(TID 1500, a Device as observer, an algorithm, one number and one code a group), and `outline` of that comes first.
"""

import io
import json
import sys
import warnings

import pydicom
from highdicom import sr
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

warnings.simplefilter("ignore")


def code_of(sequence):
    return [str(sequence[0].CodeValue), str(sequence[0].CodingSchemeDesignator), str(sequence[0].CodeMeaning)]


def outline(item, depth=0):
    """Value type, relationship and concept name of every item; images are told once."""
    lines = []
    for child in item.get("ContentSequence", []):
        name = child.ConceptNameCodeSequence[0]
        line = [depth, child.RelationshipType, child.ValueType, f"{name.CodeValue} {name.CodingSchemeDesignator}"]
        if line not in lines:
            lines.append(line)
        lines += outline(child, depth + 1)
    return lines


def naturalized(dataset):
    result = {}
    for element in dataset:
        if element.VR == "SQ":
            result[element.keyword] = [naturalized(item) for item in element.value]
        else:
            result[element.keyword] = element.value if isinstance(element.value, (int, float)) else str(element.value)
    return result


def read(path):
    dataset = pydicom.dcmread(path)
    report = sr.srread(path)
    groups = []
    for group in report.content.get_image_measurement_groups():
        algorithm = {}
        for item in group[0].ContentSequence:
            if item.ConceptNameCodeSequence[0].CodeValue in ("111001", "111003", "111002"):
                algorithm.setdefault(item.ConceptNameCodeSequence[0].CodeMeaning, []).append(str(item.TextValue))
        groups.append(
            {
                "tracking": group.tracking_identifier,
                "tracking_uid": group.tracking_uid,
                "algorithm": algorithm,
                "measurements": [
                    [m.name.value, m.value, m.unit.value] for m in group.get_measurements()
                ],
                "evaluations": [
                    [code_of(e[0].ConceptNameCodeSequence), code_of(e[0].ConceptCodeSequence)]
                    for e in group.get_qualitative_evaluations()
                ],
            }
        )
    return {
        "class": type(report).__name__,
        "groups": groups,
        "outline": outline(dataset),
        "naturalized": naturalized(dataset),
    }


def reference(image_path):
    image = pydicom.dcmread(image_path)
    device = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid="2.25.1", name="zz", manufacturer_name="zz", model_name="zz"
        ),
    )
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid="2.25.2", identifier="zz"),
        algorithm_id=sr.AlgorithmIdentification(name="zz", version="1", parameters=["a"]),
        measurements=[
            sr.Measurement(
                name=Code("111012", "DCM", "Certainty of Finding"),
                value=0.5,
                unit=Code("{0:1}", "UCUM", "range: 0:1"),
            )
        ],
        qualitative_evaluations=[
            sr.QualitativeEvaluation(
                name=Code("123014", "DCM", "Target Region"), value=Code("69536005", "SCT", "Head")
            )
        ],
    )
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=Code("25045-6", "LN", "CT unspecified body region"),
        imaging_measurements=[group],
        referenced_images=[image],
    )
    report = sr.ComprehensiveSR(
        evidence=[image],
        content=content,
        series_number=1,
        series_instance_uid="2.25.3",
        sop_instance_uid="2.25.4",
        instance_number=1,
        manufacturer="zz",
    )
    buffer = io.BytesIO()
    report.save_as(buffer)
    return outline(pydicom.dcmread(io.BytesIO(buffer.getvalue())))


arguments = sys.argv[1:]
results = []
if arguments[:1] == ["--reference"]:
    results.append(reference(arguments[1]))
    arguments = arguments[2:]
results += [read(path) for path in arguments]
print(json.dumps(results))
