import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BODY_PARTS, LABELS } from '../../../models/labels.ts';
import { exampleFolder, loadExample } from '../../fixtures/idc-store.ts';

interface Claim {
  label: string | null;
  source: string | null;
  drop?: string | null;
}
type Claims = Record<'body_part' | 'axis' | 'contrast', Claim>;
interface WeakLabels {
  DROP_REASONS: Record<string, string>;
  readCsv(file: string): Record<string, string>[];
  claimFromTable(collection: string, strings: object): Claims & { hints: string[] };
  weakLabels(collection: string, table: object, unit: object): Claims;
}

const { claimFromTable, DROP_REASONS, readCsv, weakLabels } =
  await loadExample<WeakLabels>('weak-labels.mjs');
const strings = (
  bodyPartExamined: string | null,
  studyDescription: string | null,
  seriesDescription: string | null,
) => ({
  bodyPartExamined,
  studyDescription,
  seriesDescription,
});
const SILENT = { label: null, source: null };
const UNIT = {
  axis_geometry: 'axial',
  axis_header: null,
  body_part_header: null,
  contrast_header: null,
  coverage_mm: 300,
};

describe('the tables', () => {
  it('hold labels of the vocabulary, with a source and a reason in every row', () => {
    const rows = readCsv(path.join(exampleFolder, 'known-collections.csv'));
    expect(rows.length).toBeGreaterThan(25);
    for (const row of rows) {
      expect(['silent', 'only']).toContain(row.applies);
      expect(row.source).toMatch(/^10\.7937\//);
      expect(row.reason!.length).toBeGreaterThan(10);
      const labels: readonly string[] = LABELS[row.task as 'body_part' | 'contrast'];
      for (const label of row.label!.split('|')) {
        expect(row.applies === 'only' && label === 'none' ? labels[0] : label).toBeOneOf([...labels]);
      }
      if (row.applies === 'silent') expect(row.label).not.toContain('|');
    }
    const keys = rows.map(({ collection_id, task, applies }) => `${collection_id} ${task} ${applies}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const row of readCsv(path.join(exampleFolder, 'collections.csv'))) {
      expect(['external', 'exclude']).toContain(row.use);
      expect(row.reason!.length).toBeGreaterThan(3);
    }
  });

  it('know how long each of the 16 regions can be', () => {
    const rows = readCsv(path.join(exampleFolder, 'coverage.csv'));
    expect(rows.map(({ body_part }) => body_part)).toEqual([...BODY_PARTS]);
    for (const { min_mm, max_mm } of rows) expect(Number(max_mm)).toBeGreaterThan(Number(min_mm) * 1.5);
  });
});

describe('claims of the table', () => {
  it.each([
    [
      'a known collection fills the silence',
      'rider_lung_ct',
      [null, null, null],
      'chest',
      'collection',
      null,
    ],
    ['a header speaks for itself', 'zztest', ['CHEST', null, null], 'chest', 'header', null],
    ['silence of an unknown collection stays', 'zztest', [null, null, null], null, null, null],
    [
      'KiTS: kidneys, where study and code silence each other',
      'c4kc_kits',
      ['ABDOMEN', 'three_phase__abdomen_pelvis', 'arterial'],
      'abdomen',
      'collection',
      null,
    ],
    [
      'colonography: COLON is no label',
      'ct_colonography',
      ['COLON', null, 'Colo_prone  1.0  B30f'],
      'abdomen-pelvis',
      'collection',
      null,
    ],
    [
      'a header that the collection cannot hold',
      'c4kc_kits',
      ['HEAD', null, null],
      null,
      null,
      'contradicts-collection',
    ],
    [
      'whole bodies that say ABDOMEN',
      'fdg_pet_ct_lesions',
      ['ABDOMEN', 'PET-CT', 'GK p.v.3'],
      null,
      null,
      'whole-body-study',
    ],
    [
      'a head that is a PET/CT from the skull down',
      'nsclc_radiogenomics',
      [null, 'PET IMAGE W/CT, SKULL-', 'CT_SLICES'],
      null,
      null,
      'whole-body-study',
    ],
    [
      'a chest within a PET/CT study that names itself',
      'lung_pet_ct_dx',
      ['CHEST', 'PET^02_Wholebody_Only (Adult)', 'Thorax  1.0  B70f'],
      'chest',
      'header',
      null,
    ],
  ] as const)('%s', (_, collection, [body, study, series], label, source, drop) => {
    expect(claimFromTable(collection, strings(body, study, series)).body_part).toEqual({
      label,
      source,
      drop,
    });
  });

  it('says contrast by phase, by collection, and not at all', () => {
    const contrastOf = (collection: string, series: string | null) =>
      claimFromTable(collection, strings('ABDOMEN', null, series)).contrast;
    expect(contrastOf('c4kc_kits', 'noncontrast')).toMatchObject({ label: 'no', source: 'header' });
    expect(contrastOf('c4kc_kits', null)).toMatchObject({ label: 'yes', source: 'collection' });
    expect(contrastOf('zztest', null)).toMatchObject({ label: null, source: null });
  });
});

describe('weak truth of a unit', () => {
  const chest = { body_part: { label: 'chest', source: 'header' }, contrast: SILENT };

  it('takes the axis from geometry, and none where the header contradicts', () => {
    expect(weakLabels('zztest', chest, UNIT).axis).toEqual({
      label: 'axial',
      source: 'geometry',
      drop: null,
    });
    expect(weakLabels('zztest', chest, { ...UNIT, axis_header: 'coronal' }).axis).toEqual({
      ...SILENT,
      drop: 'axis-header-conflicts',
    });
    expect(weakLabels('zztest', chest, { ...UNIT, axis_geometry: null }).axis).toEqual({
      ...SILENT,
      drop: null,
    });
  });

  it('drops a region that cannot be so long, in axial stacks alone', () => {
    const dropOf = (unit: object) => weakLabels('zztest', chest, { ...UNIT, ...unit }).body_part.drop;
    expect(dropOf({ coverage_mm: 900 })).toBe('coverage-does-not-fit');
    expect(dropOf({ coverage_mm: 60 })).toBe('coverage-does-not-fit');
    expect(dropOf({ coverage_mm: 60, axis_geometry: 'coronal' })).toBeNull();
    expect(dropOf({ coverage_mm: null })).toBeNull();
  });

  it('drops what files and table say differently, and lets the files correct what the collection filled', () => {
    const filled = {
      body_part: { label: 'abdomen', source: 'collection' },
      contrast: { label: 'yes', source: 'collection' },
    };
    expect(weakLabels('zztest', chest, { ...UNIT, body_part_header: 'abdomen' }).body_part.drop).toBe(
      'header-and-table-differ',
    );
    const corrected = {
      ...UNIT,
      body_part_header: 'abdomen-pelvis',
      coverage_mm: 450,
      contrast_header: 'no',
    };
    expect(weakLabels('c4kc_kits', filled, corrected)).toMatchObject({
      body_part: { label: 'abdomen-pelvis', source: 'header', drop: null },
      contrast: { label: 'no', source: 'header', drop: null },
    });
    const impossible = weakLabels('c4kc_kits', filled, { ...UNIT, body_part_header: 'neck' });
    expect(impossible.body_part).toEqual({ ...SILENT, drop: 'contradicts-collection' });
  });

  it('gives no other reason than those that are documented', () => {
    expect(Object.keys(DROP_REASONS).sort()).toEqual([
      'axis-header-conflicts',
      'contradicts-collection',
      'coverage-does-not-fit',
      'header-and-table-differ',
      'whole-body-study',
    ]);
  });
});
