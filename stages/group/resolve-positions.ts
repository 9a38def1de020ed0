import { findPasses } from './find-passes.ts';
import { SAME_POSITION_MM } from './geometry.ts';
import { originOfImageType } from './image-type.ts';
import { orderSlices } from './measure-stack.ts';
import { compareSlices, majority, type RemovedSlice, type Slice, type StackCandidate } from './slices.ts';

/**
 * Leaves one slice at a position.
 * - Equal pixels: the first by instance number stays, the others are `equal-pixels`.
 * - Several originals at one position and nothing else: `bolus-tracking-position`. Fewer positions than a volume
 *   needs: `too-few-positions`.
 * - Half of the positions or more are doubled: the series holds several passes ({@link findPasses}); where nothing
 *   tells them apart, `geometry-inconsistent`.
 * - As many as make a volume, and times tell passes apart: the same.
 * - Few are doubled: the slice of the acquisition that most slices have, then the lower instance number, stays.
 */
export function resolvePositions(candidate: StackCandidate, minimum: number): StackCandidate[] {
  const removed = [...candidate.removed];
  const positions = positionsOf(candidate).map((slices) => dropEqualPixels(slices, removed));
  const kept = positions.flat();
  if (positions.length === 1 && kept.length > 1 && kept.every(isOriginal)) {
    const evidence = ['positions=1', `slices=${kept.length}`];
    return [{ ...candidate, slices: kept, removed, problem: { rule: 'bolus-tracking-position', evidence } }];
  }
  const doubled = positions.filter((slices) => slices.length > 1).length;
  if (doubled === 0) return [{ ...candidate, slices: kept, removed }];
  const evidence = [`positions=${positions.length}`, `doubled=${doubled}`, `slices=${kept.length}`];
  if (positions.length < minimum) {
    return [{ ...candidate, slices: kept, removed, problem: { rule: 'too-few-positions', evidence } }];
  }
  const mostly = 2 * doubled >= positions.length;
  const found = mostly || doubled >= minimum ? findPasses(positions, minimum, mostly) : null;
  if (found !== null) {
    return found.passes.map(({ key, slices }, index) => ({
      ...candidate,
      discriminator: [...candidate.discriminator, key],
      slices,
      pass: { number: index + 1, count: found.passes.length, by: found.by },
      // Taken-out slices are listed once, with the first pass.
      removed: index === 0 ? removed : [],
    }));
  }
  if (mostly) {
    return [{ ...candidate, slices: kept, removed, problem: { rule: 'geometry-inconsistent', evidence } }];
  }
  return [{ ...candidate, slices: positions.map((slices) => chooseOne(slices, kept, removed)), removed }];
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
    record.image?.pixelDigest || record.sopInstanceUid,
    frame.frame,
    frame.rescaleSlope,
    frame.rescaleIntercept,
  ].join('|');
}

function dropEqualPixels(slices: readonly Slice[], removed: RemovedSlice[]): Slice[] {
  const seen = new Set<string>();
  return slices.filter((slice) => {
    const key = pixelKey(slice);
    if (!seen.has(key)) return seen.add(key);
    removed.push({ slice, finding: { rule: 'equal-pixels', evidence: [`at-position=${slices.length}`] } });
    return false;
  });
}

function chooseOne(slices: readonly Slice[], all: readonly Slice[], removed: RemovedSlice[]): Slice {
  const usual = slices.length > 1 ? majority(all.map(({ frame }) => frame.acquisitionNumber)) : null;
  const chosen = slices.find(({ frame }) => frame.acquisitionNumber === usual) ?? slices[0];
  if (chosen === undefined) throw new TypeError('A position has slices.');
  for (const slice of slices) {
    if (slice === chosen) continue;
    const evidence = [
      `at-position=${slices.length}`,
      `acquisition-number=${slice.frame.acquisitionNumber ?? 'none'}`,
      `usual-acquisition-number=${usual ?? 'none'}`,
    ];
    removed.push({ slice, finding: { rule: 'position-taken', evidence } });
  }
  return chosen;
}
