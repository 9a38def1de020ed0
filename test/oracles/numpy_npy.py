"""Judge of NPY files. Arguments: file to read, file to write, shape. Prints what numpy.load saw; writes with numpy.save
the array of that shape that counts 0, 1, 2 … modulo 251."""

import json
import sys

import numpy as np

source, target, shape = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
array = np.load(source)
np.save(target, (np.arange(np.prod(shape, dtype=int)) % 251).astype(np.uint8).reshape(shape))
json.dump(
    {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "contiguous": bool(array.flags.c_contiguous),
        "values": array.ravel().tolist(),
    },
    sys.stdout,
)
