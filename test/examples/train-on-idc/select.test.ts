import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  exampleFolder,
  loadExample,
  TABLE_ROW,
  type TableRow,
  writeTable,
} from '../../fixtures/idc-store.ts';

interface Selected {
  crdc_series_uuid: string;
  collection_id: string;
  patient: string;
  split: 'develop' | 'held-out' | 'external';
  body_part: string;
  axis: string | null;
  contrast: string | null;
  vendor: string;
  model: string;
  licence: string;
  instances: number;
  bytes: number;
}
interface Database {
  connection: { run(sql: string): Promise<unknown> };
  rows(sql: string): Promise<Record<string, string | null>[]>;
  close(): void;
}
interface SelectModule {
  openSelection(table: string, options?: object): Promise<Database>;
  readSelection(database: Database): Promise<{ series: Selected[]; digest: string }>;
  runSelection(database: Database, options?: object): Promise<void>;
}

const { openSelection, readSelection, runSelection } = await loadExample<SelectModule>('select.mjs');
const { provideTable } = await loadExample<{ provideTable(): string | null }>('idc-table.mjs');
const { readCsv } = await loadExample<{ readCsv(file: string): Record<string, string>[] }>('weak-labels.mjs');
const table = provideTable();
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'idc-select-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

function countBy<T>(rows: readonly T[], of: (row: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(of(row), (counts.get(of(row)) ?? 0) + 1);
  return counts;
}
const bytesOf = (rows: readonly Selected[]): number => rows.reduce((sum, { bytes }) => sum + bytes, 0);

describe.skipIf(table === null)('the selection on the real table of idc-index-data', () => {
  let database: Database;
  let series: Selected[];
  let digest: string;
  beforeAll(async () => {
    database = await openSelection(table!);
    ({ series, digest } = await readSelection(database));
  }, 300_000);
  afterAll(() => database?.close());

  it('takes licences that permit derived weights alone, of CT images, each series once', async () => {
    expect([...new Set(series.map(({ licence }) => licence))].sort()).toEqual(['CC BY 3.0', 'CC BY 4.0']);
    expect(new Set(series.map(({ crdc_series_uuid }) => crdc_series_uuid)).size).toBe(series.length);
    const [counts] = await database.rows(
      `SELECT count(*) AS n, count(DISTINCT s.license_short_name) AS licences,
         count(*) FILTER (s.SOPClassUID <> '1.2.840.10008.5.1.4.1.1.2') AS strange
       FROM series s SEMI JOIN selection USING (crdc_series_uuid)`,
    );
    expect(counts).toEqual({ n: String(series.length), licences: '2', strange: '0' });
    for (const { instances } of series) expect(instances >= 16 && instances <= 700).toBe(true);
  });

  it('has no patient in two splits, and none of an external collection in training', () => {
    const splits = new Map<string, Set<string>>();
    for (const { patient, split } of series)
      splits.set(patient, (splits.get(patient) ?? new Set()).add(split));
    expect([...splits.values()].filter((each) => each.size > 1)).toEqual([]);
    const external = new Set(
      series.filter(({ split }) => split === 'external').map((row) => row.collection_id),
    );
    expect(external.size).toBe(8);
    expect(series.filter((row) => row.split !== 'external' && external.has(row.collection_id))).toEqual([]);
  });

  it('keeps the limit on bytes, in each split too', () => {
    expect(bytesOf(series)).toBeLessThanOrEqual(100e9);
    expect(bytesOf(series)).toBeGreaterThan(80e9);
    const shares = { develop: 70e9, 'held-out': 10e9, external: 20e9 };
    for (const [split, limit] of Object.entries(shares)) {
      expect(bytesOf(series.filter((row) => row.split === split))).toBeLessThanOrEqual(limit);
    }
  });

  it('is balanced over labels: what is common gets equal shares, what is rare comes whole', async () => {
    const develop = series.filter(({ split }) => split === 'develop');
    const chosen = countBy(develop, ({ body_part }) => body_part);
    const offered = await database.rows(
      `SELECT body_part, count(*) AS n FROM turns WHERE split = 'develop' GROUP BY body_part`,
    );
    const most = Math.max(...chosen.values());
    for (const { body_part, n } of offered) {
      const count = chosen.get(body_part!) ?? 0;
      expect(count).toBeGreaterThanOrEqual(Math.min(Number(n), most - 1));
    }
    expect(chosen.size).toBe(12);
  });

  it('is balanced over patients, scanners and contrast within the common labels', () => {
    const develop = series.filter(({ split }) => split === 'develop');
    for (const label of ['chest', 'abdomen', 'abdomen-pelvis', 'chest-abdomen-pelvis', 'pelvis']) {
      const rows = develop.filter(({ body_part }) => body_part === label);
      expect(Math.max(...countBy(rows, ({ patient }) => patient).values())).toBe(1);
      // In the table one trial and one vendor hold most of it.
      expect(Math.max(...countBy(rows, ({ vendor }) => vendor).values())).toBeLessThan(rows.length * 0.55);
      expect(Math.max(...countBy(rows, ({ vendor, model }) => `${vendor} ${model}`).values())).toBeLessThan(
        rows.length * 0.25,
      );
    }
    const contrast = countBy(develop, (row) => row.contrast ?? 'silent');
    expect(contrast.get('no')! / contrast.get('yes')!).toBeGreaterThan(0.4);
    for (const [, count] of countBy(develop, ({ patient }) => patient)) expect(count).toBeLessThanOrEqual(12);
  });

  it('is the same again, in the same order, and another with another seed', async () => {
    await runSelection(database);
    expect((await readSelection(database)).digest).toBe(digest);
    await runSelection(database, { seed: 2 });
    const other = await readSelection(database);
    expect(other.digest).not.toBe(digest);
    const mine = new Set(series.map(({ crdc_series_uuid }) => crdc_series_uuid));
    const shared = other.series.filter(({ crdc_series_uuid }) => mine.has(crdc_series_uuid)).length;
    expect(shared / other.series.length).toBeLessThan(0.6);
  }, 300_000);

  it('knows every collection that the lists name, and the DOI that they give for it', async () => {
    const known = await database.rows(
      "SELECT collection_id || ' ' || source_DOI AS key FROM series GROUP BY ALL",
    );
    const keys = new Set(known.map(({ key }) => key));
    for (const name of ['collections.csv', 'known-collections.csv']) {
      for (const { collection_id, source } of readCsv(path.join(exampleFolder, name))) {
        if (source!.startsWith('10.')) expect(keys).toContain(`${collection_id} ${source}`);
      }
    }
  });

  it('moves no patient to another split when more is asked for', async () => {
    await runSelection(database, { limitGb: 30 });
    const small = (await readSelection(database)).series;
    const splitOf = new Map(series.map(({ patient, split }) => [patient, split]));
    expect(small.length).toBeGreaterThan(200);
    for (const { patient, split } of small) expect(splitOf.get(patient) ?? split).toBe(split);
  }, 300_000);
});

describe('the selection on a table made for it', () => {
  const uuid = (text: string): string => createHash('md5').update(text).digest('hex');
  async function select(rows: Partial<TableRow>[], options: object = {}): Promise<Selected[]> {
    const file = path.join(scratch, `${uuid(JSON.stringify(rows))}.parquet`);
    await writeTable(
      file,
      rows.map((row, i) => ({
        ...TABLE_ROW,
        crdc_series_uuid: uuid(`${i}`),
        SeriesInstanceUID: `2.25.${i}`,
        ...row,
      })),
    );
    const database = await openSelection(file, options);
    try {
      return (await readSelection(database)).series;
    } finally {
      database.close();
    }
  }

  it.each([
    ['a licence without derivatives for all', { license_short_name: 'CC BY-NC 4.0' }],
    ['a licence that is not known', { license_short_name: null as unknown as string }],
    ['another modality', { Modality: 'MR' }],
    ['raw data under CT', { SOPClassUID: '1.2.840.10008.5.1.4.1.1.66' }],
    ['a localizer by its words', { SeriesDescription: 'SCOUT' }],
    ['a phantom by its words', { StudyDescription: 'QA PHANTOM' }],
    ['an excluded collection', { collection_id: 'phantom_fda' }],
    ['analysis results', { analysis_result_id: 'zztest_result' }],
    ['a child', { PatientAge: '007Y' }],
    ['an infant', { PatientAge: '011M' }],
    ['few slices', { instanceCount: 15 }],
    ['very many slices', { instanceCount: 701 }],
    ['a cone beam', { ManufacturerModelName: 'Trilogy Cone Beam CT' }],
    ['silence', { BodyPartExamined: null, StudyDescription: null }],
    ['a region outside the vocabulary', { BodyPartExamined: 'KNEE', StudyDescription: 'CT KNEE' }],
  ])('leaves out %s', async (_, row) => {
    const chosen = await select([row, { PatientID: 'ZZTEST-2' }]);
    expect(chosen.map(({ patient }) => patient)).toEqual(['ZZTEST-2']);
  });

  it('takes CC0, adults of 18 and removed ages, and a known collection whose header is silent', async () => {
    const chosen = await select([
      { PatientID: 'a', license_short_name: 'CC0 1.0' },
      { PatientID: 'b', PatientAge: '018Y' },
      { PatientID: 'c', PatientAge: '000Y' },
      { PatientID: 'd', collection_id: 'rider_lung_ct', BodyPartExamined: null, StudyDescription: null },
    ]);
    expect(chosen.map(({ patient }) => patient).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets patients, then vendors take turns, and stops at the limits', async () => {
    const rows: Partial<TableRow>[] = [];
    for (let i = 0; i < 400; i++) {
      // One patient with a hundred series, and one vendor with nine tenths of the others.
      const patient = i < 100 ? 'ZZTEST-many' : `ZZTEST-${i}`;
      rows.push({ PatientID: patient, Manufacturer: i % 10 === 0 ? 'SIEMENS' : 'GE MEDICAL SYSTEMS' });
    }
    const develop = (await select(rows, { perLabel: 60 })).filter(({ split }) => split === 'develop');
    expect(develop).toHaveLength(60);
    expect(Math.max(...countBy(develop, ({ patient }) => patient).values())).toBe(1);
    expect(countBy(develop, ({ vendor }) => vendor).get('siemens')).toBeGreaterThan(20);
    const limited = (await select(rows, { limitGb: 1 })).filter(({ split }) => split === 'develop');
    expect(limited).toHaveLength(14);
  });
});
