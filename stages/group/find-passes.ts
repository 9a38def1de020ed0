import type { PassEvidence } from '../records.ts';
import { compareSlices, groupBy, type Slice } from './slices.ts';

/** Passes over the same positions, in their order, with the key of each. */
export interface Passes {
  by: PassEvidence;
  passes: { key: string; slices: Slice[] }[];
}

interface Evidence {
  by: PassEvidence;
  /** Number of the slice in this respect; null when the header says nothing. */
  numberOf(slice: Slice): number | null;
  /** `value`: slices of one pass share it; `order`: the slices of a pass follow each other in it. */
  kinds: readonly ('value' | 'order')[];
  /** Whether the k-th at each position may be taken for the k-th pass. */
  kth: boolean;
}

/** The surest first. Times are ranks within the series by now (stages/deidentify/rank-times.ts). */
const EVIDENCE: readonly Evidence[] = [
  {
    by: 'temporal-position',
    numberOf: ({ frame }) => frame.temporalPosition,
    kinds: ['value'],
    kth: true,
  },
  { by: 'trigger-time', numberOf: ({ frame }) => frame.triggerTimeMs, kinds: ['value'], kth: true },
  {
    by: 'acquisition-number',
    numberOf: ({ frame }) => frame.acquisitionNumber,
    kinds: ['value'],
    kth: false,
  },
  {
    by: 'acquisition-time',
    numberOf: ({ frame }) => frame.acquisitionRank,
    kinds: ['value', 'order'],
    kth: true,
  },
  { by: 'content-time', numberOf: ({ frame }) => frame.contentRank, kinds: ['value', 'order'], kth: true },
  {
    by: 'instance-number',
    numberOf: ({ record }) => record.instanceNumber,
    kinds: ['order'],
    kth: true,
  },
];

/**
 * Tells the passes of a repeated scan apart: by a value that the slices of each pass share (temporal position, cardiac
 * phase, trigger time, acquisition), by the order of acquisition or content (a pass ends where the table turns back or
 * a position comes again), by instance numbers likewise; else, when every position is taken equally often, the first,
 * second ... at each.
 * @param positions slices at each position
 * @param mostly whether half of the positions or more are doubled; where fewer are, instance numbers prove nothing
 * @returns null when nothing tells them apart: no honest assignment is known
 */
export function findPasses(positions: readonly Slice[][], minimum: number, mostly: boolean): Passes | null {
  const shortest = Math.min(minimum, positions.length);
  const most = Math.max(...positions.map((slices) => slices.length));
  const isGood = (runs: readonly Slice[][]) =>
    runs.length === most && runs.every((run) => run.length >= shortest);
  for (const evidence of EVIDENCE) {
    if (!mostly && evidence.by === 'instance-number') continue;
    if (!tellsApart(positions, evidence)) continue;
    const value = (slice: Slice) => evidence.numberOf(slice) ?? 0;
    if (evidence.kinds.includes('value')) {
      const groups = groupBy(positions.flat(), (slice) => String(value(slice)));
      groups.sort((a, b) => Number(a[0]) - Number(b[0]));
      if (isGood(groups.map(([, slices]) => slices)))
        return {
          by: evidence.by,
          passes: groups.map(([key, slices]) => ({ key: `${evidence.by}=${key}`, slices })),
        };
    }
    const numbered = (runs: readonly Slice[][]): Passes => ({
      by: evidence.by,
      passes: runs.map((slices, index) => ({ key: `pass=${index + 1}`, slices })),
    });
    const inOrder = (slices: readonly Slice[]) =>
      [...slices].sort((a, b) => value(a) - value(b) || compareSlices(a, b));
    if (evidence.kinds.includes('order')) {
      for (const turnsBack of [true, false]) {
        const runs = findRuns(inOrder(positions.flat()), positions, turnsBack);
        if (isGood(runs)) return numbered(runs);
      }
    }
    if (evidence.kth && positions.every((slices) => slices.length === most)) {
      const sorted = positions.map(inOrder);
      return numbered(
        Array.from({ length: most }, (_, pass) => sorted.flatMap((slices) => slices[pass] ?? [])),
      );
    }
  }
  return null;
}

/** Whether every slice has a value, and no two at one position the same. */
function tellsApart(positions: readonly Slice[][], { by, numberOf }: Evidence): boolean {
  if (positions.some((slices) => slices.some((slice) => numberOf(slice) === null))) return false;
  // A number that stands for two instances is no order of instances; frames of one instance have their own.
  const byInstance = by === 'instance-number';
  const keysOf = (slices: readonly Slice[]) =>
    slices.map((slice) => `${numberOf(slice)}|${byInstance ? slice.frame.frame : ''}`);
  const groups = byInstance ? [positions.flat()] : positions;
  return groups.every((slices) => new Set(keysOf(slices)).size === slices.length);
}

function findRuns(ordered: readonly Slice[], positions: readonly Slice[][], turnsBack: boolean): Slice[][] {
  const indexOf = new Map<Slice, number>();
  positions.forEach((slices, index) => {
    for (const slice of slices) indexOf.set(slice, index);
  });
  const runs: Slice[][] = [];
  let seen = new Set<number>();
  let last: number | null = null;
  let way = 0;
  for (const slice of ordered) {
    const index = indexOf.get(slice) ?? 0;
    const step = last === null ? 0 : Math.sign(index - last);
    if (last === null || seen.has(index) || (turnsBack && way !== 0 && step !== way)) {
      runs.push([]);
      seen = new Set();
      way = 0;
    } else if (way === 0) way = step;
    runs.at(-1)?.push(slice);
    seen.add(index);
    last = index;
  }
  return runs;
}
