import { describe, expect, it } from 'vitest';
import {
  describeHeaders,
  type HeaderWords,
  NO_HEADER_WORDS,
} from '../../../stages/evidence/header-evidence.ts';
import type { HeaderEvidence } from '../../../stages/records.ts';
import { readFixtureCsv } from '../../fixtures/csv.ts';

const FIELDS: Record<string, keyof HeaderWords> = {
  BodyPartExamined: 'bodyPartExamined',
  StudyDescription: 'studyDescription',
  SeriesDescription: 'seriesDescription',
};

const TASKS = { body_part: 'bodyPart', axis: 'axis', contrast: 'contrast' } as const satisfies Record<
  string,
  keyof HeaderEvidence
>;

function readSample(name: string) {
  return readFixtureCsv(name).map((row) => {
    const field = FIELDS[row.field ?? ''];
    if (field === undefined) throw new Error(`Unknown field in the sample: ${row.field}`);
    return { row, evidence: describeHeaders({ ...NO_HEADER_WORDS, [field]: row.text ?? '' }) };
  });
}

function measure(sample: ReturnType<typeof readSample>, task: keyof typeof TASKS) {
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

describe.each([
  ['drawn first, read while the tables were written', 'header-sample.csv', 300],
  ['drawn and labelled when the tables were done', 'header-sample-held-out.csv', 180],
])('header strings of public archives, labelled by hand, %s', (_, name, count) => {
  const sample = readSample(name);

  it('are all there', () => {
    expect(sample).toHaveLength(count);
  });

  it.each([
    ['body_part', 0.97, 0.85],
    ['axis', 0.97, 0.95],
    ['contrast', 0.95, 0.85],
  ] as const)('%s: precision at least %f, recall at least %f', (task, precision, recall) => {
    const measured = measure(sample, task);
    if (process.env.SERIESWISE_SHOW !== undefined) console.log(name, task, measured);
    expect(measured.precision, measured.wrong.join('\n')).toBeGreaterThanOrEqual(precision);
    expect(measured.recall, measured.missed.join('\n')).toBeGreaterThanOrEqual(recall);
  });
});
