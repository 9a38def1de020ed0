/**
 * One class's scores, sorted once, as blocks of rows: the inner loop of the area under the curve is then a sum of
 * weights without a branch. Blocks descend by score. A run of equal scores that holds both kinds of rows becomes a
 * block of its positives followed by one of its negatives.
 */
export interface RankedScores {
  readonly rows: Uint32Array;
  /** End of each block in `rows`. */
  readonly ends: Uint32Array;
  readonly kinds: Uint8Array;
}

const POSITIVES = 0;
const NEGATIVES = 1;
/** Negatives that tie with the positives of the block before. */
const TIED_NEGATIVES = 2;

/** Sorts one column of scores. @param scores `[row, label]` row-major with `size` labels. */
export function rankClassScores(
  truth: Int32Array,
  scores: Float64Array,
  size: number,
  label: number,
): RankedScores {
  const column = Float64Array.from(truth, (_, row) => scores[row * size + label]!);
  const order = sortDescending(column);
  const rows = new Uint32Array(order.length);
  const ends: number[] = [];
  const kinds: number[] = [];
  let written = 0;
  const close = (kind: number, mayGrow: boolean): void => {
    if (mayGrow && kinds.at(-1) === kind) {
      ends[ends.length - 1] = written;
    } else {
      ends.push(written);
      kinds.push(kind);
    }
  };
  for (let start = 0; start < order.length; ) {
    const score = column[order[start]!];
    const before = written;
    let end = start;
    for (; end < order.length && column[order[end]!] === score; end++) {
      if (truth[order[end]!] === label) rows[written++] = order[end]!;
    }
    const positives = written - before;
    const negatives = end - start - positives;
    // Tied positives get a block of their own: the negatives after it count half against these alone.
    if (positives > 0) close(POSITIVES, negatives === 0);
    if (negatives > 0) {
      for (let i = start; i < end; i++) {
        if (truth[order[i]!] !== label) rows[written++] = order[i]!;
      }
      close(positives > 0 ? TIED_NEGATIVES : NEGATIVES, positives === 0);
    }
    start = end;
  }
  return { rows, ends: Uint32Array.from(ends), kinds: Uint8Array.from(kinds) };
}

/** Row numbers by descending value; rows of equal value stay in their order. */
export function sortDescending(values: Float64Array): Uint32Array {
  const order = Uint32Array.from(values, (_, row) => row);
  return order.sort((a, b) => values[b]! - values[a]! || a - b);
}

/**
 * Area under the ROC curve with a count for each row (Mann-Whitney; ties count half): what
 * `sklearn.metrics.roc_auc_score` gives on the rows repeated as often. NaN where one side is empty.
 * All sums are integers or halves, so that the result is exact up to its one division.
 */
export function computeAuc({ rows, ends, kinds }: RankedScores, weights: Uint32Array): number {
  let positives = 0;
  let negatives = 0;
  let area = 0;
  let blockBefore = 0;
  let at = 0;
  for (let block = 0; block < ends.length; block++) {
    const end = ends[block]!;
    let sum = 0;
    for (; at < end; at++) sum = (sum + weights[rows[at]!]!) | 0;
    const kind = kinds[block]!;
    if (kind === POSITIVES) {
      positives += sum;
    } else {
      negatives += sum;
      area += sum * (kind === TIED_NEGATIVES ? positives - blockBefore / 2 : positives);
    }
    blockBefore = sum;
  }
  return positives === 0 || negatives === 0 ? Number.NaN : area / (positives * negatives);
}

/**
 * Rank of the true label among a row's scores, 0 for the highest. Among equal scores the label that comes later in
 * the order ranks higher: scikit-learn's rule (`top_k_accuracy_score`: a stable sort, reversed).
 */
export function rankTruth(truth: Int32Array, scores: Float64Array, size: number): Uint16Array {
  return Uint16Array.from(truth, (label, row) => {
    const at = row * size;
    const own = scores[at + label]!;
    let rank = 0;
    for (let j = 0; j < size; j++) {
      const other = scores[at + j]!;
      if (other > own || (other === own && j > label)) rank++;
    }
    return rank;
  });
}
