"""The card of a bundle that was trained on curated series: what was measured, on whom, and what it cannot know."""
import os

import numpy as np

from files import write_json
from label_vocabulary import LABELS
from statistics_by_patient import (auc, bootstrap_by_patient, expected_calibration_error, fit_temperature,
                                   risk_coverage, softmax)

# Fewer validation series than this say nothing of a temperature.
LEAST_FOR_TEMPERATURE = 20
FILES = {'paper': lambda task: f'{task}.onnx', 'starter': lambda task: 'starter.onnx'}


def interval_row(data, task, metric, statistic, patients, seed):
    low, high = bootstrap_by_patient(statistic, patients, seed)
    value = float(statistic(np.arange(len(patients))))
    finite = lambda number: round(number, 4) if np.isfinite(number) else None
    return {'data': data, 'method': 'patients kept back', 'task': task, 'metric': metric, 'value': finite(value),
            'ci_low': finite(low), 'ci_high': finite(high), 'interval': '95%, bootstrap by patient',
            'series': len(patients), 'patients': len(np.unique(patients))}


def task_results(task, rows, logits, truth, seed, data):
    patients = np.array([row['patient'] for row in rows])
    order = np.argsort(-logits, 1, kind='stable')
    hit = order[:, 0] == truth
    found = [interval_row(data, task, 'accuracy', lambda r: hit[r].mean(), patients, seed)]
    if logits.shape[1] > 2:
        two = (order[:, :2] == truth[:, None]).any(1)
        found.append(interval_row(data, task, 'top2_accuracy', lambda r: two[r].mean(), patients, seed))
    elif len(np.unique(truth)) == 2:
        margin = logits[:, 1] - logits[:, 0]
        found.append(interval_row(data, task, 'auc', lambda r: auc(margin[r], truth[r]) if
                                  len(np.unique(truth[r])) == 2 else np.nan, patients, seed))
    return found


def thresholds_of(logits, truth, risks=(0.05, 0.01)):
    """For each risk the score from which on predictions are right that often, and the share that it accepts."""
    probabilities = softmax(logits)
    found = []
    for risk in risks:
        share, threshold = risk_coverage(probabilities.max(1), probabilities.argmax(1) == truth, 1 - risk)
        found.append({'risk': risk, 'threshold': round(threshold, 4), 'coverage': round(share, 4)})
    return found


def write_draft(job, histories, answers, gate, torch_version, device):
    """draft.json: a card without digests and parity, which the checker on the other side adds."""
    settings = job.settings
    count = lambda part: sum(row['part'] == part for row in job.series)
    data = f"{settings['source']['name']}, test part: patients that no weight was trained or chosen on"
    tasks, results, calibration, thresholds, patients = {}, [], {}, {}, {}
    for task in job.tasks:
        (held, logits), (tested, test_logits) = answers[task]['validation'], answers[task]['test']
        truth = job.label_indices(task, held)
        temperature = fit_temperature(logits, truth) if len(held) >= LEAST_FOR_TEMPERATURE else 1.0
        tasks[task] = {'file': FILES[settings['preset']](task), 'logits': f'{task}_logits',
                       'probabilities': f'{task}_probabilities', 'labels': list(LABELS[task]),
                       'temperature': round(temperature, 4)}
        calibration[task] = {
            'validation_series': len(held), 'temperature': round(temperature, 4),
            'fitted': len(held) >= LEAST_FOR_TEMPERATURE}
        if len(tested):
            test_truth = job.label_indices(task, tested)
            results += task_results(task, tested, test_logits, test_truth, job.seed, data)
            for name, t in (('ece_before', 1.0), ('ece_after', temperature)):
                calibration[task][name] = round(
                    expected_calibration_error(softmax(test_logits, t), test_truth), 4)
        thresholds[task] = thresholds_of(logits / temperature, truth)
        patients[task] = {label: len({row['patient'] for row in job.rows(task, 'train')
                                      if row['labels'][task] == label}) for label in LABELS[task]}
    paper = settings['preset'] == 'paper'
    limits = [
        f"{count('train')} series trained it, {count('validation')} chose the epoch and the temperature, "
        f"{count('test')} measured it; patients are never shared between these.",
        'It knows nothing of anatomy, scanners and protocols that its series do not hold.']
    limits += [f'Task {task}: no series in the test part, so nothing is measured.' for task in job.tasks
               if not len(answers[task]['test'][0])]
    limits += [f'Task {task}: too few validation series for a temperature; its scores are not calibrated.'
               for task in job.tasks if not calibration[task]['fitted']]
    review = {'thresholds': {'data': 'validation part', **thresholds}}
    if gate is None:
        limits.append('Too few patients for a gate: series unlike those that trained it are held back by scores alone.')
    else:
        review['gate'] = {'file': 'gate.json', 'kept_back_share': 0.1,
                          'data': 'training and validation parts, each series judged without its patient'}
    write_json(os.path.join(job.folder, 'draft.json'), {
        'schema_version': 1, 'name': settings['name'], 'version': settings['version'],
        'licence': settings['licence'],
        'description': 'Three-dimensional ResNet-50, one network a task, trained from scratch as Li et al. 2024 '
                       'published it.' if paper else 'One compact 3-D trunk under three hypotheses of the plane, '
                       'and a physical feature for contrast, trained on curated series.',
        'input': {'name': 'volume', 'dtype': 'uint8', 'shape': ['N', 1, *settings['shape']]},
        'preprocessing': settings['preprocessing'], 'tasks': tasks, 'files': {},
        'trained_on': [{**settings['source'], 'series': count('train'),
                        'patients': len({row['patient'] for row in job.series if row['part'] == 'train'})}],
        'patients_per_label': patients, 'results': results,
        'calibration': {'method': 'temperature, fitted on the validation part', **calibration},
        'limits': limits, 'made_by': settings['made_by'],
        'review': review,
        'extensions': {'training': {
            'preset': settings['preset'], 'seed': job.seed, 'width': settings['width'],
            'batch': settings['batch'], 'torch': torch_version, 'device': device,
            'series': {part: count(part) for part in ('train', 'validation', 'test')},
            'epochs': histories}},
    })


