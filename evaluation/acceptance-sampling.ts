/**
 * Acceptance sampling: how many units of a dataset a person has to read to show that few of its labels are wrong, and
 * what a finished sample shows. Exact: drawing without replacement from a finite dataset (hypergeometric), and for the
 * share that stands behind the dataset the interval of Clopper & Pearson 1934 (doi 10.1093/biomet/26.4.404).
 */

/** What a sample shows of the dataset that it was drawn from. */
export interface SampleVerdict {
  /** One-sided: with this confidence no more than so many units of the dataset are wrong. */
  readonly mostErrors: number;
  /** The same as a share of the dataset. */
  readonly mostErrorRate: number;
  /** Two-sided 95% interval of Clopper and Pearson for the share of errors, the dataset taken as endless. */
  readonly low: number;
  readonly high: number;
}

/** Tails are sums of exponentials: a tail of exactly 1 - confidence must not miss it by its last digits. */
const ROUNDING = 1e-10;

/** ln n!, from a table that grows as needed: exact sums of logarithms up to what a dataset holds. */
const logFactorials: number[] = [0];
function logFactorial(n: number): number {
  for (let k = logFactorials.length; k <= n; k++) logFactorials.push(logFactorials[k - 1]! + Math.log(k));
  return logFactorials[n]!;
}

function logChoose(n: number, k: number): number {
  return k < 0 || k > n ? Number.NEGATIVE_INFINITY : logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Probability of at most `found` wrong units among `drawn`, when `wrong` of `population` are. */
export function hypergeometricTail(population: number, wrong: number, drawn: number, found: number): number {
  const all = logChoose(population, drawn);
  let sum = 0;
  for (let k = Math.max(0, drawn - (population - wrong)); k <= Math.min(found, wrong, drawn); k++)
    sum += Math.exp(logChoose(wrong, k) + logChoose(population - wrong, drawn - k) - all);
  return Math.min(1, sum);
}

/** Probability of at most `found` in `drawn` independent draws of probability `rate`. */
export function binomialTail(drawn: number, rate: number, found: number): number {
  if (rate <= 0) return 1;
  if (rate >= 1) return found >= drawn ? 1 : 0;
  let sum = 0;
  for (let k = 0; k <= Math.min(found, drawn); k++)
    sum += Math.exp(logChoose(drawn, k) + k * Math.log(rate) + (drawn - k) * Math.log1p(-rate));
  return Math.min(1, sum);
}

/**
 * The least number of units to read. If more than `errorRate` of the dataset were wrong, a random sample of that size
 * would show `allowedErrors` or fewer with a probability of at most 1 - `confidence`.
 * @param errorRate share of wrong units that is to be ruled out, 0 to 1: that many and more
 * @returns null when even reading everything cannot show it: the allowed errors alone reach the rate
 */
export function planSample(
  population: number,
  errorRate: number,
  confidence: number,
  allowedErrors = 0,
): number | null {
  const wrong = Math.ceil(population * errorRate - ROUNDING);
  if (wrong <= allowedErrors) return null;
  let low = allowedErrors + 1;
  let high = population;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (hypergeometricTail(population, wrong, middle, allowedErrors) <= 1 - confidence + ROUNDING)
      high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What `errors` wrong units among `drawn` random ones show of the `population`. */
export function judgeSample(
  population: number,
  drawn: number,
  errors: number,
  confidence: number,
): SampleVerdict {
  // The more are wrong, the less likely so few are found: the most that is still compatible.
  let low = errors;
  let high = population - (drawn - errors);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (hypergeometricTail(population, middle, drawn, errors) > 1 - confidence + ROUNDING) low = middle;
    else high = middle - 1;
  }
  return {
    mostErrors: low,
    mostErrorRate: population === 0 ? 0 : low / population,
    low: errors === 0 ? 0 : solveRate((rate) => 1 - binomialTail(drawn, rate, errors - 1) - 0.025),
    high: errors === drawn ? 1 : solveRate((rate) => 0.025 - binomialTail(drawn, rate, errors)),
  };
}

/** Where a function that ascends over 0 to 1 is 0, by halving. */
function solveRate(ascending: (rate: number) => number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (ascending(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
