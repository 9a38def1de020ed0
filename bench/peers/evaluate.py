"""The bootstrap as it is usually written: scikit-learn's functions in a loop over resampled rows."""

import warnings
from pathlib import Path

import numpy as np
import sklearn
from rounds import serve
from sklearn import metrics

warnings.simplefilter("ignore")


def measure(truth, predicted, scores, labels):
    values = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
        "weighted_sensitivity": metrics.recall_score(truth, predicted, average="weighted"),
        "micro_f1": metrics.f1_score(truth, predicted, average="micro"),
        "macro_f1": metrics.f1_score(truth, predicted, average="macro"),
        "top_2": metrics.top_k_accuracy_score(truth, scores, k=2, labels=labels),
        "top_3": metrics.top_k_accuracy_score(truth, scores, k=3, labels=labels),
    }
    metrics.confusion_matrix(truth, predicted, labels=labels)
    for label in labels:
        t = truth == label
        p = predicted == label
        values |= {
            f"class-{label}.auc": metrics.roc_auc_score(t, scores[:, label]),
            f"class-{label}.accuracy": metrics.accuracy_score(t, p),
            f"class-{label}.balanced_accuracy": metrics.balanced_accuracy_score(t, p),
            f"class-{label}.f1": metrics.f1_score(t, p),
            f"class-{label}.ppv": metrics.precision_score(t, p),
            f"class-{label}.npv": metrics.precision_score(t, p, pos_label=False),
            f"class-{label}.sensitivity": metrics.recall_score(t, p),
            f"class-{label}.specificity": metrics.recall_score(t, p, pos_label=False),
        }
    return values


def scikit_learn(args):
    """One round of the bootstrap, told as many: each costs the same."""
    folder, label_count = Path(args["folder"]), args["labels"]
    truth = np.fromfile(folder / "truth.bin", np.int32)
    predicted = np.fromfile(folder / "predicted.bin", np.int32)
    scores = np.fromfile(folder / "scores.bin", np.float64).reshape(-1, label_count)
    labels = list(range(label_count))
    random = np.random.default_rng(1)

    def work(request):
        if request["check"]:
            values = measure(truth, predicted, scores, labels)
            return {"values": {name: float(value) for name, value in values.items()}}
        rows = random.integers(len(truth), size=len(truth))
        measure(truth[rows], predicted[rows], scores[rows], labels)
        return {"scale": args["rounds"]}

    return sklearn.__version__, work


serve({"scikit-learn": scikit_learn})
