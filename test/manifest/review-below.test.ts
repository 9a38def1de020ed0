/** `review_below` decides in SQL as a run does (#7). */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import type { LabelRow, SeriesRow } from '../../manifest/schema.ts';
import { writeTable } from '../../manifest/write.ts';
import { TASKS, type Task } from '../../models/labels.ts';
import { reviewReasons } from '../../stages/group/agreement.ts';
import { makeLabelRows, makeRandom, makeSeriesRow } from './rows.ts';

const BEFORE = { body_part: 0.6, axis: 0.9, contrast: 0.7 };
/** Around the thresholds in float32, where 0.9 is under 0.9 and 0.7 is not under 0.7. */
const SCORES = [0.1, 0.3, 0.6, 0.7, 0.8, 0.9, 0.95, 1].map(Math.fround);
const SILENT = { body_part: 'header-silent', axis: 'header-silent', contrast: 'header-silent' } as const;

interface Unit {
  seriesUnit: string;
  scores: Record<Task, number>;
  acceptFrom: Partial<Record<Task, number>>;
  axisGeometry: 'axial' | 'coronal' | null;
  sliceGapCount: number;
}

const random = makeRandom(7);
const pick = <Value>(values: readonly Value[]) => values[Math.floor(random() * values.length)]!;
const units: Unit[] = Array.from({ length: 400 }, (_, index) => ({
  seriesUnit: `su${String(index).padStart(24, '0')}`,
  scores: { body_part: pick(SCORES), axis: pick(SCORES), contrast: pick(SCORES) },
  acceptFrom: pick([{}, { body_part: 0.797 }, { body_part: 0.797, axis: 0.507, contrast: 0.95 }]),
  axisGeometry: pick(['axial', 'coronal', null]),
  sliceGapCount: pick([0, 0, 0, 2]),
}));

function reasonsAt(unit: Unit, reviewBelow: Record<Task, number>): string[] {
  const { scores, acceptFrom, axisGeometry, sliceGapCount } = unit;
  return reviewReasons({
    ...{ scores, acceptFrom, reviewBelow, axisGeometry, sliceGapCount },
    ...{ inputReasons: [], agreement: SILENT, axis: 'axial', sliceSpacingRegular: true },
  });
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'review-below-'));
let manifest: Manifest;

beforeAll(async () => {
  const series: SeriesRow[] = units.map((unit) => {
    const reasons = reasonsAt(unit, BEFORE);
    return makeSeriesRow(unit.seriesUnit, {
      ...{ axis: 'axial', axis_geometry: unit.axisGeometry },
      ...{ needs_review: reasons.length > 0, review_reasons: reasons },
    });
  });
  const unlabelled = { needs_review: null, review_reasons: null, axis: null };
  series.push(makeSeriesRow('su-unlabelled', unlabelled));
  const [label] = makeLabelRows(1) as [LabelRow];
  const labels = units.flatMap(({ seriesUnit, scores, acceptFrom }) =>
    [...TASKS].sort().map((task) => ({
      ...{ ...label, series_unit: seriesUnit, task },
      ...{ score: scores[task], accept_from: acceptFrom[task] ?? null },
    })),
  );
  for (const [table, rows] of Object.entries({ series, labels })) {
    const file = path.join(folder, `manifest/${table}/part-00000.parquet`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await writeTable(file, table as 'series', rows as SeriesRow[], { pipelineDigest: 'c'.repeat(64) });
  }
  manifest = await openManifest(folder);
});
afterAll(async () => {
  await manifest?.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

it.each([
  ['the same thresholds', BEFORE],
  ['lower ones', { body_part: 0, axis: 0.3, contrast: 0.1 }],
  ['higher ones', { body_part: 0.9, axis: 1, contrast: 0.95 }],
])('gives the reasons of a run at %s, in their order', async (_name, reviewBelow) => {
  const { body_part: bodyPart, axis, contrast } = reviewBelow;
  const sql = `SELECT * FROM review_below(body_part_below := ${bodyPart}, axis_below := ${axis}, contrast_below := ${contrast}) ORDER BY series_unit`;
  const { rows } = await manifest.query(sql);
  const wanted = units.map((unit) => {
    const reasons = reasonsAt(unit, reviewBelow);
    return { series_unit: unit.seriesUnit, needs_review: reasons.length > 0, review_reasons: reasons };
  });
  expect(rows).toEqual(wanted);
});
