"""The same network on the same tensor in Python, with as many threads; and its arithmetic alone."""

import json
import os
from math import prod

import numpy as np
from rounds import serve


class Network:
    def __init__(self, args):
        with open(os.path.join(args["bundleFolder"], "card.json")) as file:
            card = json.load(file)
        # Every task of the bundle is a head of one network.
        (name,) = {task["file"] for task in card["tasks"].values()}
        self.file = os.path.join(args["bundleFolder"], name)
        self.input, self.shape = card["input"]["name"], [1, *card["input"]["shape"][1:]]
        self.outputs = {task: head["logits"] for task, head in card["tasks"].items()}
        self.tensor = np.fromfile(args["tensorFile"], np.uint8).reshape(self.shape)
        self.threads, self.repeats = args["threads"], args["repeats"]

    def serve(self, version, infer):
        """infer: from the tensor to arrays in the order of `outputs`."""

        def work(_):
            for _ in range(self.repeats):
                outputs = infer(self.tensor)
            logits = {task: output[0].tolist() for task, output in zip(self.outputs, outputs)}
            return {"logits": logits, "scale": 1 / self.repeats}

        return version, work


def onnxruntime_session(is_spinning):
    def tool(args):
        import onnxruntime as ort

        network = Network(args)
        options = ort.SessionOptions()
        options.intra_op_num_threads = network.threads
        if not is_spinning:
            # As ours: models/classifier-thread.ts says why.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = ort.InferenceSession(network.file, options, providers=["CPUExecutionProvider"])
        outputs = list(network.outputs.values())
        return network.serve(ort.__version__, lambda tensor: session.run(outputs, {network.input: tensor}))

    return tool


def spell_out_sums(model):
    """OpenVINO 2026.4's importer sums over every axis where a ReduceLogSumExp names one: the same in nodes it reads."""
    from onnx import helper, numpy_helper

    nodes = []
    for node in model.graph.node:
        if node.op_type != "ReduceLogSumExp":
            nodes.append(node)
            continue
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        result = node.output[0]
        power, total, axes = (f"{result}.{part}" for part in ("power", "total", "axes"))
        model.graph.initializer.append(numpy_helper.from_array(np.array(attributes["axes"]), axes))
        nodes += [
            helper.make_node("Exp", [node.input[0]], [power]),
            helper.make_node("ReduceSum", [power, axes], [total], keepdims=attributes.get("keepdims", 1)),
            helper.make_node("Log", [total], [result]),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def openvino_tool(args):
    import onnx
    import openvino as ov

    network = Network(args)
    graph = onnx.load(network.file)
    spell_out_sums(graph)
    model = ov.Core().read_model(graph.SerializeToString())
    model.reshape({network.input: network.shape})
    options = {
        "INFERENCE_NUM_THREADS": network.threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = ov.Core().compile_model(model, "CPU", options)
    outputs = list(network.outputs.values())

    def infer(tensor):
        results = compiled({network.input: tensor})
        return [results[name] for name in outputs]

    return network.serve(ov.__version__.split("-")[0], infer)


def count_flop(network):
    """Of convolutions and matrix products: two for each multiplication and addition."""
    import onnx
    from onnx.shape_inference import infer_shapes

    model = onnx.load(network.file)
    for size, dimension in zip(network.shape, model.graph.input[0].type.tensor_type.shape.dim):
        dimension.dim_value = size
    graph = infer_shapes(model, data_prop=True).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        shapes[value.name] = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    flop = 0
    for node in graph.node:
        if node.op_type == "Conv":
            _, *kernel = shapes[node.input[1]]
            flop += 2 * prod(shapes[node.output[0]]) * prod(kernel)
        elif node.op_type in ("Gemm", "MatMul"):
            flop += 2 * prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    if flop == 0:
        raise ValueError("a shape of the network is not known")
    return flop


def matrix_product(args):
    """As much arithmetic as the network's, in the form that the processor is fastest at."""
    network = Network(args)
    flop = count_flop(network)
    size = 1024
    left, right = np.ones((2, size, size), np.float32)
    products = flop * network.repeats / (2 * size**3)
    # A whole number of products, told as what they are of the network's.
    done = max(1, round(products))

    def work(_):
        for _ in range(done):
            left @ right
        return {"flop": flop, "scale": products / done / network.repeats}

    return np.__version__, work


serve(
    {
        "onnxruntime": onnxruntime_session(is_spinning=True),
        "onnxruntime, as ours": onnxruntime_session(is_spinning=False),
        "openvino": openvino_tool,
        "matrix product": matrix_product,
    }
)
