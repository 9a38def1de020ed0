import type { Pipeline } from '../../pipelines/schema.ts';

/** What may tell two units of one series apart. Matrix, pixel spacing and orientation always do. */
export type SplitKey = Pipeline['group']['split_by'][number];

/** A kind of image that a pipeline may leave out. */
export type ExclusionRule = Pipeline['exclude'][number];

/**
 * Whether pages of text are left out, whatever they call themselves: asked for by any rule against captured pages.
 * Without one they are quarantined, since what they show may name a patient.
 */
export function excludesPages(exclude: readonly ExclusionRule[]): boolean {
  return PAGE_RULES.some((rule) => exclude.includes(rule));
}

const PAGE_RULES: readonly ExclusionRule[] = ['dose-report', 'secondary-capture', 'scanned-document'];

export interface GroupOptions {
  splitBy: readonly SplitKey[];
  exclude: readonly ExclusionRule[];
  /** Fewest slices that make a volume. */
  minSlices: number;
}
