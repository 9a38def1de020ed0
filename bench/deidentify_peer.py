"""De-identifies the files of a folder with another tool, in rounds, and prints what each file took.

Arguments: tool, input folder, output folder, rounds. stdout: JSON {"wallMs": [...], "cpuMs": [...]}, one number a round:
milliseconds a file. Each tool is set up once, as its documentation shows; files are read from disk and written to disk.
"""

import json
import os
import resource
import sys
import time
import warnings

warnings.simplefilter("ignore")
tool, source, target, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
files = sorted(os.listdir(source))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def pydicom_tool():
    import pydicom

    def work(path, output):
        dataset = pydicom.dcmread(path)
        # All elements are parsed, as a de-identifier has to.
        for element in dataset.iterall():
            element.value
        dataset.save_as(output)

    return work


def dicognito_tool():
    import pydicom
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer(seed="bench")

    def work(path, output):
        with pydicom.dcmread(path) as dataset:
            anonymizer.anonymize(dataset)
            dataset.save_as(output)

    return work


def deid_tool():
    from deid.config import DeidRecipe
    from deid.dicom import replace_identifiers
    from deid.logger import bot

    bot.level = 0
    recipe = DeidRecipe()

    def work(path, output):
        (dataset,) = replace_identifiers(
            dicom_files=[path], deid=recipe, save=False, remove_private=True, strip_sequences=False
        )
        dataset.save_as(output)

    return work


def dcmanon_tool():
    from dcmanon import Anonymizer

    anonymizer = Anonymizer()

    def work(path, output):
        with open(output, "wb") as file:
            file.write(anonymizer.anonymize(path))

    return work


work = {"pydicom": pydicom_tool, "dicognito": dicognito_tool, "deid": deid_tool, "dcmanon": dcmanon_tool}[tool]()
result = {"wallMs": [], "cpuMs": []}
# The first round warms up.
for round_ in range(rounds + 1):
    wall, cpu = time.perf_counter(), cpu_seconds()
    for name in files:
        work(os.path.join(source, name), os.path.join(target, name))
    if round_ > 0:
        result["wallMs"].append((time.perf_counter() - wall) * 1000 / len(files))
        result["cpuMs"].append((cpu_seconds() - cpu) * 1000 / len(files))
sys.stdout = sys.__stdout__
print(json.dumps(result))
