"""Tools that are commands: run as children, whose processor time the kernel tells to the microsecond."""

import re
import shutil
import subprocess

from rounds import list_files, serve


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def version_of(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"v?\d+\.\d+\.[\w.]+", done.stdout + done.stderr)
    return found.group(0) if found else None


def copy(args):
    return None, lambda request: run("cp", "-r", args["source"], request["target"])


def dcm2niix(args):
    """Sidecars only: headers, grouping, order of slices, no pixels."""

    def work(request):
        run("dcm2niix", "-b", "o", "-f", "%j", "-o", request["target"], args["source"])
        return {"series": len(list_files(request["target"]))}

    return version_of("dcm2niix", "--version"), work


# What a person gives dcmodify: the direct identifiers by name, private attributes and all UIDs of the instance.
ERASED = [
    "PatientName", "PatientBirthDate", "PatientAddress", "(0010,1000)", "AccessionNumber", "InstitutionName",
    "InstitutionAddress", "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName", "StationName",
    "StudyID", "StudyDescription", "SeriesDescription", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate",
    "StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime", "PatientComments", "ImageComments",
]  # fmt: skip


def dcmodify(args):
    options = ["-nb", "-imt", "-ep", "-gst", "-gse", "-gin", "-i", "PatientID=ANON"]
    for keyword in ERASED:
        options += ["-ea", keyword]

    def work(request):
        # It changes files in place.
        shutil.copytree(args["source"], request["target"], dirs_exist_ok=True)
        files = list_files(request["target"])
        run("dcmodify", *options, *files)
        return {"files": len(files)}

    return version_of("dcmodify", "--version"), work


serve({"copy": copy, "dcm2niix": dcm2niix, "dcmodify": dcmodify})
