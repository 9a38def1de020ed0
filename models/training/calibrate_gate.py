"""Makes the starter's gate and thresholds, measures them, and writes both into its card; weights stay as they are.

    python3 models/training/calibrate_gate.py --volumes DIR/ct-volumes --bundle models/bundles/starter --cache DIR

Needs numpy and onnxruntime. --cache keeps the drawn series' statistics (about ten minutes of CPU, in two processes); with
--predictions FILE, which train.py leaves in its own cache, thresholds are chosen anew. Every draw follows from --seed.
--check writes nothing and ends with 1 where the card says something else.
"""
import argparse
import hashlib
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from files import write_json
from input_gate import gate_of, is_held_back, kept_back_distances, statistics_of, write_gate
from joined_bodies import draw_joined_bodies
from label_vocabulary import AXES, BODY_PARTS, LABELS
from patient_folds import fold_lookup
from series_bank import cached, held_back_acquisitions
from source_volumes import load_volumes
from statistics_by_patient import risk_coverage, softmax
from unsuitable_series import DERIVED, PROCEDURAL, limb_crop, tensor_of
from virtual_acquisitions import draw_label

# What the pipeline that ships asks for; a card's own threshold counts where it is higher.
REVIEW_BELOW = {'body_part': 0.6, 'axis': 0.9, 'contrast': 0.7}
JOINED_BODIES, TRAINING_SERIES_PER_LABEL, UNSUITABLE_OF_A_KIND = 24, 18, 25


class Bundle:
    """The shipped networks by onnxruntime: what they say of a tensor."""

    def __init__(self, folder):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.path.join(folder, 'starter.onnx'), options,
                                                    providers=['CPUExecutionProvider'])

    def scores(self, tensor):
        """Highest probability of each task, and the label that has it."""
        found = self.session.run([f'{task}_probabilities' for task in LABELS], {'volume': tensor[None, None]})
        return [float(p[0].max()) for p in found], [int(p[0].argmax()) for p in found]


def describe_series(bundle, tensor, **row):
    scores, labels = bundle.scores(tensor)
    return {'statistics': statistics_of(tensor), 'scores': scores, 'labels': labels, **row}


def table(rows):
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def suitable_series(folder, bundle, seed):
    """Held-back series of unmasked single patients, natives among them, and training series with joined bodies."""
    generator = np.random.default_rng(seed)
    volumes = load_volumes(folder, generator, with_masked=False)
    held = held_back_acquisitions(volumes, generator, draws=1)
    rows = [describe_acquisition(bundle, a, generator, True) for a in held]
    generator = np.random.default_rng(seed)
    every = load_volumes(folder, np.random.default_rng(seed + 5))
    folds = fold_lookup({name for volume in every for name in volume.patients})
    bodies = draw_joined_bodies(every, JOINED_BODIES, generator, folds.get)
    drawn = [draw_label(label, every, bodies, generator) for _ in range(TRAINING_SERIES_PER_LABEL)
             for label in BODY_PARTS]
    rows += [describe_acquisition(bundle, a, generator, False) for a in drawn if a is not None]
    return table(rows)


def describe_acquisition(bundle, acquisition, generator, judged):
    volume = acquisition.volume
    return describe_series(
        bundle, tensor_of(acquisition, generator), kind=acquisition.kind, label=BODY_PARTS.index(acquisition.label),
        axis=AXES.index(acquisition.plane), patients='|'.join(sorted(volume.patients)), volume=volume.id,
        judged=judged)


def unsuitable_series(folder, bundle, seed, count=UNSUITABLE_OF_A_KIND):
    """What no label fits, of each kind as many."""
    generator = np.random.default_rng(seed)
    volumes = load_volumes(folder, generator, with_masked=False)
    rows = []
    for _ in range(count):
        made = {kind: draw(generator) for kind, draw in PROCEDURAL.items()}
        made['limb-crop'] = limb_crop(volumes, generator)
        drawn = draw_label(BODY_PARTS[generator.integers(16)], volumes, [], generator, attempts=300)
        if drawn is not None:
            source = tensor_of(drawn, generator)
            made.update({kind: change(source, generator) for kind, change in DERIVED.items()})
        rows += [describe_series(bundle, tensor, kind=kind) for kind, tensor in made.items() if tensor is not None]
    return table(rows)


def _draw(job):
    draw, path, folder, bundle_folder, seed = job
    return cached(path, lambda: draw(folder, Bundle(bundle_folder), seed))


def thresholds_of(confidence, hit, risks=(0.05, 0.01)):
    found = []
    for risk in risks:
        share, threshold = risk_coverage(confidence, hit, 1 - risk)
        found.append({'risk': risk, 'threshold': round(threshold, 4), 'coverage': round(share, 4)})
    return found


def risk_thresholds(path, temperatures):
    """Thresholds of each task on series of patients that the judging weights never saw, by train.py's predictions."""
    with np.load(path) as data:
        unmasked = ~data['masked'].astype(bool) & (data['kind'] != 'native')
        rows = {task: (data[task][unmasked], data[f'{task}_truth'][unmasked]) for task in ('body_part', 'axis')}
        rows['contrast'] = (data['contrast'], data['contrast_truth'])
    found = {}
    for task, (logits, truth) in rows.items():
        probabilities = softmax(logits, temperatures[task])
        found[task] = thresholds_of(probabilities.max(1), probabilities.argmax(1) == truth)
    return found


def low_scores(series, accept_from):
    """Scores of body part and contrast under what is believed. A plane's score is no reason where geometry confirms the
    plane (stages/group/agreement.ts); that it does is supposed of everything here, which holds back least."""
    low = [series['scores'][:, k] < max(REVIEW_BELOW[task], accept_from.get(task, 0))
           for k, task in enumerate(LABELS) if task != 'axis']
    return np.any(low, 0)


def wrong_planes(series):
    """Planes that geometry, which is exact for what is cut, contradicts."""
    return series['labels'][:, list(LABELS).index('axis')] != series['axis']


def share(flags):
    return round(float(np.mean(flags)), 4)


def measure(gate, accept_from, suitable, unsuitable, distance):
    """Shares sent to review, by kind; real series by a gate that knows nothing of their patient."""
    judged = ~np.isnan(distance)
    native = judged & (suitable['kind'] == 'native')
    low = low_scores(suitable, accept_from) | wrong_planes(suitable)
    # Statistics of single voxels need no prototypes; the distance comes from other patients alone.
    alone = {**gate, 'distance': np.inf}
    flagged = is_held_back(alone, suitable['statistics']) | (distance > gate['distance'])
    bad_flag, bad_low = is_held_back(gate, unsuitable['statistics']), low_scores(unsuitable, accept_from)
    kinds = {}
    for kind in sorted(set(unsuitable['kind'])):
        rows = unsuitable['kind'] == kind
        kinds[str(kind)] = {'series': int(rows.sum()), 'by_gate': share(bad_flag[rows]), 'by_score': share(bad_low[rows]),
                            'to_review': share((bad_flag | bad_low)[rows])}
    wanted = np.isin(unsuitable['kind'], ['limb', 'limb-crop', 'phantom', 'noise', 'constant', 'not-hounsfield'])
    return {
        'unsuitable_to_review': share((bad_flag | bad_low)[wanted]), 'unsuitable': kinds,
        'whole_volumes': {'series': int(native.sum()), 'by_gate': share(flagged[native]),
                          'to_review': share((flagged | low)[native])},
        'protocol_series': {'series': int((judged & ~native).sum()), 'by_gate': share(flagged[judged & ~native]),
                            'to_review': share((flagged | low)[judged & ~native])},
    }


def measure_unknown(path, temperatures, gate, accept_from, suitable, distance):
    """Whole volumes of which neither the judging weights nor the gate know the patient; body part and plane alone."""
    rows = {(suitable['volume'][k], suitable['axis'][k]): k for k in np.flatnonzero(~np.isnan(distance))
            if suitable['kind'][k] == 'native'}
    with np.load(path) as data:
        native = np.flatnonzero(data['kind'] == 'native')
        body = softmax(data['body_part'][native], temperatures['body_part'])
        axis = softmax(data['axis'][native], temperatures['axis'])
        axis_truth = data['axis_truth'][native]
        wrong = (body.argmax(1) != data['body_part_truth'][native]) | (axis.argmax(1) != axis_truth)
        place = [rows[data['volume'][k], data['axis_truth'][k]] for k in native]
    least = max(REVIEW_BELOW['body_part'], accept_from.get('body_part', 0))
    wrong_plane = axis.argmax(1) != axis_truth
    review = (distance[place] > gate['distance']) | (body.max(1) < least) | wrong_plane
    return {'series': len(native), 'to_review': share(review), 'wrong': int(wrong.sum()),
            'wrong_and_not_to_review': int((wrong & ~review).sum())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--volumes', required=True)
    parser.add_argument('--bundle', required=True)
    parser.add_argument('--cache')
    parser.add_argument('--predictions')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--distance', type=float, default=0.53, help='the gate: see docs/models/review.md')
    parser.add_argument('--check', action='store_true')
    options = parser.parse_args()
    place = lambda name: os.path.join(options.cache, name) if options.cache else None
    draws = (('suitable.npz', suitable_series, options.seed), ('unsuitable.npz', unsuitable_series, options.seed + 1))
    with ProcessPoolExecutor(len(draws)) as pool:
        suitable, unsuitable = pool.map(_draw, [(draw, place(name), options.volumes, options.bundle, seed)
                                                for name, draw, seed in draws])
    with open(os.path.join(options.bundle, 'card.json'), encoding='utf-8') as file:
        card = json.load(file)
    review = dict(card.get('review', {}))
    if options.predictions:
        found = risk_thresholds(options.predictions, card['calibration']['baked_in_temperatures'])
        review['thresholds'] = {'data': 'ct-volumes, series cut by protocol rules, unseen patients; contrast: '
                                        'leave-one-patient-out', **found}
        review['accept_from'] = {task: rows[0]['threshold'] for task, rows in found.items()
                                 if rows[0]['threshold'] > REVIEW_BELOW[task]}
    statistics = suitable['statistics'][:, :-2]
    judged = suitable['judged'].astype(bool)
    distance = kept_back_distances(statistics, suitable['patients'], judged)
    gate = gate_of(statistics, options.distance)
    review['gate'] = {
        'file': 'gate.json',
        'data': 'series cut from ct-volumes; whole volumes and protocol series are judged by a gate without their '
                'patient, but scored by the shipped weights; unsuitable series are made on purpose '
                '(models/training/unsuitable_series.py)',
        'review_below': REVIEW_BELOW, **measure(gate, review.get('accept_from', {}), suitable, unsuitable, distance)}
    if options.predictions:
        review['gate']['whole_volumes_of_unknown_patients'] = measure_unknown(
            options.predictions, card['calibration']['baked_in_temperatures'], gate, review['accept_from'], suitable,
            distance)
    print(json.dumps({**review['gate'], 'thresholds': review.get('thresholds')}, indent=1))
    if options.check:
        same = card.get('review') == review
        print('the card says the same' if same else 'the card says something else', file=sys.stderr)
        return 0 if same else 1
    with open(write_gate(options.bundle, gate), 'rb') as file:
        content = file.read()
    card['files']['gate.json'] = {'sha256': hashlib.sha256(content).hexdigest(), 'bytes': len(content)}
    extensions = card.pop('extensions', None)
    card['review'] = review
    if extensions is not None:
        card['extensions'] = extensions
    write_json(os.path.join(options.bundle, 'card.json'), card)
    return 0


if __name__ == '__main__':
    sys.exit(main())
