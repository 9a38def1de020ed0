"""Sends files to an Orthanc of its own, takes them back, and compares their data sets.

To be run as `unshare -n python orthanc.py ORTHANC`: Debian's Orthanc listens on every interface, so it gets a network
namespace with a loopback and nothing else. stdin: {"files": [...]}. stdout: JSON list of {path, status, pixels, equal}.

Or stdin {"commands": [[...], ...], "keep": DIR}: runs each command, which sends to 127.0.0.1:8042/dicom-web or
ORTHANC@127.0.0.1:4242, and lays what came into DIR/INDEX. stdout: JSON list of {code, paths}.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import pydicom

URL = "http://127.0.0.1:8042"
PLUG_IN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


def call(path, data=None, method=None):
    with urllib.request.urlopen(urllib.request.Request(URL + path, data=data, method=method), timeout=60) as response:
        return response.read()


def pixels(dataset):
    element = dataset.get_item("PixelData")
    return None if element is None else hashlib.sha256(element.value).hexdigest()


def compare(path):
    with open(path, "rb") as file:
        sent = file.read()
    try:
        answer = json.loads(call("/instances", sent))
        returned = call(f"/instances/{answer['ID']}/file")
    except urllib.error.HTTPError as error:
        return {"path": path, "status": f"HTTP {error.code}", "pixels": False, "equal": False}
    before, after = (pydicom.dcmread(io.BytesIO(data)) for data in (sent, returned))
    return {
        "path": path,
        "status": answer["Status"],
        "pixels": pixels(before) == pixels(after) is not None,
        "equal": sent == returned,
    }


def receive(command, folder):
    """Runs a command that sends, lays what Orthanc then has into the folder, and empties Orthanc."""
    code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=sys.stderr).returncode
    os.makedirs(folder)
    paths = []
    for name in json.loads(call("/instances")):
        uid = json.loads(call(f"/instances/{name}"))["MainDicomTags"]["SOPInstanceUID"]
        paths.append(f"{folder}/{uid}.dcm")
        with open(paths[-1], "wb") as file:
            file.write(call(f"/instances/{name}/file"))
        call(f"/instances/{name}", method="DELETE")
    return {"code": code, "paths": sorted(paths)}


subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
request = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as folder:
    settings = {
        "StorageDirectory": folder,
        "IndexDirectory": folder,
        "HttpPort": 8042,
        "DicomPort": 4242,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        # One image in several transfer syntaxes has one SOP Instance UID.
        "OverwriteInstances": True,
        "Plugins": [PLUG_IN] if "commands" in request else [],
    }
    with open(f"{folder}/orthanc.json", "w") as file:
        json.dump(settings, file)
    server = subprocess.Popen(
        [sys.argv[1], f"{folder}/orthanc.json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for attempt in range(300):
            try:
                call("/system")
                break
            except (urllib.error.URLError, OSError):
                if server.poll() is not None:
                    raise RuntimeError("Orthanc ended") from None
                time.sleep(0.2)
        results = [compare(path) for path in request.get("files", [])]
        for index, command in enumerate(request.get("commands", [])):
            results.append(receive(command, f"{request['keep']}/{index}"))
    finally:
        server.terminate()
        server.wait(30)
print(json.dumps(results))
