"""Trains a bundle on series that Serieswise curated: what `serieswise train` runs.

    python3 models/training/train_curated.py JOB.json

The job names tensors, labels, parts (train, validation, test) and settings; cli/commands/train.ts writes it and
checks the result. Each line on standard output is one JSON event. Needs torch 1.13 or 2.x and numpy.
Left in the job's folder: ONNX files, draft.json (the card but for digests and parity), and parity/ (inputs and what
torch says of them). Exit 3 where torch cannot be used, 130 when interrupted: a checkpoint of the last epoch is kept.
"""
import hashlib
import json
import os
import signal
import sys

import numpy as np

from label_vocabulary import AXES, LABELS


def emit(event, **values):
    print(json.dumps({'event': event, **values}), flush=True)


def read_tensor(path):
    tensor = np.load(path, mmap_mode='r')
    if tensor.dtype != np.uint8 or tensor.ndim != 3:
        raise SystemExit('a tensor of the job is not uint8 [slice, row, column]')
    return tensor


# Fewer patients say nothing of what another one looks like.
LEAST_PATIENTS_FOR_GATE = 10


class Job:
    """The job's file, and which of its series a task may use."""

    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            self.settings = json.load(file)
        self.folder = os.path.dirname(os.path.abspath(path))
        self.series = sorted(self.settings['series'], key=lambda row: row['series_unit'])
        self.seed = self.settings['seed']
        self.tasks = self.settings['tasks']

    def rows(self, task, part):
        """Series of a part that have a label for the task; a missing label is no label."""
        return [row for row in self.series if row['part'] == part and row['labels'].get(task) is not None]

    def label_indices(self, task, rows):
        return np.array([LABELS[task].index(row['labels'][task]) for row in rows], np.int64)

    def digest(self, task):
        """Of everything that weights follow from, but for the number of epochs, which may be raised."""
        how = [self.settings['preset'], self.seed, self.settings['width'], self.settings['batch']]
        text = json.dumps([task, [] if task == 'cubes' else how, self.series], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def generator(self, *parts):
        return np.random.default_rng([self.seed, *parts])

    def checkpoint(self, task):
        return os.path.join(self.folder, f'checkpoint-{task}.pt')


# --- Preset paper ----------------------------------------------------------------------------------

def loader_of(job, task, rows, order, device):
    """Batches (uint8 [n, 1, d, h, w], label [n]) in this order, read by worker processes where a GPU waits."""
    import torch
    labels = job.label_indices(task, rows)

    class Tensors(torch.utils.data.Dataset):
        def __len__(self):
            return len(order)

        def __getitem__(self, index):
            k = order[index]
            return torch.from_numpy(np.array(read_tensor(rows[k]['tensor'])))[None], int(labels[k])

    workers = min(8, os.cpu_count() or 1) if device.type == 'cuda' else 0
    return torch.utils.data.DataLoader(Tensors(), batch_size=job.settings['batch'], num_workers=workers,
                                       pin_memory=device.type == 'cuda')


def logits_of(job, network, task, rows, device):
    import torch
    found = []
    network.eval()
    with torch.no_grad():
        for volumes, _ in loader_of(job, task, rows, np.arange(len(rows)), device):
            found.append(network(volumes.to(device).float() / 255).float().cpu().numpy())
    return np.concatenate(found).astype(np.float64) if found else np.zeros((0, len(LABELS[task])))


def train_paper(job, task, device):
    """As published: from scratch, SGD 0.001, times 0.1 every 7 epochs, cross-entropy, patience 10."""
    import torch
    from torch.nn import functional
    from checkpoint import run_epochs
    from residual_network import ResNet50
    torch.manual_seed(job.seed)
    network = ResNet50(len(LABELS[task]), job.settings['width']).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.001)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 7, 0.1)
    train, held = job.rows(task, 'train'), job.rows(task, 'validation')
    truth = job.label_indices(task, held)
    mixed = device.type == 'cuda'
    scaler = torch.cuda.amp.GradScaler(enabled=mixed)
    which = list(LABELS).index(task)

    def train_epoch(epoch):
        order = job.generator(which, epoch).permutation(len(train))
        total, done = 0.0, 0
        for volumes, labels in loader_of(job, task, train, order, device):
            # Batch normalisation has no variance in a batch of one at the last stage's single cell.
            with torch.autocast(device.type, enabled=mixed):
                logits = network(volumes.to(device, non_blocking=True).float() / 255)
                loss = functional.cross_entropy(logits, labels.to(device))
            optimizer.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            total, done = total + float(loss) * len(labels), done + len(labels)
            emit('step', task=task, epoch=epoch + 1, done=done, total=len(train))
        schedule.step()
        return total / max(1, done)

    def validate():
        logits = logits_of(job, network, task, held, device)
        loss = functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(truth))
        return {'loss': float(loss), 'accuracy': float((logits.argmax(1) == truth).mean())}

    history = run_epochs(path=job.checkpoint(task), digest=job.digest(task), epochs=job.settings['epochs'],
                         patience=10, module=network, optimizer=optimizer, schedule=schedule,
                         train_epoch=train_epoch, validate=validate,
                         report=lambda row: emit('epoch', task=task, epochs=job.settings['epochs'], **row))
    answers = {part: (job.rows(task, part), logits_of(job, network, task, job.rows(task, part), device))
               for part in ('validation', 'test')}
    return network.to('cpu'), history, answers


def make_paper(job, device):
    from residual_network import SingleTaskNetwork
    made, histories, answers = {}, {}, {}
    for task in job.tasks:
        network, histories[task], answers[task] = train_paper(job, task, device)
        made[f'{task}.onnx'] = (SingleTaskNetwork(network).eval(), (task,))
    return made, histories, answers


# --- Preset starter --------------------------------------------------------------------------------

def plane_of(row):
    """The plane in which a series is stored: by its label, else by its geometry."""
    return row['labels'].get('axis') or row['axis_geometry'] or 'axial'


def bank_of(job):
    """Small cubes in body order of every series, read once; they fit where tensors do not."""
    from network import TO_BODY_ORDER, ContrastFeatures, pooling_matrix
    import torch
    from torch.nn import functional
    kept = os.path.join(job.folder, 'cubes.npz')
    names = np.array([row['series_unit'] for row in job.series])
    digest = job.digest('cubes')
    if os.path.exists(kept):
        with np.load(kept) as data:
            if str(data['digest']) == digest:
                return data['cubes'], data['contrast']
    cubes, contrast = [], []
    for index, row in enumerate(job.series):
        tensor = read_tensor(row['tensor'])
        scaled = torch.from_numpy(np.array(tensor)).float() / 255
        cube = scaled.numpy()
        for axis, count in enumerate(cube.shape):
            cube = np.moveaxis(np.tensordot(pooling_matrix(count), cube, (1, axis)), 0, axis)
        cubes.append(np.rint(np.transpose(cube, TO_BODY_ORDER[plane_of(row)]) * 255).astype(np.uint8))
        grid = functional.avg_pool3d(scaled[None, None], (2, 4, 4))[:, 0]
        contrast.append(ContrastFeatures()(grid).numpy()[0])
        emit('read', done=index + 1, total=len(names))
    cubes, contrast = np.array(cubes), np.array(contrast)
    np.savez(kept + '.part.npz', digest=digest, cubes=cubes, contrast=contrast)
    os.replace(kept + '.part.npz', kept)
    return cubes, contrast


def train_trunk_on(job, cubes, index_of):
    """The compact trunk with the tasks' heads, AdamW and one cycle; series without a label do without its loss."""
    import torch
    from torch.nn import functional
    from checkpoint import run_epochs
    from network import Trunk
    from train import augment, predict_cubes, wrong_view
    torch.manual_seed(job.seed)
    scale = job.settings['width'] / 16
    trunk = Trunk(tuple(max(2, int(round(w * scale))) for w in (16, 24, 48, 96)))
    both = [task for task in ('body_part', 'axis') if task in job.tasks]
    usable = [row for row in job.series if any(row['labels'].get(task) is not None for task in both)]
    train = [row for row in usable if row['part'] == 'train']
    label = np.array([LABELS['body_part'].index(row['labels']['body_part']) if row['labels'].get('body_part')
                      else -1 for row in train], np.int64)
    axis = np.array([AXES.index(plane_of(row)) for row in train])
    at = np.array([index_of[row['series_unit']] for row in train])
    groups = [np.flatnonzero(label == k) for k in np.unique(label)]
    batch = max(2, job.settings['batch'])
    steps = max(1, -(-len(train) // batch))
    epochs = job.settings['epochs']
    optimizer = torch.optim.AdamW(trunk.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps * epochs, pct_start=0.2)

    def train_epoch(epoch):
        generator = job.generator(17, epoch)
        torch.manual_seed(int(generator.integers(1 << 31)))
        total = 0.0
        for step in range(steps):
            pick = np.array([(rows := groups[generator.integers(len(groups))])[generator.integers(len(rows))]
                             for _ in range(batch)])
            seen = augment(torch.from_numpy(cubes[at[pick]]).float() / 255, generator)
            wrong = batch // 2
            lying = torch.stack([wrong_view(seen[k], axis[pick[k]], generator) for k in range(wrong)])
            logits, upright, _ = trunk(torch.cat([seen, lying])[:, None])
            true = torch.from_numpy(label[pick])
            is_upright = torch.cat([torch.ones(batch), torch.zeros(wrong)])
            loss = 0.5 * functional.binary_cross_entropy_with_logits(upright, is_upright)
            if 'body_part' in job.tasks and (true >= 0).any():
                known = true >= 0
                loss = loss + functional.cross_entropy(logits[:batch][known], true[known], label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trunk.parameters(), 2.0)
            optimizer.step()
            schedule.step()
            total += float(loss)
            emit('step', task='trunk', epoch=epoch + 1, done=step + 1, total=steps)
        return total / steps

    def answer(rows):
        """Logits by task for rows, as the exported graph computes them."""
        bank = {'cubes': cubes[[index_of[row['series_unit']] for row in rows]],
                'axis': np.array([AXES.index(plane_of(row)) for row in rows])}
        body, plane = predict_cubes([trunk], None, bank)
        return {'body_part': body.astype(np.float64), 'axis': plane.astype(np.float64)}

    def validate():
        loss, accuracy = 0.0, {}
        for task in both:
            rows = job.rows(task, 'validation')
            truth = job.label_indices(task, rows)
            logits = answer(rows)[task]
            loss += float(functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(truth)))
            accuracy[task] = float((logits.argmax(1) == truth).mean())
        return {'loss': loss, 'accuracy': float(np.mean(list(accuracy.values())))}

    history = run_epochs(path=job.checkpoint('trunk'), digest=job.digest('trunk'), epochs=epochs, patience=epochs,
                         module=trunk, optimizer=optimizer, schedule=schedule, train_epoch=train_epoch,
                         validate=validate, report=lambda row: emit('epoch', task='trunk', epochs=epochs, **row))
    return trunk, history, answer


def make_starter(job, device):
    import torch
    from network import ContrastHead, StarterNetwork, Trunk
    from train import fit_logistic
    cubes, features = bank_of(job)
    index_of = {row['series_unit']: k for k, row in enumerate(job.series)}
    histories, answers, trunk = {}, {}, Trunk().eval()
    if {'body_part', 'axis'} & set(job.tasks):
        trunk, histories['trunk'], answer = train_trunk_on(job, cubes, index_of)
        for task in ('body_part', 'axis'):
            if task in job.tasks:
                parts = {part: job.rows(task, part) for part in ('validation', 'test')}
                answers[task] = {part: (rows, answer(rows)[task] if rows else np.zeros((0, len(LABELS[task]))))
                                 for part, rows in parts.items()}
    head = ContrastHead()
    if 'contrast' in job.tasks:
        at = lambda rows: features[[index_of[row['series_unit']] for row in rows]].reshape(len(rows), -1)
        rows = job.rows('contrast', 'train')
        centre, weight, bias = fit_logistic(at(rows), job.label_indices('contrast', rows),
                                            np.array([row['patient'] for row in rows]))
        head.centre.copy_(torch.from_numpy(centre.astype(np.float32)))
        head.weight.copy_(torch.from_numpy(weight.astype(np.float32)))
        head.bias.fill_(bias)
        answers['contrast'] = {}
        for part in ('validation', 'test'):
            rows = job.rows('contrast', part)
            yes = (at(rows) - centre) @ weight + bias if rows else np.zeros(0)
            answers['contrast'][part] = (rows, np.stack([np.zeros_like(yes), yes], 1))
    network = StarterNetwork([trunk], head).eval()
    return {'starter.onnx': (network, tuple(LABELS))}, histories, answers


# --- Command ---------------------------------------------------------------------------------------

def parity_inputs(job, count=3):
    """A few of the job's own tensors and one of noise, uint8 [k, 1, d, h, w]."""
    shape = tuple(job.settings['shape'])
    rows = job.series[:: max(1, len(job.series) // count)][:count]
    volumes = [np.array(read_tensor(row['tensor'])) for row in rows]
    return np.array(volumes + [job.generator(23).integers(0, 256, shape, dtype=np.uint8)])[:, None]


def export_all(job, made):
    """ONNX files, and what torch says of a few inputs, for the judge on the other side."""
    import torch
    from export_onnx import export_network
    volumes = parity_inputs(job)
    folder = os.path.join(job.folder, 'parity')
    os.makedirs(folder, exist_ok=True)
    for k, volume in enumerate(volumes):
        volume.tofile(os.path.join(folder, f'{k}.bin'))
    expected = {}
    for file, (network, tasks) in made.items():
        outputs = [f'{task}_{kind}' for task in tasks for kind in ('logits', 'probabilities')]
        export_network(network, os.path.join(job.folder, file), outputs)
        with torch.no_grad():
            rows = [[out[0].tolist() for out in network(torch.from_numpy(volume[None]))] for volume in volumes]
        expected[file] = {name: [row[k] for row in rows] for k, name in enumerate(outputs)}
    with open(os.path.join(folder, 'expected.json'), 'w', encoding='utf-8') as file:
        json.dump({'inputs': len(volumes), 'files': expected}, file)


def gate_of_job(job):
    """The gate of the training part, or None of too few patients; a tenth of its own series, each
    judged without its patient, may fall to it."""
    from input_gate import gate_of, kept_back_distances, statistics_of
    rows = [row for row in job.series if row['part'] != 'test']
    patients = np.array([row['patient'] for row in rows])
    if len(np.unique(patients)) < LEAST_PATIENTS_FOR_GATE:
        return None
    found = []
    for index, row in enumerate(rows):
        found.append(statistics_of(np.array(read_tensor(row['tensor'])))[:-2])
        emit('read', done=index + 1, total=len(rows))
    found = np.array(found)
    kept_back = kept_back_distances(found, patients, np.ones(len(rows), bool))
    return gate_of(found, np.nanquantile(kept_back, 0.9))


def main(path):
    try:
        import torch
    except ImportError:
        emit('failed', code='torch-missing')
        return 3
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    job = Job(path)
    torch.set_num_threads(job.settings['threads'])
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    emit('start', torch=torch.__version__, device=device.type)
    from curated_card import write_draft
    from input_gate import write_gate
    try:
        made, histories, answers = (make_paper if job.settings['preset'] == 'paper' else make_starter)(job, device)
    except ValueError as error:
        if 'another job' not in str(error):
            raise
        emit('failed', code='checkpoint-foreign')
        return 2
    emit('export')
    export_all(job, made)
    gate = gate_of_job(job)
    if gate is not None:
        write_gate(job.folder, gate)
    write_draft(job, histories, answers, gate, torch.__version__, device.type)
    emit('done')
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        emit('interrupted')
        sys.exit(130)
