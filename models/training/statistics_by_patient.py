"""Accuracy, AUC, calibration and bootstrap intervals whose unit is the patient."""
import numpy as np


def softmax(logits, temperature=1.0):
    scaled = np.asarray(logits, float) / temperature
    scaled = np.exp(scaled - scaled.max(1, keepdims=True))
    return scaled / scaled.sum(1, keepdims=True)


def auc(scores, truth):
    """Area under the ROC curve, ties counted half; nan where one class is missing."""
    positive, negative = scores[truth == 1], scores[truth == 0]
    if not len(positive) or not len(negative):
        return float('nan')
    difference = positive[:, None] - negative[None]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def expected_calibration_error(probabilities, truth, bins=10):
    confidence, hit = probabilities.max(1), probabilities.argmax(1) == truth
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs(hit[index == b].mean() - confidence[index == b].mean()) * (index == b).mean()
                     for b in range(bins) if (index == b).any()))


def negative_log_likelihood(logits, truth, temperature):
    probabilities = softmax(logits, temperature)
    return float(-np.log(probabilities[np.arange(len(truth)), truth] + 1e-12).mean())


def fit_temperature(logits, truth):
    """The temperature of least negative log likelihood, by a grid and one refinement."""
    grid = np.exp(np.linspace(np.log(0.2), np.log(5), 81))
    best = min(grid, key=lambda t: negative_log_likelihood(logits, truth, t))
    return float(min(best * np.linspace(0.96, 1.04, 41), key=lambda t: negative_log_likelihood(logits, truth, t)))


def bootstrap_by_patient(statistic, patients, seed, rounds=1000):
    """2.5 and 97.5 percentiles of statistic(rows) over resampled patients; rounds without a value are left out."""
    generator = np.random.default_rng(seed)
    names = np.unique(patients)
    rows_of = [np.flatnonzero(patients == name) for name in names]
    values = [statistic(np.concatenate([rows_of[k] for k in generator.integers(len(names), size=len(names))]))
              for _ in range(rounds)]
    values = np.array([v for v in values if np.isfinite(v)])
    return float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5))


def risk_coverage(confidence, hit, wanted):
    """The largest share of series that can be accepted, most confident first, at this accuracy or more."""
    order = np.argsort(-confidence, kind='stable')
    running = np.cumsum(hit[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(running >= wanted)
    if not len(good):
        return 0.0, 1.0
    last = int(good[-1])
    return (last + 1) / len(order), float(confidence[order[last]])
