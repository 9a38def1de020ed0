import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { ManifestError } from '../../manifest/errors.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import type { JsonValue } from '../../manifest/values.ts';
import { CliError } from '../exit.ts';
import { withOutputView } from '../output-view.ts';
import { say } from '../settings.ts';
import { renderTable } from '../table.ts';

const FORMATS = ['table', 'csv', 'json', 'parquet'] as const;
type Format = (typeof FORMATS)[number];

/** Rows that a table shows: a screen is for looking, the other formats for taking away. */
const MAX_TABLE_ROWS = 200;

interface QueryOptions {
  format?: Format;
  json?: boolean;
  output?: string;
}

/** Adds `query DIR "SQL"`: DuckDB SQL over the manifest tables. Exit 2 for SQL that DuckDB refuses. */
export function registerQuery(program: Command): void {
  program
    .command('query')
    .summary('ask the manifest tables in SQL')
    .description(
      'Runs one DuckDB query over the tables instances, series and labels of an output folder.\n' +
        'The tables are read only, and the query can reach no other file.',
    )
    .argument('<dir>', 'output folder of a run')
    .argument('<sql>', 'for example "SELECT body_part, count(*) FROM series GROUP BY ALL"')
    .addOption(
      new Option('--format <format>', 'how to print the answer')
        .choices([...FORMATS])
        .default(undefined, 'table on a terminal, csv elsewhere'),
    )
    .option('--json', 'the same as --format json: one document on standard output')
    .option('--output <file>', 'write to a file instead of standard output; needed for parquet')
    .addHelpText('after', '\nColumns: docs/manifest.md, or serieswise query DIR "DESCRIBE series"')
    .action(async (folder: string, sql: string, options: QueryOptions) => {
      const format = formatOf(options);
      await withOutputView(folder, 'tables', async (view) => {
        const manifest = await openManifest(view.folder).catch((error: unknown) => refuse(error));
        try {
          await answer(manifest, sql, format, options.output);
        } catch (error) {
          refuse(error, manifest);
        } finally {
          await manifest.close();
        }
      });
    });
}

function formatOf({ format, json, output }: QueryOptions): Format {
  if (json && format !== undefined && format !== 'json') {
    throw new CliError('--json and --format say different things.', 2);
  }
  const ending = output === undefined ? undefined : path.extname(output).slice(1).toLowerCase();
  const byEnding = FORMATS.find((each) => each === ending);
  const chosen = json ? 'json' : (format ?? byEnding ?? (process.stdout.isTTY && !output ? 'table' : 'csv'));
  if (chosen === 'parquet' && output === undefined) {
    throw new CliError('Parquet is not for a terminal: add --output FILE.', 2);
  }
  if (output !== undefined && !fs.existsSync(path.dirname(path.resolve(output)))) {
    throw new CliError('The folder of --output does not exist.', 2);
  }
  return chosen;
}

async function answer(
  manifest: Manifest,
  sql: string,
  format: Format,
  output: string | undefined,
): Promise<void> {
  if (format === 'parquet' || format === 'csv') {
    if (output !== undefined) return manifest.export(sql, output, format);
    return printExport(manifest, sql, format);
  }
  const { columns, rows } = await manifest.query(sql);
  let text: string;
  if (format === 'json') text = `${JSON.stringify(rows, null, 2)}\n`;
  else {
    const names = columns.map(({ name }) => name);
    const shown = output === undefined ? rows.slice(0, MAX_TABLE_ROWS) : rows;
    text = `${renderTable(
      names,
      shown.map((row) => names.map((name) => showValue(row[name]))),
    )}\n`;
    if (shown.length < rows.length) {
      say(`The first ${shown.length} of ${rows.length} rows; --format csv or json gives all.`);
    }
  }
  if (output === undefined) await write(text);
  else await writeBeside(output, text);
}

/** DuckDB writes CSV itself, to a file, so that a large answer need not fit in memory. */
async function printExport(manifest: Manifest, sql: string, format: 'csv' | 'parquet'): Promise<void> {
  const folder = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'serieswise-query-'));
  try {
    const file = path.join(folder, `answer.${format}`);
    await manifest.export(sql, file, format);
    const handle = await fs.promises.open(file);
    // Removed while it is open: a reader that stops reading (`| head`) ends the process without a last word.
    if (process.platform !== 'win32') await fs.promises.rm(folder, { recursive: true, force: true });
    await pipeline(handle.createReadStream(), process.stdout, { end: false });
  } finally {
    await fs.promises.rm(folder, { recursive: true, force: true });
  }
}

function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

async function writeBeside(target: string, text: string): Promise<void> {
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.tmp-${process.pid}`);
  await fs.promises.writeFile(temporary, text, { flush: true });
  await fs.promises.rename(temporary, target);
}

function showValue(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Turns an error of the manifest into an exit code with the help that a person needs at that point. */
function refuse(error: unknown, manifest?: Manifest): never {
  if (!(error instanceof ManifestError)) throw error;
  if (error.code !== 'sql-error') throw new CliError(error.message, error.code === 'no-manifest' ? 2 : 1);
  const tables = (manifest?.tables ?? []).map(({ name, columns }) => `  ${name} (${columns.join(', ')})`);
  throw new CliError(`${error.message}\n\nTables:\n${tables.join('\n')}`, 2);
}
