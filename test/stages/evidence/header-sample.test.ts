import { describe, expect, it } from 'vitest';
import { describeHeaders, type HeaderWords } from '../../../stages/evidence/header-evidence.ts';
import type { HeaderEvidence } from '../../../stages/records.ts';
import { readFixtureCsv } from '../../fixtures/csv.ts';

const SILENT: HeaderWords = {
  bodyPartExamined: null,
  studyDescription: null,
  seriesDescription: null,
  protocolName: null,
  contrastBolusAgent: null,
  contrastBolusRoute: null,
  convolutionKernel: null,
  imageComments: null,
  derivationDescription: null,
  manufacturer: null,
  sopClassUid: null,
  imageType: [],
};

const FIELDS: Record<string, keyof HeaderWords> = {
  BodyPartExamined: 'bodyPartExamined',
  StudyDescription: 'studyDescription',
  SeriesDescription: 'seriesDescription',
};

const TASKS = { body_part: 'bodyPart', axis: 'axis', contrast: 'contrast' } as const satisfies Record<
  string,
  keyof HeaderEvidence
>;

const sample = readFixtureCsv('header-sample.csv').map((row) => {
  const field = FIELDS[row.field ?? ''];
  if (field === undefined) throw new Error(`Unknown field in the sample: ${row.field}`);
  return { row, evidence: describeHeaders({ ...SILENT, [field]: row.text ?? '' }) };
});

function measure(task: keyof typeof TASKS) {
  const wrong: string[] = [];
  const missed: string[] = [];
  let answered = 0;
  let labelled = 0;
  let right = 0;
  for (const { row, evidence } of sample) {
    const label = row[task] || null;
    const answer = evidence[TASKS[task]];
    if (label !== null) labelled += 1;
    if (answer !== null) answered += 1;
    if (answer !== null && answer === label) right += 1;
    else if (answer !== null) wrong.push(`${row.text}: ${answer} for ${label ?? 'nothing'}`);
    else if (label !== null) missed.push(`${row.text}: ${label}`);
  }
  return { answered, labelled, right, wrong, missed, precision: right / answered, recall: right / labelled };
}

describe('300 strings drawn from public archives and labelled by hand', () => {
  it('are all there', () => {
    expect(sample).toHaveLength(300);
  });

  it.each([
    ['body_part', 0.97, 0.9],
    ['axis', 0.97, 0.95],
    ['contrast', 0.95, 0.85],
  ] as const)('%s: precision at least %f, recall at least %f', (task, precision, recall) => {
    const measured = measure(task);
    if (process.env.SERIESWISE_SHOW !== undefined) console.log(task, measured);
    expect(measured.precision, measured.wrong.join('\n')).toBeGreaterThanOrEqual(precision);
    expect(measured.recall, measured.missed.join('\n')).toBeGreaterThanOrEqual(recall);
  });
});
