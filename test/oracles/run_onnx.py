"""Runs an ONNX network with Python's onnxruntime and prints every output, as JSON.

usage: run_onnx.py NETWORK TENSOR (raw uint8, 128 x 224 x 224)
"""
import json
import sys

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
tensor = np.fromfile(sys.argv[2], dtype=np.uint8).reshape(1, 1, 128, 224, 224)
names = [output.name for output in session.get_outputs()]
values = session.run(names, {session.get_inputs()[0].name: tensor})
print(json.dumps({name: np.asarray(value, dtype=np.float64)[0].tolist() for name, value in zip(names, values)}))
