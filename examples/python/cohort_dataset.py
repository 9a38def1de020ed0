"""A PyTorch data set over the shards of `serieswise export --format webdataset`. Needs torch and numpy alone."""
import io
import tarfile
from pathlib import Path

import numpy as np
import torch

# How many labels each task has; a class is the label's place in models/labels.ts.
CLASSES = {'body_part': 16, 'axis': 3, 'contrast': 2}


class CohortDataset(torch.utils.data.Dataset):
    """Series units of one part: the model input, float32 [1, slice, row, column] from 0 to 1, and the class of a task.

    Units without a label of that task (class -1) are left out. Where a tensor lies in its shard is looked up once, so
    that a DataLoader may shuffle and use workers. ValueError: the folder holds no unit to learn from.
    """

    def __init__(self, folder, task, part='all'):
        self.units = []
        for shard in sorted(Path(folder, 'webdataset').glob(f'{part}-*.tar')):
            with tarfile.open(shard) as tar:
                members = {member.name: member for member in tar}
                for name, member in members.items():
                    if not name.endswith('.npy'):
                        continue
                    label = int(tar.extractfile(members[name.replace('.npy', f'.{task}.cls')]).read())
                    if label >= 0:
                        self.units.append((shard, member.offset_data, member.size, label))
        if not self.units:
            raise ValueError(f'no unit of part {part} has a label of {task}')

    def __len__(self):
        return len(self.units)

    def __getitem__(self, index):
        shard, offset, size, label = self.units[index]
        with open(shard, 'rb') as file:
            file.seek(offset)
            tensor = np.load(io.BytesIO(file.read(size)))
        return torch.from_numpy(tensor).float().div(255).unsqueeze(0), label
