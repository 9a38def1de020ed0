import { describe, expect, it } from 'vitest';
import { readDicom } from '../../../dicom/read.ts';
import { tag } from '../../../dicom/tags.ts';
import { getString } from '../../../dicom/values.ts';
import { auditInstance } from '../../../stages/deidentify/audit-instance.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { DESCRIPTOR_TERMS } from '../../../stages/deidentify/descriptor-terms.ts';
import { DESCRIPTOR_WORDS, judgeDescriptor } from '../../../stages/deidentify/descriptors.ts';
import { datasetOf, ESSENTIAL_CT, encodeFile } from '../../fixtures/canary.ts';
import { readFixtureCsv } from '../../fixtures/csv.ts';
import { deidentifyOptions, joinOutput } from '../../fixtures/deidentify.ts';
import { seededRandom } from '../preprocess/volumes.ts';

/** Surnames that are words, and words of anatomy among them. */
const NAMES =
  `YOUNG LONG KING SHORT SMALL GROSS STRONG RICH WISE BRIGHT DAY MAY MARCH SUMMER WINTER ROSE LILY IVY ART MAX
  GENE DREW GRACE FAITH CHASE DEAN EARL GRANT HUNTER MASON PARKER PORTER WARD WELLS WEST WOODS STONE STEEL FIELD HILL
  BROOK RIVERS LAKE FOX WOLF BIRD DRAKE SWAN BUSH REED PARK LEE LI HO AN MA HEAD CHEST BONE BRAIN NECK FOOT HAND ARMS
  LEGG HART CHIN CHEEK RIBB BACK BLOOD HEARN LUNG LUNGU SPINELLI TEMPLE HOLDER PLATT PLANE CROSS SLICE SCOTT WINDOW`
    .trim()
    .split(/\s+/);
const RANKS = new Map([...DESCRIPTOR_WORDS].map((word, rank) => [word, rank]));

/** Nothing but words of the vocabulary, each once, in their order. */
function expectClosed(text: string): void {
  const ranks = text.split(' ').map((word) => RANKS.get(word) ?? -1);
  expect(ranks, text).not.toContain(-1);
  expect(
    [...new Set(ranks)].sort((a, b) => a - b),
    text,
  ).toEqual(ranks);
  expect(text.length).toBeLessThanOrEqual(64);
}

describe('judgeDescriptor', () => {
  it.each([
    ['CT CHEST W/O CON', 'chest without-contrast'],
    ['COR ABD/PELVIS  3.0', 'abdomen-pelvis coronal'],
    ['AXIAL LUNG MIPS', 'chest axial lung mip'],
    ['Topogram  0.6  T20s', 'localizer'],
    ['PET/CT whole-body PSMA', 'whole-body pet'],
    ['Venous phase    5.0  MPR  sag', 'sagittal with-contrast portal-venous reformat'],
    ['Low Dose Images', 'low-dose'],
    ['CT CHEST for DOE^JANE *12.03.1945 MRN 7391820', 'chest'],
    ['Dr. Young / Mr. Long, 19450312', null],
    ['University of MD', null],
    ['B2', null],
    ['7391820', null],
    ['', null],
    ['chest axial low-dose', true],
    ['axial chest', 'chest axial'],
    ['chest chest', 'chest'],
  ])('%s: %s', (text, expected) => {
    expect(judgeDescriptor(text)).toBe(expected);
  });

  it('writes nothing but known words, whatever names, dates and numbers are woven in', () => {
    const random = seededRandom(7);
    const draw = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const terms = [...DESCRIPTOR_TERMS.terms.keys()].map((term) => term.replaceAll('*', ''));
    const numbers = ['19450312', '12.03.45', '7391820', '5', 'Room 12', '#3', '03/12/1945', '555-0123'];
    const signs = [' ', ' ', '^', '_', ', ', '-', '/', ''];
    let written = 0;
    for (let round = 0; round < 4000; round += 1) {
      const pieces = Array.from({ length: 1 + Math.floor(random() * 6) }, () =>
        draw([draw(terms), draw(NAMES), draw(numbers), draw(NAMES).toLowerCase()]),
      );
      const judgement = judgeDescriptor(pieces.join(draw(signs)).slice(0, 64));
      if (typeof judgement !== 'string') continue;
      written += 1;
      expectClosed(judgement);
      expect(judgeDescriptor(judgement)).toBe(true);
    }
    expect(written).toBeGreaterThan(1000);
  });

  it('has no digit, and no name of a person, in its vocabulary but words of anatomy', () => {
    expect([...DESCRIPTOR_WORDS].join('')).not.toMatch(/\d/);
    const anatomy = /^(HEAD|CHEST|BONE|BRAIN|NECK|LUNG)$/;
    const terms = new Set([...DESCRIPTOR_TERMS.terms.keys()].map((term) => term.toUpperCase()));
    expect(NAMES.filter((name) => terms.has(name) && !anatomy.test(name))).toEqual([]);
  });

  it('finds every term by itself, and cleans real descriptions once and for all', () => {
    for (const [term, topic] of DESCRIPTOR_TERMS.terms)
      expect(judgeDescriptor(term.toUpperCase()), term).toContain(topic);
    const texts = readFixtureCsv('header-sample.csv').map(({ text = '' }) => text);
    const judged = texts.map(judgeDescriptor).filter((judgement) => typeof judgement === 'string');
    expect(judged.length).toBeGreaterThan(texts.length / 2);
    for (const text of judged) {
      expectClosed(text);
      expect(judgeDescriptor(text)).toBe(true);
    }
  });
});

describe('a name that is a word of the vocabulary', () => {
  const options = deidentifyOptions();

  it.each([
    ['HEAD chest Young 1945', 'CHEST^YOUNG', 'head'],
    ['chest axial', 'Axial^Anna', 'chest'],
    ['CHEST', 'CHEST^ANNA', undefined],
    ['LUNG, Dr. Bone', 'Doe^Jane', 'chest lung'],
    ['Brain for Dr Neck', 'Doe^Jane', 'head brain'],
  ])('is not told by a description: %s of %s', (description, patient, expected) => {
    const values = {
      ...ESSENTIAL_CT,
      PatientName: patient,
      ReferringPhysicianName: 'BONE^RICHARD',
      OperatorsName: 'Miller^A\\NECK^B',
      SeriesDescription: description,
    };
    const { output } = deidentifyInstance(encodeFile(datasetOf(values)), options);
    const bytes = joinOutput(output!);
    const file = readDicom(bytes);
    expect(getString(file, file.dataset, tag('SeriesDescription'))).toBe(expected);
    expect(auditInstance(bytes, options.profile)).toEqual([]);
  });
});
