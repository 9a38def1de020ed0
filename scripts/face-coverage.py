"""How many series that show a face are marked, by the bundle's labels and the rule of stages/publish/withhold-unit.ts.

    .cache/oracles/bin/python scripts/face-coverage.py ../shared/data/ct-volumes models/bundles/starter [STEP]

Virtual acquisitions of every STEPth volume with a head: the whole, vertex to skull base, and orbits to chin; axial,
and the whole also coronal and sagittal. Volumes without a head say how many are marked in vain. Headers, which add to
the marks, are left out. The starter was trained on some of these patients. JSON goes to standard output.
"""

import json
import sys

import numpy as np
import onnxruntime
from scipy.ndimage import zoom

WITH_FACE = {
    "head", "head-and-face", "face-orbits-sinus", "temporal-bone",
    "head-and-neck", "neck", "c-spine", "c-and-t-spine",
}  # fmt: skip
folder, bundle = sys.argv[1], sys.argv[2]
step = int(sys.argv[3]) if len(sys.argv) > 3 else 1
card = json.load(open(f"{bundle}/card.json"))
task = card["tasks"]["body_part"]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(f"{bundle}/{task['file']}", options, providers=["CPUExecutionProvider"])
shape = card["preprocessing"]["shape"]


def predict(volume):
    factors = [n / m for n, m in zip(shape, volume.shape)]
    resized = zoom(volume.astype(np.float32), factors, order=1, mode="nearest", grid_mode=True)
    tensor = np.rint(resized).clip(0, 255).astype(np.uint8)[None, None]
    scores = session.run([task["probabilities"]], {card["input"]["name"]: tensor})[0][0]
    first, second = np.argsort(-scores)[:2]
    labels = task["labels"]
    marked = labels[first] in WITH_FACE or (labels[second] in WITH_FACE and scores[second] >= 0.05)
    return bool(marked), labels[first], labels[second], float(scores[second])


def cuts(entry, voxels):
    marks = entry["landmarks"] or {}
    yield "whole", voxels
    yield "whole coronal", voxels.transpose(1, 0, 2)
    yield "whole sagittal", voxels.transpose(2, 0, 1)
    if marks.get("skull_base"):
        yield "vertex to skull base", voxels[marks.get("vertex") or 0 : marks["skull_base"] + 4]
    if marks.get("orbit_top") and marks.get("chin"):
        yield "orbits to chin", voxels[marks["orbit_top"] : marks["chin"] + 4]


counts = {"face": [0, 0], "none": [0, 0]}
missed, vain = [], []
seen = 0
for entry in json.load(open(f"{folder}/catalog.json")):
    labels = set(entry["cuttable_full"]) | set(entry["cuttable_partial"])
    has_face = entry["region"] in ("head", "head-and-neck") or bool(labels & {"head", "face-orbits-sinus"})
    if has_face and entry["masked"]:
        seen += 1
        if seen % step:
            continue
    voxels = np.load(f"{folder}/{entry['file']}")["voxels"]
    if not has_face and labels & WITH_FACE:
        continue
    for name, cut in cuts(entry, voxels) if has_face else [("whole", voxels)]:
        if cut.shape[0] < 8:
            continue
        marked, label, second, score = predict(cut)
        count = counts["face" if has_face else "none"]
        count[0] += 1
        count[1] += marked
        if marked != has_face:
            (missed if has_face else vain).append([entry["id"], name, label, second, round(score, 3)])
result = {
    "withFace": {"series": counts["face"][0], "marked": counts["face"][1], "missed": missed},
    "without": {"series": counts["none"][0], "marked": counts["none"][1], "inVain": vain},
}
print(json.dumps(result, indent=1))
