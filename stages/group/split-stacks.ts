import type { PassEvidence } from '../records.ts';
import {
  angleDeg,
  axisOfNormal,
  dot,
  ORIENTATION_TOLERANCE_DEG,
  roundTo,
  SAME_POSITION_MM,
  stackDirection,
  type Vector,
} from './geometry.ts';
import { kindOfImageType, originOfImageType } from './image-type.ts';
import { describeSteps, orderSlices } from './measure-stack.ts';
import type { GroupOptions } from './options.ts';
import { resolvePositions } from './resolve-positions.ts';
import { compareText, groupBy, median, type Slice, type StackCandidate } from './slices.ts';

/**
 * Splits the slices of one series into stacks, each at one orientation, on one grid, along one line and with one
 * slice at a position.
 *
 * Matrix, pixel spacing and orientation always split: a volume has one of each. Image type and kernel split when
 * asked for. Frame of reference, temporal position, acquisition and ORIGINAL against DERIVED split only where the
 * slices do not fit together without: scanners number the rotations of one volume, and anonymisers give each slice a
 * frame of reference of its own (LIDC-IDRI).
 */
export function splitStacks(slices: readonly Slice[], options: GroupOptions): StackCandidate[] {
  const asked = new Set(options.splitBy);
  const fixed = groupBy(slices, (slice) => {
    const image = slice.record.image;
    const spacing = slice.frame.pixelSpacingMm ?? [0, 0];
    const parts = [
      `matrix=${image?.rows}x${image?.columns}`,
      `spacing=${spacing.map((value) => roundTo(value, 3)).join('x')}`,
    ];
    if (asked.has('image_type')) parts.push(`kind=${kindOfImageType(slice.frame.imageType)}`);
    if (asked.has('kernel')) parts.push(`kernel=${image?.convolutionKernel ?? ''}`);
    if (asked.has('field_of_view')) parts.push(`fov=${roundTo(image?.reconstructionDiameterMm ?? 0, 0)}`);
    return parts.join('|');
  });
  const minimum = Math.max(2, options.minSlices);
  let candidates = fixed.flatMap(([key, group]) => splitByOrientation(group, key));
  const soft: [string, (slice: Slice) => string][] = [
    ['frame', (slice) => slice.record.frameOfReferenceUid ?? ''],
  ];
  if (asked.has('temporal_position'))
    soft.push(['time', (slice) => String(slice.frame.temporalPosition ?? '')]);
  if (asked.has('acquisition'))
    soft.push(['acquisition', (slice) => String(slice.frame.acquisitionNumber ?? '')]);
  if (asked.has('image_type')) soft.push(['origin', (slice) => originOfImageType(slice.frame.imageType)]);
  for (const [name, keyOf] of soft) {
    candidates = candidates.flatMap((candidate) => splitWhereIncoherent(candidate, name, keyOf, minimum));
  }
  return candidates
    .flatMap((candidate) => splitByLine(candidate, minimum))
    .flatMap((candidate) => resolvePositions(candidate, minimum))
    .map((candidate) => trimEnds(candidate, minimum));
}

function splitByOrientation(slices: readonly Slice[], key: string): StackCandidate[] {
  // The commonest orientation leads its cluster, so that one odd slice more does not move the others' key.
  const exact = groupBy(slices, (slice) =>
    [...slice.row, ...slice.column].map((x) => roundTo(x, 4)).join(','),
  );
  exact.sort((a, b) => b[1].length - a[1].length || compareText(a[0], b[0]));
  const clusters: { lead: Slice; slices: Slice[] }[] = [];
  for (const [, group] of exact) {
    const sample = group[0];
    if (sample === undefined) continue;
    const cluster = clusters.find(
      ({ lead }) =>
        angleDeg(lead.row, sample.row) <= ORIENTATION_TOLERANCE_DEG &&
        angleDeg(lead.column, sample.column) <= ORIENTATION_TOLERANCE_DEG,
    );
    if (cluster === undefined) clusters.push({ lead: sample, slices: [...group] });
    else cluster.slices.push(...group);
  }
  return clusters.map(({ lead, slices: members }) => ({
    discriminator: [key, `orientation=${[...lead.row, ...lead.column].map((x) => roundTo(x, 2)).join(',')}`],
    normal: lead.normal,
    slices: members,
    problem: null,
    removed: [],
    pass: null,
  }));
}

/** Number of slices that lie at a position where another one lies already. */
function countDoubled(slices: readonly Slice[], normal: Vector): number {
  const ordered = orderSlices(slices, normal);
  let doubled = 0;
  let start = Number.NEGATIVE_INFINITY;
  for (const { at } of ordered) {
    if (at - start <= SAME_POSITION_MM) doubled += 1;
    else start = at;
  }
  return doubled;
}

/** Keys by which passes over the same positions are told apart. */
const PASS_OF_KEY: Readonly<Record<string, PassEvidence>> = {
  time: 'temporal-position',
  acquisition: 'acquisition-number',
};

/**
 * Splits a candidate by a key when the slices do not fit together as they are and do so better apart: positions are
 * doubled, or regular parts overlap or lie far from one another. A key that does not leave two volumes with most of the
 * slices (a number for each rotation, an identifier for each slice) does not split.
 */
function splitWhereIncoherent(
  candidate: StackCandidate,
  name: string,
  keyOf: (slice: Slice) => string,
  minimum: number,
): StackCandidate[] {
  const parts = groupBy(candidate.slices, keyOf);
  if (parts.length < 2) return [candidate];
  const volumes = parts.filter(([, part]) => part.length >= minimum);
  const inVolumes = volumes.reduce((sum, [, part]) => sum + part.length, 0);
  if (volumes.length < 2 || 2 * inVolumes < candidate.slices.length) return [candidate];
  const doubled = countDoubled(candidate.slices, candidate.normal);
  const doubledApart = parts.reduce((sum, [, part]) => sum + countDoubled(part, candidate.normal), 0);
  const apart =
    doubled > 0
      ? doubledApart < doubled
      : areSeparateScans(
          parts.map(([, part]) => part),
          candidate,
          minimum,
        );
  if (!apart) return [candidate];
  const by = PASS_OF_KEY[name];
  const ordered = parts.map(([key]) => key).sort((a, b) => Number(a) - Number(b) || compareText(a, b));
  return parts.map(([key, part]) => ({
    ...candidate,
    discriminator: [...candidate.discriminator, `${name}=${key}`],
    slices: part,
    pass:
      by === undefined || doubled === 0
        ? candidate.pass
        : { number: ordered.indexOf(key) + 1, count: parts.length, by },
  }));
}

/** Regular parts whose ranges overlap, or lie more than three spacings apart, are scans of their own. */
function areSeparateScans(parts: readonly Slice[][], candidate: StackCandidate, minimum: number): boolean {
  if (parts.some((part) => part.length < minimum)) return false;
  const stepsOf = (slices: readonly Slice[]) => {
    const at = orderSlices(slices, candidate.normal).map((entry) => entry.at);
    const steps = describeSteps(at.slice(1).map((value, index) => value - (at[index] ?? 0)));
    return { first: at[0] ?? 0, last: at.at(-1) ?? 0, ...steps };
  };
  if (stepsOf(candidate.slices).regular) return false;
  const ranges = parts.map(stepsOf).sort((a, b) => a.first - b.first || a.last - b.last);
  if (ranges.some(({ regular }) => regular !== true)) return false;
  return ranges.slice(1).some((range, index) => {
    const before = ranges[index];
    if (before === undefined) return false;
    const gap = range.first - before.last;
    return gap < 0 || gap > 3 * Math.max(range.spacingMm ?? 0, before.spacingMm ?? 0);
  });
}

/**
 * Takes slices out whose first voxel lies off the line of the others: another centre of reconstruction. The line may
 * lean (gantry tilt). Enough of them make a stack of their own.
 */
function splitByLine(candidate: StackCandidate, minimum: number): StackCandidate[] {
  const lead = candidate.slices[0];
  if (lead === undefined || candidate.slices.length < 3) return [candidate];
  const direction = stackDirection(candidate.normal);
  const points = candidate.slices.map((slice) => ({
    slice,
    at: dot(slice.position, direction),
    inPlane: [dot(slice.position, lead.row), dot(slice.position, lead.column)] as [number, number],
  }));
  points.sort((a, b) => a.at - b.at || compareText(a.slice.record.sourceKey, b.slice.record.sourceKey));
  const slopes = ([0, 1] as const).map((axis) =>
    slopeOf(points.map((point) => [point.at, point.inPlane[axis]])),
  );
  const tolerance = Math.max(1, ...(lead.frame.pixelSpacingMm ?? []));
  const straight = clusterOffsets(points, [0, 0], tolerance);
  const leaning = clusterOffsets(points, [slopes[0] ?? 0, slopes[1] ?? 0], tolerance);
  const clusters = leaning.length < straight.length ? leaning : straight;
  clusters.sort((a, b) => b.slices.length - a.slices.length || compareText(a.key, b.key));
  const [main, ...others] = clusters;
  if (main === undefined || others.length === 0) return [candidate];
  const stacks: StackCandidate[] = [{ ...candidate, slices: main.slices, removed: [...candidate.removed] }];
  for (const other of others) {
    if (other.slices.length >= minimum) {
      const discriminator = [...candidate.discriminator, `centre=${other.key}`];
      stacks.push({ ...candidate, discriminator, slices: other.slices, removed: [] });
    } else {
      const evidence = [
        `offset-mm=${distanceOf(main.key, other.key)}`,
        `tolerance-mm=${roundTo(tolerance, 2)}`,
      ];
      for (const slice of other.slices)
        stacks[0]?.removed.push({ slice, finding: { rule: 'off-line', evidence } });
    }
  }
  return stacks;
}

function distanceOf(a: string, b: string): number {
  const [x, y] = [a, b].map((key) => key.split(',').map(Number));
  return roundTo(Math.hypot((x?.[0] ?? 0) - (y?.[0] ?? 0), (x?.[1] ?? 0) - (y?.[1] ?? 0)), 0);
}

/** Median slope over pairs half the list apart (Theil and Sen's estimate, thinned): outliers do not move it. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const half = Math.max(1, points.length >> 1);
  const slopes: number[] = [];
  for (let index = 0; index + half < points.length; index += 1) {
    const [from, to] = [points[index], points[index + half]];
    if (from === undefined || to === undefined || to[0] - from[0] <= SAME_POSITION_MM) continue;
    slopes.push((to[1] - from[1]) / (to[0] - from[0]));
  }
  return slopes.length === 0 ? 0 : median(slopes);
}

function clusterOffsets(
  points: readonly { slice: Slice; at: number; inPlane: [number, number] }[],
  slope: readonly [number, number],
  tolerance: number,
): { key: string; slices: Slice[] }[] {
  const offsets = points.map(({ slice, at, inPlane }) => ({
    slice,
    offset: [inPlane[0] - slope[0] * at, inPlane[1] - slope[1] * at] as const,
  }));
  const clusters: { centre: readonly [number, number]; slices: Slice[] }[] = [];
  for (const { slice, offset } of offsets) {
    const cluster = clusters.find(
      ({ centre }) => Math.hypot(centre[0] - offset[0], centre[1] - offset[1]) <= tolerance,
    );
    if (cluster === undefined) clusters.push({ centre: offset, slices: [slice] });
    else cluster.slices.push(slice);
  }
  return clusters.map(({ centre, slices }) => ({
    key: centre.map((value) => roundTo(value, 0)).join(','),
    slices,
  }));
}

/** Takes one or two slices at an end out when they lie far beyond the rest: ten spacings and 20 mm at least. */
function trimEnds(candidate: StackCandidate, minimum: number): StackCandidate {
  if (candidate.problem !== null || candidate.slices.length < minimum + 2) return candidate;
  const ordered = orderSlices(candidate.slices, candidate.normal);
  const steps = ordered.slice(1).map(({ at }, index) => at - (ordered[index]?.at ?? 0));
  const limit = Math.max(20, 10 * median(steps));
  const far = (step: number | undefined) => step !== undefined && step > limit;
  const head = far(steps[1]) ? 2 : far(steps[0]) ? 1 : 0;
  const tail = far(steps.at(-2)) ? 2 : far(steps.at(-1)) ? 1 : 0;
  if (head + tail === 0 || ordered.length - head - tail < minimum) return candidate;
  const out = [...ordered.slice(0, head), ...ordered.slice(ordered.length - tail)];
  const finding = {
    rule: 'far-end' as const,
    evidence: [`limit-mm=${roundTo(limit, 2)}`, `spacing-mm=${roundTo(median(steps), 4)}`],
  };
  return {
    ...candidate,
    slices: ordered.slice(head, ordered.length - tail).map(({ slice }) => slice),
    removed: [...candidate.removed, ...out.map(({ slice }) => ({ slice, finding }))],
  };
}

/** Whether a candidate looks like a localizer by geometry alone: a few original slices in a plane of no axial scan. */
export function looksLikeLocalizer(candidate: StackCandidate): boolean {
  return (
    candidate.slices.length <= 2 &&
    axisOfNormal(candidate.normal) !== 'axial' &&
    candidate.slices.every(
      ({ frame }) =>
        originOfImageType(frame.imageType) === 'original' &&
        kindOfImageType(frame.imageType) === '' &&
        !frame.imageType.some((term) => term.trim().toUpperCase() === 'AXIAL'),
    )
  );
}
