/** What a network's input looks like as a whole; far from the training set's, its answer is worth less. */
export interface TensorStatistics {
  /** Of all values, 0 to 255. */
  mean: number;
  standardDeviation: number;
  /** Share of values up to `AIR_VALUE`: air, or nothing at all, where the window begins at −1000 HU. */
  airFraction: number;
  /** Share of values at 255: at or above the window's upper bound (bone, metal, dense contrast). */
  saturatedFraction: number;
}

/** A twentieth of the range: −930 HU in the default window. Lung is above it, noise of air mostly below. */
const AIR_VALUE = 12;

/** Statistics of a uint8 tensor of any shape; exact, since they come from its histogram. */
export function describeTensor(tensor: Uint8Array): TensorStatistics {
  const histogram = countValues(tensor);
  const count = tensor.length;
  let sum = 0;
  let squares = 0;
  let air = 0;
  for (const [value, n] of histogram.entries()) {
    sum += value * n;
    squares += value * value * n;
    if (value <= AIR_VALUE) air += n;
  }
  const mean = sum / count;
  return {
    mean,
    standardDeviation: Math.sqrt(Math.max(squares / count - mean * mean, 0)),
    airFraction: air / count,
    saturatedFraction: histogram[255]! / count,
  };
}

/**
 * How often each value from 0 to 255 occurs. Neighbours are often equal, and adding to a count waits for the addition
 * before it: four histograms in turn do not wait for one another.
 */
function countValues(tensor: Uint8Array): Uint32Array {
  const counts = new Uint32Array(4 * 256);
  const even = tensor.length & ~3;
  for (let i = 0; i < even; i += 4) {
    counts[tensor[i]!]! += 1;
    counts[256 + tensor[i + 1]!]! += 1;
    counts[512 + tensor[i + 2]!]! += 1;
    counts[768 + tensor[i + 3]!]! += 1;
  }
  for (let i = even; i < tensor.length; i += 1) counts[tensor[i]!]! += 1;
  return counts
    .subarray(0, 256)
    .map((n, value) => n + counts[256 + value]! + counts[512 + value]! + counts[768 + value]!);
}
