/**
 * Cheap statistics of a network's input that say whether it looks like CT of a body at all. The same numbers as
 * models/training/input_statistics.py, from which bundles' gates are made; a test compares both.
 */

const BLOCK = 4;
/** −500 HU in the window of preprocessing version 1: between lung and tissue. */
const BODY_LEVEL = 91;
/** 197 HU as a mean of 64 voxels: compact bone or dense contrast. */
const BONE_LEVEL = 218;
/** Upper bounds of the grey-level classes of blocks within the body: −200, −30, 15, 90, 197 HU, and above. */
const TISSUE_BOUNDS = [145, 176, 185, 198, 218] as const;
/** 33 HU between neighbouring blocks. */
const EVEN_DIFFERENCE = 6;
const AIR_LEVEL = 12;

/** Names of the statistics of blocks, in order. Shares of tissue are of the blocks within the body. */
export const STATISTIC_NAMES = [
  'mean',
  'spread',
  'air',
  'lung',
  'body',
  'thin',
  'fat',
  'water',
  'soft',
  'enhanced',
  'bone',
  'even',
  'step_slice',
  'step_row',
  'step_column',
  'likeness_slice',
  'likeness_row',
  'likeness_column',
  'asymmetry_row',
  'asymmetry_column',
  'area_variation',
  'border',
  'bone_radius',
  'body_radius',
] as const;

/**
 * The statistics on scales on which their spread hardly depends on their size, as gates compare them: roots of shares,
 * logarithms of steps and of what likeness lacks.
 */
export function spreadOut(values: readonly number[]): number[] {
  return values.map((value, index) => {
    if (index < 11 || index === 20) return Math.sqrt(Math.max(value, 0));
    if (index >= 12 && index < 15) return Math.log(value + 0.003);
    if (index >= 15 && index < 18) return Math.log(1.001 - Math.min(value, 1));
    return value;
  });
}

export interface InputStatistics {
  /** In the order of `STATISTIC_NAMES`. */
  values: number[];
  /** Share of exact zeros among voxels of air: 1 where air was removed. */
  emptyAir: number;
  /** Correlation of voxels that are neighbours in a row of the image; 1 where nothing varies, near 0 in noise. */
  neighbourLikeness: number;
}

interface Grid {
  values: Float64Array;
  size: readonly [number, number, number];
}

/** Means of blocks of 4 × 4 × 4; what does not fill a block is left out. */
function averageBlocks(tensor: Uint8Array, [depth, height, width]: readonly [number, number, number]): Grid {
  const [d, h, w] = [depth, height, width].map((n) => Math.floor(n / BLOCK)) as [number, number, number];
  const sums = new Int32Array(d * h * w);
  for (let z = 0; z < d * BLOCK; z++) {
    for (let y = 0; y < h * BLOCK; y++) {
      const row = ((z >> 2) * h + (y >> 2)) * w;
      let from = (z * height + y) * width;
      for (let block = row; block < row + w; block++, from += BLOCK) {
        sums[block] =
          sums[block]! + tensor[from]! + tensor[from + 1]! + tensor[from + 2]! + tensor[from + 3]!;
      }
    }
  }
  const values = new Float64Array(sums.length);
  for (let at = 0; at < sums.length; at++) values[at] = sums[at]! / BLOCK ** 3;
  return { values, size: [d, h, w] };
}

/** Pearson's correlation of two sequences given by their sums; 1 where nothing varies. */
function correlate(n: number, a: number, b: number, aa: number, bb: number, ab: number): number {
  const power = Math.sqrt(Math.max(0, aa / n - (a / n) ** 2) * Math.max(0, bb / n - (b / n) ** 2));
  return power > 1e-9 ? (ab / n - (a / n) * (b / n)) / power : 1;
}

/** Mean difference within the body and correlation of neighbours along one axis; marks blocks that are not even. */
function compareNeighbours({ values, size }: Grid, axis: 0 | 1 | 2, even: Uint8Array) {
  const stride = [size[1] * size[2], size[2], 1][axis]!;
  let [n, pairs, difference] = [0, 0, 0];
  let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
  // Around the mean grey level, so that sums of squares lose no digits.
  const centre = 128;
  // Blocks in rows of `stride`: the last of each `size` rows has no neighbour.
  const last = (size[axis] - 1) * stride;
  const period = size[axis] * stride;
  for (
    let at = 0, inPeriod = 0;
    at < values.length;
    at++, inPeriod = inPeriod + 1 === period ? 0 : inPeriod + 1
  ) {
    if (inPeriod >= last) continue;
    const front = values[at]!;
    const back = values[at + stride]!;
    const step = Math.abs(back - front);
    if (step >= EVEN_DIFFERENCE) even[at] = 0;
    if (front > BODY_LEVEL && back > BODY_LEVEL) {
      pairs++;
      difference += step;
    }
    n++;
    a += front - centre;
    b += back - centre;
    aa += (front - centre) ** 2;
    bb += (back - centre) ** 2;
    ab += (front - centre) * (back - centre);
  }
  return { step: difference / Math.max(1, pairs), likeness: correlate(n, a, b, aa, bb, ab) };
}

/** From single voxels, of every fourth row of every fourth slice. */
function measureVoxels(tensor: Uint8Array, [, height, width]: readonly [number, number, number]) {
  let [air, zeros] = [0, 0];
  let [n, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let line = 0; line * width < tensor.length; line++) {
    if ((line % height) % BLOCK !== 0 || Math.floor(line / height) % BLOCK !== 0) continue;
    const row = line * width;
    let previous = tensor[row]!;
    if (previous <= AIR_LEVEL) air++;
    if (previous === 0) zeros++;
    for (let at = row + 1; at < row + width; at++) {
      const value = tensor[at]!;
      if (value <= AIR_LEVEL) air++;
      if (value === 0) zeros++;
      a += previous;
      b += value;
      aa += previous * previous;
      bb += value * value;
      ab += previous * value;
      previous = value;
    }
    n += width - 1;
  }
  return { emptyAir: zeros / Math.max(1, air), neighbourLikeness: correlate(n, a, b, aa, bb, ab) };
}

/**
 * Describes a network's input.
 * @param tensor grey levels 0 to 255, `[slice, row, column]` of `shape`
 */
export function describeInput(tensor: Uint8Array, shape: readonly [number, number, number]): InputStatistics {
  const grid = averageBlocks(tensor, shape);
  const { values } = grid;
  const [d, h, w] = grid.size;
  const count = values.length;
  const tissue = new Float64Array(TISSUE_BOUNDS.length + 1);
  const even = new Uint8Array(count).fill(1);
  const areas = new Float64Array(d);
  const radii = Float64Array.from({ length: h * w }, (_, at) =>
    Math.hypot(((Math.floor(at / w) + 0.5) / h) * 2 - 1, (((at % w) + 0.5) / w) * 2 - 1),
  );
  let [sum, squares, air, lung, body, bone] = [0, 0, 0, 0, 0, 0];
  let [rimBody, boneRadius, bodyRadius, rowMirror, columnMirror] = [0, 0, 0, 0, 0];
  const mean = values.reduce((total, value) => total + value, 0) / count;
  for (let z = 0, at = 0; z < d; z++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++, at++) {
        const value = values[at]!;
        sum += value;
        squares += (value - mean) ** 2;
        rowMirror += Math.abs(value - values[(z * h + (h - 1 - y)) * w + x]!);
        columnMirror += Math.abs(value - values[(z * h + y) * w + (w - 1 - x)]!);
        const isBone = value > BONE_LEVEL;
        if (value <= BODY_LEVEL) {
          even[at] = 0;
          if (value <= AIR_LEVEL) air++;
          else lung++;
          continue;
        }
        const radius = radii[y * w + x]!;
        let kind = 0;
        while (kind < TISSUE_BOUNDS.length && value > TISSUE_BOUNDS[kind]!) kind++;
        tissue[kind]! += 1;
        body++;
        bodyRadius += radius;
        areas[z]! += 1 / (h * w);
        if (y === 0 || y === h - 1 || x === 0 || x === w - 1) rimBody++;
        if (isBone) {
          bone++;
          boneRadius += radius;
        }
      }
    }
  }
  const neighbours = ([0, 1, 2] as const).map((axis) => compareNeighbours(grid, axis, even));
  const spread = Math.sqrt(squares / count);
  const evenShare = even.reduce((total, flag) => total + flag, 0) / Math.max(1, body);
  const meanArea = areas.reduce((total, area) => total + area, 0) / d;
  const areaSpread = Math.sqrt(areas.reduce((total, area) => total + (area - meanArea) ** 2, 0) / d);
  const rim = d * (2 * h + 2 * w - 4);
  return {
    values: [
      sum / count / 255,
      spread / 255,
      air / count,
      lung / count,
      body / count,
      ...Array.from(tissue, (n) => n / Math.max(1, body)),
      evenShare,
      ...neighbours.map(({ step }) => step / 255),
      ...neighbours.map(({ likeness }) => likeness),
      rowMirror / count / Math.max(spread, 1),
      columnMirror / count / Math.max(spread, 1),
      areaSpread / Math.max(meanArea, 1 / (h * w)),
      rimBody / rim,
      boneRadius / Math.max(1, bone),
      bodyRadius / Math.max(1, body),
    ],
    ...measureVoxels(tensor, shape),
  };
}
