/** A finished run, open for reading. */
import { StageFailure } from '../activities/failures.ts';
import { type RunDocument, readRunDocument } from '../activities/run-document.ts';
import { type OutputView, openOutputView } from '../activities/store/output-view.ts';
import type { ExportFormat, TableListing } from '../manifest/query.ts';
import { keyColumnsOf, type ReadRowOf, type TableName } from '../manifest/schema.ts';
import type { JsonValue } from '../manifest/values.ts';
import { RunError } from './errors.ts';

/** One row of an answer, by column. Integers beyond 2^53, NaN, infinities and dates are text. */
export type AnswerRow = Record<string, JsonValue>;

export interface Run {
  /** As it was given to `openRun`. */
  readonly location: string;
  /** run.json: resolved pipeline, versions, ledger. */
  readonly document: RunDocument;
  /** The tables that SQL can name, with their columns. */
  readonly tables: readonly TableListing[];
  /**
   * The rows of a table, sorted by its key. Columns that came after the version which made the run are null.
   * @param where an SQL condition on the table's columns, never text of somebody who is not trusted to read the run
   * @throws ManifestError `sql-error`
   */
  rows<Table extends TableName>(table: Table, where?: string): Promise<ReadRowOf<Table>[]>;
  /**
   * Runs one SELECT of DuckDB's SQL over the tables. It can write nothing and reach no other file.
   * @throws ManifestError `sql-error`
   */
  query<Row extends object = AnswerRow>(sql: string): Promise<Row[]>;
  /** Writes the answer to a file, whole or not at all. @throws ManifestError `sql-error` */
  export(sql: string, file: string, format: ExportFormat): Promise<void>;
  /** Gives memory back, and removes what was copied from a bucket. A second call does nothing. */
  close(): Promise<void>;
}

/**
 * Opens the output of a run that has ended.
 * @param location a folder, or `s3://BUCKET/PREFIX` with `AWS_ENDPOINT_URL_S3`, `AWS_REGION` and credentials in the
 * environment; of a bucket the tables are copied until `close`
 * @throws RunError when it is no output of a run; ManifestError when its tables cannot be read
 */
export async function openRun(location: string): Promise<Run> {
  const view = await openView(location);
  try {
    const document = requireDocument(view.folder);
    // DuckDB is loaded for those who read, not for those who only write pipelines.
    const { openManifest } = await import('../manifest/query.ts');
    const manifest = await openManifest(view.folder);
    let closed = false;
    const opened = () => {
      if (closed) throw new RunError('closed', 'The run was closed.');
      return manifest;
    };
    const query = async (sql: string) => (await opened().query(sql)).rows;
    return {
      location,
      document,
      tables: manifest.tables,
      query: (sql) => query(sql) as Promise<never[]>,
      rows(table, where = 'true') {
        const order = keyColumnsOf(table).join(', ');
        return query(`SELECT * FROM ${table} WHERE (${where}\n) ORDER BY ${order}`) as Promise<never[]>;
      },
      export: async (sql, file, format) => opened().export(sql, file, format),
      async close() {
        if (closed) return;
        closed = true;
        await manifest.close();
        view.close();
      },
    };
  } catch (error) {
    view.close();
    throw error;
  }
}

/** Asks one question: opens the run, runs the SQL, closes it. A run that is open already stays open. */
export async function query<Row extends object = AnswerRow>(run: Run | string, sql: string): Promise<Row[]> {
  if (typeof run !== 'string') return run.query<Row>(sql);
  const opened = await openRun(run);
  try {
    return await opened.query<Row>(sql);
  } finally {
    await opened.close();
  }
}

async function openView(location: string): Promise<OutputView> {
  try {
    return await openOutputView(location, 'tables');
  } catch (error) {
    if (!(error instanceof StageFailure)) throw error;
    const code = error.code === 'location-invalid' ? 'location-invalid' : 'store-failed';
    throw new RunError(code, error.message, { cause: error });
  }
}

const REFUSALS = {
  'not-a-run': 'The place holds no output of a run.',
  unfinished: 'No run has ended there yet; see: serieswise status',
  damaged: 'run.json is damaged; run the pipeline again with the same output to make it anew.',
} as const;

function requireDocument(folder: string): RunDocument {
  const found = readRunDocument(folder);
  if (typeof found === 'string') throw new RunError(found, REFUSALS[found]);
  return found;
}
