"""De-identification from disk to disk with other tools, each set up once, as its documentation shows."""

import os
import warnings
from importlib.metadata import version

from rounds import list_files, serve

warnings.simplefilter("ignore")


def each_file(args, package, work_on):
    files = list_files(args["source"])

    def work(request):
        for index, file in enumerate(files):
            work_on(file, os.path.join(request["target"], str(index)))
        return {"files": len(os.listdir(request["target"]))}

    return version(package), work


def pydicom_tool(args):
    """No de-identification: what reading, looking at each element and writing cost in pydicom."""
    import pydicom

    def work_on(path, output):
        dataset = pydicom.dcmread(path)
        for element in dataset.iterall():
            element.value
        dataset.save_as(output)

    return each_file(args, "pydicom", work_on)


def dicognito_tool(args):
    import pydicom
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer(seed="bench")

    def work_on(path, output):
        with pydicom.dcmread(path) as dataset:
            anonymizer.anonymize(dataset)
            dataset.save_as(output)

    return each_file(args, "dicognito", work_on)


def deid_tool(args):
    from deid.config import DeidRecipe
    from deid.dicom import replace_identifiers
    from deid.logger import bot

    bot.level = 0
    recipe = DeidRecipe()

    def work_on(path, output):
        (dataset,) = replace_identifiers(
            dicom_files=[path], deid=recipe, save=False, remove_private=True, strip_sequences=False
        )
        dataset.save_as(output)

    return each_file(args, "deid", work_on)


def dcmanon_tool(args):
    from dcmanon import Anonymizer

    anonymizer = Anonymizer()

    def work_on(path, output):
        with open(output, "wb") as file:
            file.write(anonymizer.anonymize(path))

    return each_file(args, "dcmanon", work_on)


def dicom_anonymizer_tool(args):
    from dicomanonymizer import anonymize_dicom_file

    return each_file(args, "dicom-anonymizer", anonymize_dicom_file)


serve(
    {
        "pydicom": pydicom_tool,
        "dicognito": dicognito_tool,
        "deid": deid_tool,
        "dcmanon": dcmanon_tool,
        "dicom-anonymizer": dicom_anonymizer_tool,
    }
)
