/** Holds a dataset to what its pipeline expects: each expectation is a query that gives one number, and bounds. */
import type { Expectation } from '../pipelines/expect-schema.ts';
import { ManifestError } from './errors.ts';
import { type Manifest, openEmptyManifest, type QueryResult } from './query.ts';

/** What became of an expectation. */
export interface CheckedExpectation {
  readonly name: string;
  readonly sql: string;
  /** The bounds in words: `at least 200`. */
  readonly expected: string;
  /** Column of the answer that holds the number; null where there is none. */
  readonly column: string | null;
  readonly value: number | null;
  readonly holds: boolean;
  /** Why there is no number to compare: then it does not hold. */
  readonly problem: string | null;
}

/** Asks all, in their order. An expectation that cannot be asked does not hold; nothing is thrown for it. */
export async function checkExpectations(
  manifest: Pick<Manifest, 'query'>,
  expectations: readonly Expectation[],
): Promise<CheckedExpectation[]> {
  const checked: CheckedExpectation[] = [];
  for (const expectation of expectations) checked.push(await checkOne(manifest, expectation));
  return checked;
}

async function checkOne(
  manifest: Pick<Manifest, 'query'>,
  { name, sql, at_least: least, at_most: most }: Expectation,
): Promise<CheckedExpectation> {
  const bounds = [
    ...(least === undefined ? [] : [`at least ${least}`]),
    ...(most === undefined ? [] : [`at most ${most}`]),
  ];
  const base = { name, sql, expected: bounds.join(', ') };
  try {
    const { column, value } = readNumber(await manifest.query(sql));
    const holds = value >= (least ?? -Infinity) && value <= (most ?? Infinity);
    return { ...base, column, value, holds, problem: null };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return { ...base, column: null, value: null, holds: false, problem: error.message };
  }
}

function readNumber({ columns, rows }: QueryResult): { column: string; value: number } {
  const refuse = (what: string): never => {
    throw new ManifestError('sql-error', `The query has to give one number: ${what}.`);
  };
  const [column] = columns;
  if (column === undefined || columns.length > 1) return refuse(`it gives ${columns.length} columns`);
  if (rows.length !== 1) return refuse(`it gives ${rows.length} rows`);
  const value = rows[0]?.[column.name] ?? refuse('it gives null');
  // Integers beyond 2^53 and exact decimals of that size come as text.
  const number = typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? { column: column.name, value: number } : refuse('it gives something else');
}

/**
 * What is wrong with the queries before there is a run: asked of tables without rows.
 * @param files statement that makes the further table which exported cohorts have
 * @returns the place among the expectations and what DuckDB or the number of columns has against it
 */
export async function findQueryProblems(
  expectations: readonly Expectation[],
  files: string,
): Promise<{ index: number; message: string }[]> {
  const [run, cohort] = [await openEmptyManifest(), await openEmptyManifest({ prepare: [files] })];
  try {
    const found: { index: number; message: string }[] = [];
    for (const [index, { sql, of }] of expectations.entries()) {
      const manifest = of === 'run' ? run : cohort;
      try {
        const { columns } = await manifest.query(sql);
        if (columns.length !== 1) found.push({ index, message: `gives ${columns.length} columns, not one` });
      } catch (error) {
        if (!(error instanceof ManifestError)) throw error;
        found.push({ index, message: error.message });
      }
    }
    return found;
  } finally {
    await run.close();
    await cohort.close();
  }
}
