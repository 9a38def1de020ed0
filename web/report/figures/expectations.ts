import type { CheckedExpectation } from '../../../manifest/check-expectations.ts';
import type { AnsweredSection } from '../render-report.ts';

/** What the pipeline expects of the run, broken ones first, each with the query that it is. */
export function listExpectations(checked: readonly CheckedExpectation[]): AnsweredSection {
  const figures = [...checked]
    .sort((a, b) => Number(a.holds) - Number(b.holds))
    .map(({ name, sql, expected, column, value, holds, problem }) => ({
      figure: {
        id: `expect-${name}`,
        title: name,
        sql,
        view: { kind: 'bounded' as const, expected, holds, problem },
      },
      rows: column === null ? [] : [{ [column]: value }],
    }));
  return {
    section: {
      id: 'expectations',
      title: 'Expectations',
      intro: 'What the pipeline states under expect, as it is now: reviews count.',
      figures: figures.map(({ figure }) => figure),
    },
    figures,
  };
}
