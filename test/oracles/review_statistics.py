"""Cohen's kappa of scikit-learn; hypergeometric tails and Clopper-Pearson intervals of scipy. JSON in and out."""
import json
import sys

import numpy as np
from scipy.stats import beta, binom, hypergeom
from sklearn.metrics import cohen_kappa_score

given = json.load(sys.stdin)


def kappa(first, second):
    value = cohen_kappa_score(first, second)
    return None if np.isnan(value) else float(value)


def least_sample(population, rate, confidence, allowed):
    wrong = int(np.ceil(population * rate - 1e-9))
    drawn = np.arange(allowed + 1, population + 1)
    enough = drawn[hypergeom.cdf(allowed, population, wrong, drawn) <= 1 - confidence + 1e-10]
    return int(enough[0]) if wrong > allowed else None


def most_errors(population, drawn, errors, confidence):
    wrong = np.arange(errors, population - (drawn - errors) + 1)
    return int(wrong[hypergeom.cdf(errors, population, wrong, drawn) > 1 - confidence + 1e-10].max())


def clopper_pearson(drawn, errors):
    low = 0.0 if errors == 0 else float(beta.ppf(0.025, errors, drawn - errors + 1))
    high = 1.0 if errors == drawn else float(beta.ppf(0.975, errors + 1, drawn - errors))
    return [low, high]


print(json.dumps({
    'kappa': [kappa(*pair) for pair in given['kappa']],
    'tails': [float(hypergeom.cdf(x, n, k, drawn)) for n, k, drawn, x in given['tails']],
    'binomial': [float(binom.cdf(x, n, p)) for n, p, x in given['binomial']],
    'plans': [least_sample(*each) for each in given['plans']],
    'judged': [[most_errors(*each), *clopper_pearson(each[1], each[2])] for each in given['judged']],
}))
