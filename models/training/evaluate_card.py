"""What was measured, as the card tells it: figures, intervals by patient, calibration, and the bundle itself."""
import hashlib
import json
import os

import numpy as np

from cut_series import render_series
from export_onnx import check_parity, export_network
from files import write_json
from label_vocabulary import AXES, BODY_PARTS, COARSE_REGIONS, CONTRASTS, LABELS
from network import ContrastHead, StarterNetwork
from patient_folds import patients_in
from source_volumes import load_volumes
from statistics_by_patient import (auc, bootstrap_by_patient, expected_calibration_error, fit_temperature,
                                   risk_coverage, softmax)
from virtual_acquisitions import draw_acquisition

VIRTUAL = 'ct-volumes, series cut by protocol rules from patients that the judging model never saw'
NATIVE = 'ct-volumes, whole volumes in three planes, patients that the judging model never saw'
MASKED = 'open-kbp (masked, derived landmarks), series cut by protocol rules, unseen patients'


def result(data, task, metric, statistic, patients, seed):
    """One row of the card: statistic(rows) over all rows, with its bootstrap interval by patient."""
    low, high = bootstrap_by_patient(statistic, patients, seed)
    return {'data': data, 'method': 'leave-patients-out', 'task': task, 'metric': metric,
            'value': round(float(statistic(np.arange(len(patients)))), 4), 'ci_low': round(low, 4),
            'ci_high': round(high, 4), 'interval': 'bootstrap by patient', 'series': len(patients),
            'patients': len(np.unique(patients))}


def body_part_results(data, logits, truth, patients, seed):
    order = np.argsort(-logits, 1)
    confidence, hit = softmax(logits).max(1), order[:, 0] == truth
    top2 = (order[:, :2] == truth[:, None]).any(1)
    region = np.array([COARSE_REGIONS[name] for name in BODY_PARTS])
    coarse = region[order[:, 0]] == region[truth]

    def accepted(rows):
        count = max(1, int(round(0.6 * len(rows))))
        return hit[rows][np.argsort(-confidence[rows], kind='stable')[:count]].mean()

    def by_patient(rows):
        return np.mean([hit[rows][patients[rows] == name].mean() for name in np.unique(patients[rows])])

    rows = [result(data, 'body_part', name, lambda r, v=value: v[r].mean(), patients, seed)
            for name, value in (('accuracy', hit), ('top2_accuracy', top2), ('coarse_accuracy', coarse))]
    rows.append(result(data, 'body_part', 'accuracy_mean_by_patient', by_patient, patients, seed))
    rows.append(result(data, 'body_part', 'accuracy_of_most_confident_60_percent', accepted, patients, seed))
    for wanted in (0.95, 0.99):
        rows.append(result(data, 'body_part', f'coverage_at_{int(wanted * 100)}_percent_accuracy',
                           lambda r, w=wanted: risk_coverage(confidence[r], hit[r], w)[0], patients, seed))
    return rows


def contrast_results(contrast, logits, seed):
    truth, patients = contrast['contrast'], contrast['patients']

    def by_patient(rows):
        names = np.unique(patients[rows])
        # A patient drawn twice counts twice.
        weight = [int(round((patients[rows] == n).sum() / max(1, (patients == n).sum()))) for n in names]
        mean = np.repeat([logits[patients == n].mean() for n in names], weight)
        return auc(mean, np.repeat([truth[patients == n][0] for n in names], weight))

    data = 'ct-volumes, series cut by protocol rules, leave-one-patient-out'
    hit = (logits > 0) == (truth == 1)
    return [result(data, 'contrast', 'auc_by_patient', by_patient, patients, seed),
            result(data, 'contrast', 'auc_by_series', lambda r: auc(logits[r], truth[r]), patients, seed),
            result(data, 'contrast', 'accuracy', lambda r: hit[r].mean(), patients, seed)]


def all_results(held, contrast, body, axis, contrast_logits, seed):
    masked, native = held['masked'].astype(bool), held['kind'] == 'native'
    rows = []
    for data, chosen in ((VIRTUAL, ~masked & ~native), (NATIVE, native), (MASKED, masked)):
        patients, truth = held['patients'][chosen], held['label'][chosen]
        rows += body_part_results(data, body[chosen], truth, patients, seed)
        right = axis[chosen].argmax(1) == held['axis'][chosen]
        rows.append(result(data, 'axis', 'accuracy', lambda r, v=right: v[r].mean(), patients, seed))
    return rows + contrast_results(contrast, contrast_logits, seed)


def per_label_table(held, body):
    """label → (series, right, most frequent wrong answer) on the unmasked held-back series."""
    table = {}
    for index, name in enumerate(BODY_PARTS):
        rows = (held['label'] == index) & ~held['masked'].astype(bool)
        guess = body[rows].argmax(1)
        wrong = guess[guess != index]
        worst = BODY_PARTS[np.bincount(wrong).argmax()] if len(wrong) else None
        table[name] = (int(rows.sum()), int((guess == index).sum()), worst)
    return table


def training_sources(folder, used):
    """Collections, licences and patients of the volumes of which at least one series was drawn."""
    with open(os.path.join(folder, 'catalog.json'), encoding='utf-8') as file:
        catalog = json.load(file)
    sources = {}
    for entry in catalog:
        if entry['patient'] not in used:
            continue
        source = sources.setdefault(entry['collection'], {
            'id': [], 'collection': entry['collection'], 'licence': entry['licence'],
            'doi': entry.get('doi'), 'patients': set()})
        source['id'].append(entry['id'])
        source['patients'].add(entry['patient'])
    return [{**source, 'id': source['id'][0] if len(source['id']) == 1 else
             (f"{source['id'][0]} and {len(source['id']) - 1} more"), 'patients': len(source['patients'])}
            for source in sources.values()]


def patients_per_label(train):
    """Patients of whom at least one series of the label was cut whole, joined bodies not counted."""
    return {name: len({p for p in train['patients'][(train['label'] == k) & ~train['joined'].astype(bool)]})
            for k, name in enumerate(BODY_PARTS)}


LIMITS = [
    'Trained on 13 unmasked patients and 58 masked heads and necks of public research collections, most of '
    'them from GE scanners; adults only. Real protocols are harder than the cutting rules.',
    'Only one patient has a complete pelvis, and one a whole skull; vertices of masked heads are procedural. '
    'Chest-abdomen-pelvis and long spines come mostly from joins of several patients.',
    'Judged by leave-patients-out in five folds; the recipe (series rules, coverage decision or not) was chosen '
    'on the same held-back series, so that the figures lean to the bright side.',
    'Axis is right on whole volumes, but on small fields of view (temporal bone, one lung) a plane is mistaken '
    'in about one of twenty-five series; geometry, where there is any, is the better witness.',
    'Abdomen-pelvis that ends at the femoral head is often called abdomen, and a whole-trunk coronal or '
    'sagittal field may be called a spine.',
    'Of 45 whole volumes of patients kept back, 6 are wrong at a score of 0.6 or more: a single lung called a '
    'thoracic spine in three planes (0.99), and an abdomen-pelvis called abdomen in three planes (0.69).',
    'Missed of what was aimed at, after thirteen attempts (docs/models/starter.md): axis .961 of .99, coarse regions .934 of '
    '.95, right among the most confident 60 percent .971 of .99. With the plane taken from geometry instead of guessed the '
    'same trunk has .930 of the 16 labels, .956 of the regions and .978 of the most confident; no output gives that yet.',
    'Contrast was judged on 11 patients of chest and abdomen; on heads, necks and spines it is untested, and '
    'haemorrhage, calcium or metal may pass for contrast.',
    'Extremities, children, phantoms and cone-beam CT are outside of what it can name. Its gate was judged on virtual '
    'and procedural ones, not on real examinations of their kind, and most whole volumes that it holds back are '
    'ordinary ones (docs/models/review.md).',
    'Landmarks were read once by a non-radiologist; those of open-kbp are derived, about 15 mm.',
]


def write_bundle(options, train, held, contrast, features, answers, trunks, say, limits=LIMITS):
    """Network, figures and card below options.output; returns the card.

    features: of the contrast bank; answers: logits of what was kept back, body_part and axis of held, contrast of contrast.
    """
    from train import coverage_decision, fit_logistic
    import torch
    seed = options.seed
    body, axis, contrast_logits = answers['body_part'], answers['axis'], answers['contrast']
    two = np.stack([np.zeros_like(contrast_logits), contrast_logits], 1)
    unmasked = ~held['masked'].astype(bool)
    # Label smoothing leaves body parts under-confident. Planes are right so often that a fit would only sharpen.
    temperatures = [fit_temperature(body[unmasked], held['label'][unmasked]),
                    max(1.0, fit_temperature(axis[unmasked], held['axis'][unmasked])),
                    fit_temperature(two, contrast['contrast'])]
    calibrated = body / temperatures[0]
    calibration = {
        'method': 'temperature', 'data': f'body_part on {VIRTUAL}; fitted on the same predictions, baked into '
        'the graph (temperature 1.0 in tasks); axis and contrast likewise',
        'ece_before': round(expected_calibration_error(softmax(body[unmasked]), held['label'][unmasked]), 4),
        'ece_after': round(expected_calibration_error(softmax(calibrated[unmasked]), held['label'][unmasked]), 4),
        'baked_in_temperatures': {task: round(t, 4) for task, t in zip(LABELS, temperatures)},
    }
    results = all_results(held, contrast, calibrated, axis / temperatures[1], contrast_logits, seed)
    head = ContrastHead()
    centre, weight, bias = fit_logistic(features, contrast['contrast'], contrast['patients'])
    head.centre.copy_(torch.from_numpy(centre.astype(np.float32)))
    head.weight.copy_(torch.from_numpy(weight.astype(np.float32)))
    head.bias.fill_(bias)
    network = StarterNetwork(trunks, head, coverage_decision(options, train))
    network.temperature.copy_(torch.tensor(temperatures))
    network.eval()
    os.makedirs(options.output, exist_ok=True)
    path = os.path.join(options.output, 'starter.onnx')
    export_network(network, path + '.part')
    worst, seconds = check_parity(network, path + '.part', parity_volumes(options.volumes, seed))
    os.replace(path + '.part', path)
    say(f'parity {worst:.1e}, {seconds:.3f} s a series on 2 threads')
    with open(path, 'rb') as file:
        content = file.read()
    tasks = {task: {'file': 'starter.onnx', 'logits': f'{task}_logits', 'probabilities': f'{task}_probabilities',
                    'labels': list(labels), 'temperature': 1.0} for task, labels in LABELS.items()}
    card = {
        'schema_version': 1, 'name': 'starter', 'version': options.version, 'licence': 'CC-BY-4.0',
        'description': 'Body part, imaging axis and intravenous contrast of a CT series from its pixels: one '
        'small 3-D trunk that looks at the series under three hypotheses of its plane, and a physical feature '
        'for contrast. A starter: it shows the way and says what it does not know.',
        'input': {'name': 'volume', 'dtype': 'uint8', 'shape': ['N', 1, 128, 224, 224]},
        'preprocessing': {
            'version': 1, 'window_hu': [-1000, 400], 'shape': [128, 224, 224],
            'interpolation': 'half-pixel-linear', 'rounding': 'rint-255',
            'slice_order': 'axial-head-to-foot coronal-front-to-back sagittal-right-to-left'},
        'tasks': tasks,
        'files': {'starter.onnx': {'sha256': hashlib.sha256(content).hexdigest(), 'bytes': len(content)}},
        'trained_on': training_sources(options.volumes, set(patients_in(train))),
        'patients_per_label': patients_per_label(train),
        'results': results, 'calibration': calibration, 'limits': list(limits),
        'made_by': f'python models/training/train.py --volumes DIR --output models/bundles/starter --seed {seed} '
                   f'--steps {options.steps} --per-label {options.per_label} --members {options.members} --coverage {options.coverage} '
                   f'--threads {options.threads} --version {options.version}',
    }
    write_json(os.path.join(options.output, 'card.json'), card)
    for row in results:
        say(f"{row['value']:.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}] {row['task']} {row['metric']} "
            f"({row['series']} series, {row['patients']} patients) {row['data'][:40]}")
    for name, (count, right, worst_label) in per_label_table(held, body).items():
        say(f'{name}: {right} of {count}, mostly mistaken for {worst_label}')
    return card


def parity_volumes(folder, seed):
    """A few virtual series through the reference preprocessing, in all planes, and one of noise."""
    from preprocess_reference import preprocess_series
    generator = np.random.default_rng(seed + 3)
    volumes = [v for v in load_volumes(folder, generator, with_masked=False) if v.id in ('tcga_ay4070', 'lidc0001')]
    found = [generator.integers(0, 256, (128, 224, 224), dtype=np.uint8)]
    for volume, label, plane in zip(volumes * 2, ('chest', 'abdomen', 'chest', 'pelvis'),
                                    (AXES[0], AXES[1], AXES[2], AXES[0])):
        acquisition = draw_acquisition(volume, label, generator, plane)
        if acquisition is not None:
            found.append(preprocess_series(render_series(acquisition)))
    return np.array(found)[:, None]
