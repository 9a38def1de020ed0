"""A bundle like another whose network looks at sixteen voxels: a run with it does everything but inference.

Usage: no_network.py BUNDLE TARGET
"""

import hashlib
import json
import os
import sys

import onnx
from onnx import TensorProto, helper, numpy_helper
import numpy as np

FILE = "no-network.onnx"


def make_network(card):
    def constant(name, values):
        return numpy_helper.from_array(np.array(values, np.int64), name)

    name, shape = card["input"]["name"], card["input"]["shape"]
    constants = [constant("starts", [0, 0, 0]), constant("axes", [2, 3, 4])]
    nodes, outputs = [], []
    for task, head in card["tasks"].items():
        count = len(head["labels"])
        constants.append(constant(f"{task}.ends", [1, 1, count]))
        nodes += [
            helper.make_node("Slice", [name, "starts", f"{task}.ends", "axes"], [f"{task}.voxels"]),
            helper.make_node("Cast", [f"{task}.voxels"], [f"{task}.values"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", [f"{task}.values"], [head["logits"]]),
            helper.make_node("Softmax", [head["logits"]], [head["probabilities"]], axis=1),
        ]
        for output in (head["logits"], head["probabilities"]):
            outputs.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", count]))
    given = [helper.make_tensor_value_info(name, TensorProto.UINT8, shape)]
    graph = helper.make_graph(nodes, "no-network", given, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main():
    bundle, target = sys.argv[1:]
    with open(os.path.join(bundle, "card.json")) as file:
        card = json.load(file)
    network = make_network(card).SerializeToString()
    onnx.checker.check_model(network)
    card |= {"name": "no-network", "description": "For the bench.", "results": [], "patients_per_label": {}}
    card["files"] = {FILE: {"sha256": hashlib.sha256(network).hexdigest(), "bytes": len(network)}}
    for head in card["tasks"].values():
        head["file"] = FILE
    card.pop("review", None)
    os.makedirs(target)
    with open(os.path.join(target, FILE), "wb") as file:
        file.write(network)
    with open(os.path.join(target, "card.json"), "w") as file:
        json.dump(card, file)


main()
