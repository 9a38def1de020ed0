"""scikit-learn's answers for the evaluator's test: reads problems as JSON from stdin, writes measures as JSON.

A problem: labels (count), truth, predicted, scores (row-major), counts (how often each row is drawn; rows are
repeated that often, so that the judge knows nothing of weights).
"""

import json
import sys
import warnings

import numpy as np
import sklearn
from scipy.stats import binomtest
from sklearn import metrics
from sklearn.utils import validation

warnings.simplefilter("ignore")
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)

# Each call asks several times whether an array is a data frame; for numpy arrays the answer is known, and asking
# takes a third of the whole test.
asks_whether_frame = getattr(validation, "_nw_into_df_or_series", None)
if asks_whether_frame is not None:
    validation._nw_into_df_or_series = lambda x: not isinstance(x, np.ndarray) and asks_whether_frame(x)


def plain(value):
    return None if np.isnan(value) else float(value)


def measure_classes(truth, predicted, scores, labels):
    """One against the rest for all classes at once: scikit-learn's own functions on label indicators."""
    truths = (truth[:, None] == labels).astype(int)
    predictions = (predicted[:, None] == labels).astype(int)
    ppv, sensitivity, f1, support = metrics.precision_recall_fscore_support(
        truth, predicted, labels=labels, zero_division=0
    )
    npv, specificity, _, others = metrics.precision_recall_fscore_support(
        1 - truths, 1 - predictions, zero_division=0
    )
    aucs = metrics.roc_auc_score(truths, scores, average=None)
    return [
        {
            "auc": plain(aucs[c]),
            "accuracy": (truths[:, c] == predictions[:, c]).mean(),
            "balanced_accuracy": np.mean(
                [r for r, n in ((sensitivity[c], support[c]), (specificity[c], others[c])) if n > 0]
            ),
            "f1": f1[c],
            "ppv": ppv[c],
            "npv": npv[c],
            "sensitivity": sensitivity[c],
            "specificity": specificity[c],
        }
        for c in labels
    ]


def measure_class(truth, predicted, score):
    # Both sides in one call: class 1 gives PPV, sensitivity and F1, class 0 gives NPV and specificity.
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, predicted, labels=[0, 1], zero_division=0
    )
    return {
        "auc": plain(metrics.roc_auc_score(truth, score) if len(np.unique(truth)) == 2 else np.nan),
        "accuracy": metrics.accuracy_score(truth, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
        "f1": f1[1],
        "ppv": precision[1],
        "npv": precision[0],
        "sensitivity": recall[1],
        "specificity": recall[0],
    }


def expected_calibration_error(confidence, right, bins=15):
    error = 0.0
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if b == 0:
            inside |= confidence <= 0
        if inside.any():
            error += inside.sum() * abs(right[inside].mean() - confidence[inside].mean())
    return error / len(right)


def selective(confidence, right):
    """Thresholds one by one, in the plainest way."""
    total = len(right)
    points = []
    for threshold in np.unique(confidence)[::-1]:
        accepted = confidence >= threshold
        points.append((threshold, accepted.sum() / total, right[accepted].mean()))
    risk_at = {threshold: 1 - accuracy for threshold, _, accuracy in points}
    result = {"aurc": np.mean([risk_at[c] for c in confidence])}
    for share in (0.95, 0.9, 0.8, 0.6):
        result[f"accuracy_at_coverage_{round(100 * share)}"] = next(
            accuracy for _, coverage, accuracy in points if coverage >= share - 1e-12
        )
    for target in (0.95, 0.99):
        result[f"coverage_at_accuracy_{round(100 * target)}"] = max(
            [coverage for _, coverage, accuracy in points if accuracy >= target], default=0.0
        )
    return result


def measure_problem(problem):
    size = problem["labels"]
    counts = np.array(problem["counts"])
    truth = np.repeat(np.array(problem["truth"]), counts)
    predicted = np.repeat(np.array(problem["predicted"]), counts)
    scores = np.repeat(np.array(problem["scores"]).reshape(-1, size), counts, axis=0)
    labels = list(range(size))
    # Every seventh problem calls the two-class functions class by class, the others all classes at once: the same
    # definitions at a fifth of the time.
    if problem["each"]:
        classes = [
            measure_class((truth == c).astype(int), (predicted == c).astype(int), scores[:, c])
            for c in labels
        ]
    else:
        classes = measure_classes(truth, predicted, scores, labels)
    aucs = [c["auc"] for c in classes]
    confidence = scores[np.arange(len(truth)), predicted]
    right = (truth == predicted).astype(float)
    task = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
        "weighted_sensitivity": metrics.recall_score(truth, predicted, average="weighted", zero_division=0),
        "micro_f1": metrics.f1_score(truth, predicted, average="micro"),
        "macro_f1": metrics.f1_score(truth, predicted, average="macro"),
        "macro_auc": None if None in aucs else float(np.mean(aucs)),
        "brier": metrics.brier_score_loss(truth, scores, labels=labels, scale_by_half=False),
        "ece": expected_calibration_error(confidence, right),
        **selective(confidence, right),
    }
    if size > 2:
        task["top_2"] = metrics.top_k_accuracy_score(truth, scores, k=2, labels=labels)
    if size > 3:
        task["top_3"] = metrics.top_k_accuracy_score(truth, scores, k=3, labels=labels)
    return {
        "task": task,
        "classes": classes,
        "confusion": metrics.confusion_matrix(truth, predicted, labels=labels).tolist(),
    }


def main():
    request = json.load(sys.stdin)
    answer = {
        "version": sklearn.__version__,
        "problems": [measure_problem(problem) for problem in request["problems"]],
        "percentiles": [np.percentile(values, [2.5, 97.5]).tolist() for values in request["samples"]],
        "binomial": [binomtest(a, a + b).pvalue if a + b else 1.0 for a, b in request["splits"]],
    }
    json.dump(answer, sys.stdout)


main()
