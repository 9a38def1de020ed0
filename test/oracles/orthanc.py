"""Sends files to an Orthanc of its own, takes them back, and compares their data sets.

To be run as `unshare -n python orthanc.py ORTHANC`: Debian's Orthanc listens on every interface, so it gets a network
namespace with a loopback and nothing else. stdin: {"files": [...]}. stdout: JSON list of {path, status, pixels, equal}.
"""

import hashlib
import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import pydicom

URL = "http://127.0.0.1:8042"
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
files = json.load(sys.stdin)["files"]
results = []


def call(path, data=None):
    with urllib.request.urlopen(urllib.request.Request(URL + path, data=data), timeout=60) as response:
        return response.read()


def pixels(dataset):
    element = dataset.get_item("PixelData")
    return None if element is None else hashlib.sha256(element.value).hexdigest()


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
        "Plugins": [],
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
        for path in files:
            with open(path, "rb") as file:
                sent = file.read()
            try:
                answer = json.loads(call("/instances", sent))
                returned = call(f"/instances/{answer['ID']}/file")
            except urllib.error.HTTPError as error:
                results.append({"path": path, "status": f"HTTP {error.code}", "pixels": False, "equal": False})
                continue
            before, after = (pydicom.dcmread(io.BytesIO(data)) for data in (sent, returned))
            results.append(
                {
                    "path": path,
                    "status": answer["Status"],
                    "pixels": pixels(before) == pixels(after) is not None,
                    "equal": sent == returned,
                }
            )
    finally:
        server.terminate()
        server.wait(30)
print(json.dumps(results))
