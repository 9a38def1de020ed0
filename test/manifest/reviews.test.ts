import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openManifest } from '../../manifest/query.ts';
import type { ReviewRow, SeriesRow } from '../../manifest/schema.ts';
import { writeTable } from '../../manifest/write.ts';
import { makeReviewRow, makeSeriesRow } from './rows.ts';

const METADATA = { pipelineDigest: 'b'.repeat(64) };
let home = '';

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'manifest-reviews-'));
});
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

/** The resolved columns of unit `su1`, predicted chest, axial, no, after these decisions. */
async function resolve(reviews: readonly ReviewRow[], series: Partial<SeriesRow> = {}) {
  const folder = fs.mkdtempSync(path.join(home, 'run-'));
  for (const table of ['series', 'reviews'])
    fs.mkdirSync(path.join(folder, 'manifest', table), { recursive: true });
  const rows = [makeSeriesRow('su1', series), makeSeriesRow('su2')];
  await writeTable(path.join(folder, 'manifest/series/part.parquet'), 'series', rows, METADATA);
  const readers = new Set(reviews.map(({ reader, role }) => `${reader}.${role}`));
  for (const who of readers) {
    const own = reviews.filter(({ reader, role }) => `${reader}.${role}` === who);
    await writeTable(path.join(folder, `manifest/reviews/${who}.parquet`), 'reviews', own, METADATA);
  }
  const manifest = await openManifest(folder);
  try {
    const answer = await manifest.query(
      `SELECT body_part_resolved, body_part_source, axis_resolved, axis_source, contrast_resolved, contrast_source,
         review_disposition, reader_count FROM series ORDER BY series_unit`,
    );
    expect(answer.rows).toHaveLength(2);
    expect(answer.rows[1]).toMatchObject({ body_part_source: 'predicted', reader_count: 0 });
    return Object.values(answer.rows[0]!);
  } finally {
    await manifest.close();
  }
}

const PREDICTED = ['chest', 'predicted', 'axial', 'predicted', 'no', 'predicted'];

describe('resolved labels', () => {
  test('are the predicted ones where nobody looked', async () => {
    expect(await resolve([])).toEqual([...PREDICTED, null, 0]);
  });

  test('are those of the only reader, the last that was not undone', async () => {
    const accept = makeReviewRow();
    const relabel = makeReviewRow({ sequence: 1, action: 'relabel', body_part: 'neck', contrast: 'yes' });
    const undo = makeReviewRow({ sequence: 2, action: 'undo', undoes: relabel.review, body_part: null });
    const REVIEWED = ['axial', 'review'];
    expect(await resolve([accept, relabel])).toEqual([
      'neck',
      'review',
      ...REVIEWED,
      'yes',
      'review',
      'kept',
      1,
    ]);
    expect(await resolve([accept, relabel, undo])).toEqual([
      'chest',
      'review',
      ...REVIEWED,
      'no',
      'review',
      'kept',
      1,
    ]);
    const first = makeReviewRow({ sequence: 3, action: 'undo', undoes: accept.review });
    expect(await resolve([accept, relabel, undo, first])).toEqual([...PREDICTED, null, 0]);
  });

  test('are disputed for the task in which two readers differ, until an adjudicator has decided', async () => {
    const first = makeReviewRow({ action: 'relabel', body_part: 'neck' });
    const second = makeReviewRow({ reader: 'r2', body_part: 'c-spine' });
    expect(await resolve([first, second])).toEqual([
      'chest',
      'disputed',
      'axial',
      'review',
      'no',
      'review',
      'kept',
      2,
    ]);
    const settled = makeReviewRow({ reader: 'r3', role: 'adjudicator', body_part: 'c-spine' });
    const later = { ...settled, sequence: 1, review: 'r3.adjudicator-00000001', axis: 'coronal' as const };
    const ADJUDICATED = ['c-spine', 'adjudication'];
    expect(await resolve([first, second, settled])).toEqual([
      ...ADJUDICATED,
      'axial',
      'adjudication',
      'no',
      'adjudication',
      'kept',
      2,
    ]);
    expect(await resolve([first, second, settled, later])).toEqual([
      ...ADJUDICATED,
      'coronal',
      'adjudication',
      'no',
      'adjudication',
      'kept',
      2,
    ]);
  });

  test('stay as predicted for a unit that readers exclude, and are disputed where one of them does not', async () => {
    const exclude = makeReviewRow({ action: 'exclude', body_part: null, axis: null, contrast: null });
    expect(await resolve([exclude])).toEqual([...PREDICTED, 'excluded', 1]);
    const other = makeReviewRow({ reader: 'r2' });
    const disputed = PREDICTED.map((each) => (each === 'predicted' ? 'disputed' : each));
    expect(await resolve([exclude, other])).toEqual([...disputed, 'disputed', 2]);
  });

  test('forget decisions on another model input', async () => {
    const stale = makeReviewRow({ body_part: 'neck', tensor_sha256: '1'.repeat(64) });
    expect(await resolve([stale])).toEqual([...PREDICTED, null, 0]);
    const without = await resolve([{ ...stale, tensor_sha256: null }], { tensor_sha256: null });
    expect(without.slice(0, 2)).toEqual(['neck', 'review']);
  });
});
