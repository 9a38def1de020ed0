// Medians, and ratios with intervals: what every row of the bench is made of.

/** @param {readonly number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Uniform numbers in [0, 1) that a seed fixes (mulberry32). */
function makeUniform(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Ratio of two medians with its 95% percentile interval from a bootstrap over rounds. Rounds are drawn for both at once:
 * the two stood side by side in each, so what slowed a round slowed both.
 * @param {readonly number[]} values one a round, above the line
 * @param {readonly number[]} base one a round, below the line; as many
 * @returns {{ ratio: number, low: number, high: number }}
 * @throws RangeError when there is no round, or not as many of both
 */
export function ratioOfMedians(values, base, { draws = 2000, seed = 1 } = {}) {
  const rounds = values.length;
  if (rounds === 0 || base.length !== rounds) throw new RangeError('as many rounds of both, at least one');
  const uniform = makeUniform(seed);
  const ratios = Float64Array.from({ length: draws }, () => {
    const drawn = Array.from({ length: rounds }, () => Math.floor(uniform() * rounds));
    return median(drawn.map((round) => values[round])) / median(drawn.map((round) => base[round]));
  }).sort();
  const at = (share) => ratios[Math.round(share * (draws - 1))];
  return { ratio: median(values) / median(base), low: at(0.025), high: at(0.975) };
}
