"""Writes a StarterNetwork as ONNX opset 17 and checks that onnxruntime says what torch says.

onnxruntime may live in another Python than torch: name it in SERIESWISE_ONNXRUNTIME_PYTHON.
"""
import os
import subprocess
import sys
import tempfile

import numpy as np

LARGEST_DIFFERENCE = 1e-4

RUN_SESSION = """
import sys, time
import numpy as np, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 2
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=['CPUExecutionProvider'])
volumes = np.load(sys.argv[2])
names = [output.name for output in session.get_outputs()]
rows = [session.run(names, {'volume': volume[None]}) for volume in volumes]
pair = session.run(names, {'volume': volumes[:2]})
start = time.perf_counter()
for _ in range(3):
    session.run(names, {'volume': volumes[:1]})
seconds = (time.perf_counter() - start) / 3
np.savez(sys.argv[3], seconds=seconds, **{name: np.concatenate([row[k] for row in rows])
         for k, name in enumerate(names)}, **{'pair_' + name: pair[k] for k, name in enumerate(names)})
"""


def export_network(network, path, outputs=None):
    """The network at path, input `volume` uint8 [N, 1, 128, 224, 224], N free; outputs: names, the starter's else."""
    import torch
    from network import OUTPUTS
    outputs = outputs or OUTPUTS
    example = torch.zeros(1, 1, 128, 224, 224, dtype=torch.uint8)
    more = {'dynamo': False} if 'dynamo' in torch.onnx.export.__code__.co_varnames else {}
    torch.onnx.export(network.eval(), (example,), path, opset_version=17, input_names=['volume'],
                      output_names=list(outputs), do_constant_folding=True,
                      dynamic_axes={name: {0: 'N'} for name in ('volume', *outputs)}, **more)


def onnxruntime_python():
    """The Python that has onnxruntime: this one, or the one that the environment names."""
    try:
        import onnxruntime  # noqa: F401
        return sys.executable
    except ImportError:
        return os.environ.get('SERIESWISE_ONNXRUNTIME_PYTHON')


def run_onnx(path, volumes):
    """Outputs by name for uint8 volumes [K, 1, 128, 224, 224], K at least 2; `seconds` is the time of one."""
    python = onnxruntime_python()
    if not python:
        raise RuntimeError('onnxruntime is needed: install it or set SERIESWISE_ONNXRUNTIME_PYTHON')
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, 'volumes.npy'), os.path.join(folder, 'outputs.npz')
        np.save(source, volumes)
        subprocess.run([python, '-c', RUN_SESSION, path, source, target], check=True)
        with np.load(target) as data:
            return dict(data)


def check_parity(network, path, volumes):
    """Largest difference between torch and onnxruntime over all outputs, one by one and as a batch of two."""
    import torch
    from network import OUTPUTS
    found = run_onnx(path, volumes)
    worst = 0.0
    with torch.no_grad():
        expected = [np.concatenate(parts) for parts in zip(*(
            [out.numpy() for out in network(torch.from_numpy(volume[None]))] for volume in volumes))]
    for name, value in zip(OUTPUTS, expected):
        worst = max(worst, float(np.abs(found[name] - value).max()),
                    float(np.abs(found['pair_' + name] - value[:2]).max()))
    if worst > LARGEST_DIFFERENCE:
        raise RuntimeError(f'torch and onnxruntime differ by {worst:.2e}')
    return worst, float(found['seconds'])
