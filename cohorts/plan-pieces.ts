/** What of a cohort is written whole or not at all: the files of one unit, or a shard of several. */
import type { CohortUnit } from './select-cohort.ts';

export const COHORT_FORMATS = ['dicom', 'nifti', 'npy', 'zarr', 'webdataset', 'parquet'] as const;
export type CohortFormat = (typeof COHORT_FORMATS)[number];

/** Formats that put several units into one file, and its extension. */
const SHARD_EXTENSIONS: Partial<Record<CohortFormat, string>> = {
  webdataset: 'tar',
  parquet: 'parquet',
};

export interface Piece {
  /** Key of the unit, or path of the shard. */
  name: string;
  units: CohortUnit[];
}

/**
 * The pieces of a cohort, in a fixed order. A shard holds units of one split, by their keys.
 * @param splitOf the part that a unit belongs to; null where there are none
 */
export function planPieces(
  units: readonly CohortUnit[],
  format: CohortFormat,
  splitOf: (unit: CohortUnit) => string | null,
  unitsPerShard: number,
): Piece[] {
  const extension = SHARD_EXTENSIONS[format];
  if (extension === undefined) return units.map((unit) => ({ name: unit.seriesUnit, units: [unit] }));
  const parts = new Map<string, CohortUnit[]>();
  for (const unit of units) {
    const part = splitOf(unit) ?? 'all';
    parts.set(part, [...(parts.get(part) ?? []), unit]);
  }
  return [...parts].flatMap(([part, members]) =>
    Array.from({ length: Math.ceil(members.length / unitsPerShard) }, (_, index) => ({
      name: `${format}/${part}-${String(index).padStart(6, '0')}.${extension}`,
      units: members.slice(index * unitsPerShard, (index + 1) * unitsPerShard),
    })),
  );
}
