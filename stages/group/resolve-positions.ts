import type { Reason } from '../reasons.ts';
import { SAME_POSITION_MM } from './geometry.ts';
import { originOfImageType } from './image-type.ts';
import { orderSlices } from './measure-stack.ts';
import { compareSlices, majority, type Slice, type StackCandidate } from './slices.ts';

/**
 * Leaves one slice at a position.
 * - Equal pixels: the first by instance number stays, the others are `duplicate-position`.
 * - Several originals at one position and nothing else: `bolus-tracking`. Fewer positions than a volume needs:
 *   `too-few-slices`.
 * - Half of the positions or more are doubled: the series holds several passes, told apart by the order of instance
 *   numbers; where that order tells nothing, `geometry-inconsistent`.
 * - Few are doubled: the slice of the acquisition that most slices have, then the lower instance number, stays.
 */
export function resolvePositions(candidate: StackCandidate, minimum: number): StackCandidate[] {
  const removed = [...candidate.removed];
  const positions = positionsOf(candidate).map((slices) => dropEqualPixels(slices, removed));
  const kept = positions.flat();
  if (positions.length === 1 && kept.length > 1 && kept.every(isOriginal)) {
    return [{ ...candidate, slices: kept, removed, problem: 'bolus-tracking' }];
  }
  const doubled = positions.filter((slices) => slices.length > 1).length;
  if (doubled === 0) return [{ ...candidate, slices: kept, removed }];
  if (positions.length < minimum) return [{ ...candidate, slices: kept, removed, problem: 'too-few-slices' }];
  if (2 * doubled < positions.length) {
    return [{ ...candidate, slices: positions.map((slices) => chooseOne(slices, kept, removed)), removed }];
  }
  const passes = findPasses(positions, minimum);
  if (passes === null) return [{ ...candidate, slices: kept, removed, problem: 'geometry-inconsistent' }];
  return passes.map((slices, index) => ({
    ...candidate,
    discriminator: [...candidate.discriminator, `pass=${index + 1}`],
    slices,
    // Taken-out slices are listed once, with the first pass.
    removed: index === 0 ? removed : [],
  }));
}

function isOriginal({ frame }: Slice): boolean {
  return originOfImageType(frame.imageType) === 'original';
}

function positionsOf(candidate: StackCandidate): Slice[][] {
  const positions: Slice[][] = [];
  let start = Number.NEGATIVE_INFINITY;
  for (const { slice, at } of orderSlices(candidate.slices, candidate.normal)) {
    if (at - start <= SAME_POSITION_MM) positions.at(-1)?.push(slice);
    else {
      positions.push([slice]);
      start = at;
    }
  }
  return positions.map((slices) => slices.sort(compareSlices));
}

function pixelKey({ record, frame }: Slice): string {
  // Without a digest (a forecast from headers) pixels are taken to differ.
  return [
    record.image?.pixelSha256 || record.sopInstanceUid,
    frame.frame,
    frame.rescaleSlope,
    frame.rescaleIntercept,
  ].join('|');
}

function dropEqualPixels(slices: readonly Slice[], removed: { slice: Slice; reason: Reason }[]): Slice[] {
  const seen = new Set<string>();
  return slices.filter((slice) => {
    const key = pixelKey(slice);
    if (!seen.has(key)) return seen.add(key);
    removed.push({ slice, reason: 'duplicate-position' });
    return false;
  });
}

function chooseOne(
  slices: readonly Slice[],
  all: readonly Slice[],
  removed: { slice: Slice; reason: Reason }[],
): Slice {
  const usual = slices.length > 1 ? majority(all.map(({ frame }) => frame.acquisitionNumber)) : null;
  const chosen = slices.find(({ frame }) => frame.acquisitionNumber === usual) ?? slices[0];
  if (chosen === undefined) throw new TypeError('A position has slices.');
  for (const slice of slices) if (slice !== chosen) removed.push({ slice, reason: 'duplicate-position' });
  return chosen;
}

/**
 * The passes of a repeated scan: runs in the order of instance numbers, a new one where the table turns back or a
 * position comes again. Else, when every position is taken equally often, the first, second, ... at each.
 * @returns null when neither fits: no honest assignment is known
 */
function findPasses(positions: readonly Slice[][], minimum: number): Slice[][] | null {
  const indexOf = new Map<Slice, number>();
  positions.forEach((slices, index) => {
    for (const slice of slices) indexOf.set(slice, index);
  });
  const ordered = positions.flat().sort(compareSlices);
  const numbers = new Set(ordered.map(({ record, frame }) => `${record.instanceNumber}|${frame.frame}`));
  if (numbers.size < ordered.length || ordered.some(({ record }) => record.instanceNumber === null))
    return null;
  const most = Math.max(...positions.map((slices) => slices.length));
  for (const turnsBack of [true, false]) {
    const runs = findRuns(ordered, indexOf, turnsBack);
    if (runs.length === most && runs.every((run) => run.length >= Math.min(minimum, positions.length)))
      return runs;
  }
  if (positions.some((slices) => slices.length !== most)) return null;
  return Array.from({ length: most }, (_, pass) => positions.flatMap((slices) => slices[pass] ?? []));
}

function findRuns(
  ordered: readonly Slice[],
  indexOf: ReadonlyMap<Slice, number>,
  turnsBack: boolean,
): Slice[][] {
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
