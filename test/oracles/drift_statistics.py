"""Chi-squared and Kolmogorov-Smirnov tests of scipy, and exact p-values of small tables. JSON in and out."""
import json
import sys

import numpy as np
from scipy.stats import chi2_contingency, hypergeom, ks_2samp

given = json.load(sys.stdin)


def table(first, second):
    names = sorted(set(first) | set(second))
    return np.array([[values.count(name) for name in names] for values in (first, second)])


def shares(first, second):
    counts = table(first, second)
    p = counts / counts.sum(axis=1, keepdims=True)
    effect = float(abs(p[0] - p[1]).sum() / 2)
    if counts.shape[1] == 1:
        return [0.0, effect, 1.0]
    result = chi2_contingency(counts, correction=False)
    return [float(result.statistic), effect, float(result.pvalue)]


def exact_fourfold(first, second):
    """Probability, margins fixed, of a chi-squared at least as large."""
    yes, total, drawn = first.count('yes') + second.count('yes'), len(first) + len(second), len(second)
    found = np.arange(max(0, drawn - (total - yes)), min(yes, drawn) + 1)
    off = abs(found - yes * drawn / total)
    return float(hypergeom.pmf(found, total, yes, drawn)[off >= off[found == second.count('yes')] - 1e-9].sum())


def distributions(first, second):
    result = ks_2samp(first, second, method='auto')
    return [float(result.statistic), float(result.pvalue)]


print(json.dumps({
    'shares': [shares(*each) for each in given['shares']],
    'fourfold': [exact_fourfold(*each) for each in given['fourfold']],
    'distributions': [distributions(*each) for each in given['distributions']],
}))
