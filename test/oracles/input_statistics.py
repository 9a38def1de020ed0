"""Statistics of a tensor as models/training computes them: argv is the NPY file; JSON on standard output."""
import json
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../../models/training'))
from input_statistics import NAMES, describe, describe_voxels, spread_out  # noqa: E402

found = []
for path in sys.argv[1:]:
    tensor = np.load(path)
    values = describe(tensor)
    found.append({'names': NAMES, 'values': values.tolist(), 'spread_out': spread_out(values).tolist(),
                  'voxels': list(map(float, describe_voxels(tensor)))})
print(json.dumps(found))
