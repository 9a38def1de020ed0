"""One process of bench/deidentify.mjs, of another tool: does the same with every one of its files whenever it is told to.

Arguments: tool, source folder, I, N (files number I, I + N, I + 2N ... of that folder). stdin: a folder a line, new and
empty; for each line one on stdout: {"wallMs", "cpuMs"} for a file. Each tool is set up once, as its documentation shows;
files are read from disk and written to disk.
"""

import json
import os
import resource
import sys
import time
import warnings

warnings.simplefilter("ignore")
tool, source, index, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
files = sorted(os.listdir(source))[index::count]
# Some tools print on their own.
answers, sys.stdout = sys.stdout, sys.stderr


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
for line in sys.stdin:
    target = line.rstrip("\n")
    wall, cpu = time.perf_counter(), cpu_seconds()
    for name in files:
        work(os.path.join(source, name), os.path.join(target, name))
    result = {
        "wallMs": (time.perf_counter() - wall) * 1000 / len(files),
        "cpuMs": (cpu_seconds() - cpu) * 1000 / len(files),
    }
    print(json.dumps(result), file=answers, flush=True)
