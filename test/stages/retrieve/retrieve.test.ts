import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../../manifest/schema.ts';
import { msUntilAllowed } from '../../../stages/retrieve/allowed-hours.ts';
import { dateRange, matchesQuery } from '../../../stages/retrieve/matches-query.ts';
import { ListError, readList } from '../../../stages/retrieve/read-list.ts';
import { RETRIEVAL_OUTCOMES, RETRIEVAL_REASONS } from '../../../stages/retrieve/retrieval-reasons.ts';
import { repositoryRoot } from '../../fixtures/shared-data.ts';

describe('lists of studies', () => {
  test.each([
    [
      'ZZ1\nZZ2\n',
      'accession_list',
      [
        ['ZZ1', null],
        ['ZZ2', null],
      ],
    ],
    [
      '\uFEFFaccession_number;expected_count\r\n"ZZ ""1""";3\r\n\r\nZZ2;\r\n',
      'accession_list',
      [
        ['ZZ "1"', 3],
        ['ZZ2', null],
      ],
    ],
    ['patient,Study Instance UID\nZZ,2.25.1\nZZ,2.25.1\n', 'study_list', [['2.25.1', null]]],
  ] as const)('%j', (text, by, expected) => {
    expect(readList(text, by).map(({ value, expectedCount }) => [value, expectedCount])).toEqual(expected);
  });

  test.each([
    ['2.25.1\nnot a uid\n', 'study_list', [2]],
    ['ZZ*\nZZ?\nZZ\\1\n', 'accession_list', [1, 2, 3]],
    ['accession_number,expected_count\nZZ1,many\n,3\n', 'accession_list', [2, 3]],
  ] as const)('%j is refused by line, without its values', (text, by, lines) => {
    const error = (() => {
      try {
        return readList(text, by);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(ListError);
    expect((error as ListError).lines).toEqual(lines);
    expect((error as ListError).message).not.toMatch(/ZZ|uid\b/);
  });
});

describe('hours in which a PACS may be asked', () => {
  const night = { from: '19:00', to: '06:00', time_zone: 'Europe/Zurich' };
  test.each([
    ['2026-01-15T12:00:00Z', night, 6 * 3_600_000],
    ['2026-07-15T12:00:00Z', night, 5 * 3_600_000],
    ['2026-01-15T18:00:00Z', night, 0],
    ['2026-01-15T04:59:59Z', night, 0],
    ['2026-01-15T05:00:30Z', night, 13 * 3_600_000 - 30_000],
    ['2026-01-15T12:00:00Z', { from: '08:00', to: '12:00', time_zone: 'UTC' }, 20 * 3_600_000],
    ['2026-01-15T12:00:00Z', { from: '08:00', to: '08:00', time_zone: 'UTC' }, 0],
  ])('%s', (now, hours, wait) => {
    expect(msUntilAllowed(hours, new Date(now))).toBe(wait);
  });

  test('none are all', () => expect(msUntilAllowed(undefined, new Date())).toBe(0));
});

describe('queries', () => {
  const query = {
    by: 'query' as const,
    study_date: { from: '2026-01-01', to: '2026-01-31' },
    modalities: ['CT'],
    study_description: '*chest*ct?',
  };
  test.each([
    [{ studyDate: '20260115', modalities: ['SR', 'CT'], studyDescription: 'Low CHEST routine CT1' }, true],
    [{ studyDate: '2026.01.15', studyDescription: 'chestct1' }, true],
    [{}, true],
    [{ studyDate: '20260201' }, false],
    [{ modalities: ['MR'] }, false],
    [{ studyDescription: 'chest ct' }, false],
    [{ studyDescription: 'abdomen ct1' }, false],
  ])('%j', (study, expected) => {
    expect(matchesQuery(study, query)).toBe(expected);
  });

  test('dates become the range of the standard', () => {
    expect(dateRange(query)).toBe('20260101-20260131');
    expect(dateRange({ by: 'query', study_date: { from: '2026-01-01' } })).toBe('20260101-');
    expect(dateRange({ by: 'query' })).toBeUndefined();
  });
});

test('table, vocabulary and page say the same', () => {
  const page = fs.readFileSync(path.join(repositoryRoot, 'docs/sources.md'), 'utf8');
  const column = (name: string) => columnsOf('retrievals').find((each) => each.name === name)?.values;
  expect(column('reason')).toEqual(Object.keys(RETRIEVAL_REASONS));
  expect(column('outcome')).toEqual(RETRIEVAL_OUTCOMES);
  for (const [reason, meaning] of Object.entries(RETRIEVAL_REASONS))
    expect(page).toContain(`| \`${reason}\` | ${meaning} |`);
});
