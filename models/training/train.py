"""Trains the starter bundle on ct-volumes, judges it by leave-patients-out, exports it and writes its card.

    python3 models/training/train.py --volumes DIR --output models/bundles/starter

Runs with torch 1.13 (Debian's python3-torch) and 2.x, on a CPU; numpy is all else that it needs, and
onnxruntime for the parity check. Every random choice follows from --seed.
"""
import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from torch.nn import functional

from cut_series import STORED_AXES
from label_vocabulary import AXES
from patient_folds import FOLDS, fold_table, without_fold
from network import (CUBE, TO_BODY_ORDER, ContrastFeatures, ContrastHead, Coverage, StarterNetwork, Trunk,
                     scale_coordinates)
from series_bank import (DEFAULT_SEED, cached, contrast_bank, for_trunk, held_back_bank, training_bank,
                         without_wide_spines)

# --- Augmentation ----------------------------------------------------------------------------------

def augment(cubes, generator):
    """The geometric part on the first three fifths of a batch (draws are independent), intensity on all."""
    moved = len(cubes) * 3 // 5
    return vary_intensity(torch.cat([move(cubes[:moved], generator), cubes[moved:]]), generator)


def uniform(generator, low, high, *shape):
    return torch.from_numpy(generator.uniform(low, high, shape).astype(np.float32))


def move(cubes, generator):
    """Body-order cubes float [N, C, C, C] in 0..1: tilt, rotation, shear, bending, mirror.

    The two ends along the body stay where they are, since they are what a label means; what a turn brings
    into view from outside is the border continued.
    """
    n = len(cubes)
    angle = torch.from_numpy(generator.normal(0, 0.07, (n, 3)).astype(np.float32))
    theta = torch.zeros(n, 3, 4)
    # grid_sample's order is x, y, z; off-diagonals turn and shear, the diagonal zooms in-plane.
    zoom = 1 + uniform(generator, -0.12, 0.12, n, 2)
    mirror = torch.from_numpy(np.where(generator.random(n) < 0.5, -1.0, 1.0).astype(np.float32))
    theta[:, 0, 0] = zoom[:, 0] * mirror
    theta[:, 1, 1] = zoom[:, 1]
    theta[:, 2, 2] = 1
    theta[:, 0, 1], theta[:, 1, 0] = angle[:, 0], -angle[:, 0]
    theta[:, 0, 2], theta[:, 2, 0] = angle[:, 1], -angle[:, 1] * 0.6
    theta[:, 1, 2], theta[:, 2, 1] = angle[:, 2] * 1.5, -angle[:, 2] * 0.6
    theta[:, :2, 3] = uniform(generator, -0.08, 0.08, n, 2)
    grid = functional.affine_grid(theta, (n, 1, CUBE, CUBE, CUBE), align_corners=False)
    bend = uniform(generator, -0.05, 0.05, n, 3, 3)
    z = grid[..., 2]
    shift = [sum(bend[:, k, m].reshape(-1, 1, 1, 1) * torch.sin((m + 1) * np.pi * (z + 1) / 2) for m in range(3))
             for k in range(2)]
    grid = torch.stack([grid[..., 0] + shift[0], grid[..., 1] + shift[1], z], -1)
    return functional.grid_sample(cubes[:, None], grid, padding_mode='border', align_corners=False)[:, 0]


def vary_intensity(cubes, generator):
    n = len(cubes)
    gain, offset = uniform(generator, 0.93, 1.07, n, 1, 1, 1), uniform(generator, -0.03, 0.03, n, 1, 1, 1)
    level = uniform(generator, 0, 0.03, n, 1, 1, 1)
    cubes = torch.where(cubes < 0.06, cubes, (cubes - 0.71) * gain + 0.71 + offset)
    noise = torch.from_numpy(generator.standard_normal(tuple(cubes.shape), dtype=np.float32))
    return (cubes + noise * level).clamp(0, 1)


def wrong_view(cube, axis, generator):
    """A body-order cube as it looks under one of the two wrong hypotheses of its plane."""
    stored = cube.permute(*STORED_AXES[AXES[axis]])
    other = AXES[(axis + 1 + int(generator.integers(2))) % 3]
    return stored.permute(*TO_BODY_ORDER[other])


# --- Training --------------------------------------------------------------------------------------

def train_trunk(bank, seed, steps, batch=24, rate=3e-3, coordinate_weight=0.5, smoothing=0.05,
                say=print):
    """One trunk on one bank, AdamW and one cycle; label-uniform draws. Returns the trunk in eval mode."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    trunk = Trunk()
    optimizer = torch.optim.AdamW(trunk.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.2)
    rows_of = [np.flatnonzero(bank['label'] == k) for k in range(16)]
    present = [rows for rows in rows_of if len(rows)]
    targets = scale_coordinates(bank['coordinates'])
    wrong = batch // 2
    started, running = time.process_time(), None
    trunk.train()
    for step in range(steps):
        pick = np.array([(rows := present[generator.integers(len(present))])[generator.integers(len(rows))]
                         for _ in range(batch)])
        cubes = augment(torch.from_numpy(bank['cubes'][pick]).float() / 255, generator)
        lying = torch.stack([wrong_view(cubes[k], bank['axis'][pick[k]], generator) for k in range(wrong)])
        logits, upright, coordinates = trunk(torch.cat([cubes, lying])[:, None])
        label = torch.from_numpy(bank['label'][pick])
        loss = functional.cross_entropy(logits[:batch], label, label_smoothing=smoothing)
        is_upright = torch.cat([torch.ones(batch), torch.zeros(wrong)])
        loss = loss + 0.5 * functional.binary_cross_entropy_with_logits(upright, is_upright)
        if coordinate_weight:
            loss = loss + coordinate_weight * functional.smooth_l1_loss(
                coordinates[:batch], torch.from_numpy(targets[pick]), beta=0.1)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trunk.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if (step + 1) % 100 == 0 or step + 1 == steps:
            say(f'  step {step + 1}/{steps} loss {running:.3f} cpu {time.process_time() - started:.0f} s')
    return trunk.eval()


def predict_cubes(trunks, coverage, bank, batch=32):
    """Body-part log-probabilities [N, 16] and plane scores [N, 3] of body-order cubes, as the graph computes."""
    network = StarterNetwork(trunks, ContrastHead(), coverage).eval()
    body, axis = [], []
    with torch.no_grad():
        for start in range(0, len(bank['cubes']), batch):
            cubes = torch.from_numpy(bank['cubes'][start:start + batch]).float() / 255
            stored = torch.stack([cube.permute(*STORED_AXES[AXES[a]])
                                  for cube, a in zip(cubes, bank['axis'][start:start + batch])])
            logits, scores = network.heads_of_cube(stored)
            body.append(logits.numpy())
            axis.append(scores.numpy())
    return np.concatenate(body), np.concatenate(axis)


# --- Contrast --------------------------------------------------------------------------------------

def contrast_features(bank, batch=32):
    module, found = ContrastFeatures(), []
    with torch.no_grad():
        for start in range(0, len(bank['cubes']), batch):
            found.append(module(torch.from_numpy(bank['cubes'][start:start + batch]).float() / 255).numpy())
    return np.concatenate(found)


def fit_logistic(features, truth, patients, ridge=0.02, used=(0, 1), steps=400):
    """(centre, weight, bias), patients and classes weighing the same, weights never below zero."""
    share = np.zeros(len(truth))
    for value in (0, 1):
        names = np.unique(patients[truth == value])
        for name in names:
            rows = (patients == name) & (truth == value)
            share[rows] = 0.5 / len(names) / rows.sum()
    centre, spread = features.mean(0), np.maximum(features.std(0), 1e-6)
    x = torch.from_numpy(((features - centre) / spread)[:, list(used)])
    y, w = torch.from_numpy(truth.astype(float)), torch.from_numpy(share)
    weight = torch.ones(len(used), dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([weight, bias], 0.05)
    for _ in range(steps):
        logit = (x * functional.relu(weight)).sum(1) + bias
        loss = (w * functional.binary_cross_entropy_with_logits(logit, y, reduction='none')).sum()
        loss = loss + ridge * (weight ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    full = np.zeros(features.shape[1])
    full[list(used)] = np.maximum(weight.detach().numpy(), 0) / spread[list(used)]
    return centre, full, float(bias)


def leave_one_patient_out_contrast(bank, features):
    truth, patients = bank['contrast'], bank['patients']
    logits = np.zeros(len(truth))
    for name in np.unique(patients):
        out = patients == name
        centre, weight, bias = fit_logistic(features[~out], truth[~out], patients[~out])
        logits[out] = (features[out] - centre) @ weight + bias
    return logits


# --- Command ---------------------------------------------------------------------------------------

def read_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--volumes', required=True, help='folder of ct-volumes (catalog.json and *.npz)')
    parser.add_argument('--output', required=True, help='bundle folder to write')
    parser.add_argument('--cache', help='folder that keeps banks and trunks between runs')
    parser.add_argument('--seed', type=int, default=DEFAULT_SEED)
    parser.add_argument('--steps', type=int, default=400)
    parser.add_argument('--per-label', type=int, default=400)
    parser.add_argument('--members', type=int, default=1, help='trunks whose outputs are averaged')
    parser.add_argument('--coverage', type=float, default=0.0, help='weight of the coverage decision')
    parser.add_argument('--threads', type=int, default=1, help='of torch; another number may change the last bits')
    parser.add_argument('--processes', type=int, default=available_cores(), help='trunks trained at once, each the same '
                        'whatever their number')
    parser.add_argument('--version', default='0.1.0')
    return parser.parse_args(arguments)


def coverage_decision(options, bank, rows=slice(None)):
    if not options.coverage:
        return None
    return Coverage(bank['label'][rows], bank['coordinates'][rows], options.coverage)


def available_cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


# What every training process reads: handed over once, not with each job.
_shared_bank = {}


def _share(bank):
    _shared_bank.update(bank)


def _train_job(job):
    name, rows, seed, steps, threads, path = job
    torch.set_num_threads(threads)
    say = lambda text: print(f'{name}:{text}', file=sys.stderr, flush=True)
    weights = train_trunk({k: v[rows] for k, v in _shared_bank.items()}, seed, steps, say=say).state_dict()
    if path:
        torch.save(weights, path + '.part')
        os.replace(path + '.part', path)
    return name, weights


def make_trunks(bank, jobs, options, say):
    """name → trunk of each job (name, rows of the bank, seed); those that the cache holds are not trained again."""
    path_of = lambda name: os.path.join(options.cache, name + '.pt') if options.cache else None
    weights = {name: torch.load(path_of(name)) for name, _, _ in jobs
               if options.cache and os.path.exists(path_of(name))}
    todo = [(name, rows, seed, options.steps, options.threads, path_of(name)) for name, rows, seed in jobs
            if name not in weights]
    say(f'training {len(todo)} of {len(jobs)} trunks on up to {len(bank["label"])} series, {options.processes} at once')
    if options.processes == 1 or len(todo) < 2:
        _share(bank)
        weights.update(_train_job(job) for job in todo)
    else:
        with ProcessPoolExecutor(options.processes, initializer=_share, initargs=(bank,)) as pool:
            weights.update(pool.map(_train_job, todo))
    trunks = {name: Trunk() for name in weights}
    for name, trunk in trunks.items():
        trunk.load_state_dict(weights[name])
        trunk.eval()
    return trunks


def main(arguments=None):
    from evaluate_card import write_bundle
    options = read_arguments(arguments)
    torch.set_num_threads(options.threads)
    say = lambda text: print(text, file=sys.stderr, flush=True)
    place = lambda name: os.path.join(options.cache, name) if options.cache else None
    say('cutting series')
    train = without_wide_spines(for_trunk(cached(place('train.npz'), lambda: training_bank(
        options.volumes, options.seed, options.per_label, 120, options.processes))))
    held = for_trunk(cached(place('held.npz'), lambda: held_back_bank(options.volumes, options.seed)))
    contrast = cached(place('contrast.npz'), lambda: contrast_bank(options.volumes, options.seed))
    table = fold_table(train, held)
    body = np.zeros((len(held['label']), 16), np.float32)
    axis = np.zeros((len(held['label']), 3), np.float32)
    members = range(options.members)
    kept = [without_fold(train, table, fold) for fold in range(len(FOLDS))]
    jobs = [(f'fold{fold}-{m}', rows, options.seed + 31 * fold + 1009 * m) for fold, rows in enumerate(kept)
            for m in members]
    jobs += [(f'final-{m}', slice(None), options.seed - 31 + 1009 * m) for m in members]
    trunks = make_trunks(train, jobs, options, say)
    for fold, rows in enumerate(kept):
        out = ~without_fold(held, table, fold)
        body[out], axis[out] = predict_cubes([trunks[f'fold{fold}-{m}'] for m in members],
                                             coverage_decision(options, train, rows),
                                             {k: v[out] for k, v in held.items()})
    features = contrast_features(contrast)
    logits = leave_one_patient_out_contrast(contrast, features)
    if options.cache:
        np.savez(place('predictions.npz'), body_part=body, body_part_truth=held['label'], axis=axis,
                 axis_truth=held['axis'], masked=held['masked'], kind=held['kind'], patients=held['patients'],
                 volume=held['volume'], contrast=np.stack([np.zeros_like(logits), logits], 1),
                 contrast_truth=contrast['contrast'])
    answers = {'body_part': body, 'axis': axis, 'contrast': logits}
    write_bundle(options, train, held, contrast, features, answers, [trunks[f'final-{m}'] for m in members], say)


if __name__ == '__main__':
    main()
