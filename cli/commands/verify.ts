import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import type { RunDocument } from '../../activities/run-document.ts';
import { isTemporaryName } from '../../activities/store/atomic.ts';
import { ManifestError } from '../../manifest/errors.ts';
import { type Manifest, openManifest } from '../../manifest/query.ts';
import { type AuditProblem, auditInstance } from '../../stages/deidentify/audit-instance.ts';
import { resolveProfile } from '../../stages/deidentify/profile.ts';
import { CliError } from '../exit.ts';
import { withOutputView } from '../output-view.ts';
import { requireRunDocument } from '../run-folder.ts';
import {
  findForeignFiles,
  findForeignKeys,
  findForeignReviews,
  findForeignValues,
  findTextInFiles,
} from '../scan-output.ts';
import { printJson } from '../settings.ts';
import { renderTable } from '../table.ts';

interface Check {
  check: string;
  passed: boolean;
  detail: string;
}

const MAX_SHOWN = 10;

export function registerVerify(program: Command): void {
  program
    .command('verify')
    .summary('re-check a run: ledger, digests, and what should not be in the outputs')
    .description(
      'Re-checks the ledger, every digest of run.json and of the manifest, and that each published instance holds\n' +
        'nothing but what the white-list lets pass. Needs no key and no source.',
    )
    .argument('<dir>', 'output folder of the run')
    .option('--json', 'print one JSON document on standard output')
    .action(async (folder: string, options: { json?: boolean }) => {
      const checks = await withOutputView(folder, 'whole', async ({ folder: output }) => {
        const document = requireRunDocument(output, folder);
        return [...checkManifestFiles(output, document), ...(await checkTables(output, document))];
      });
      const failed = checks.filter(({ passed }) => !passed);
      if (options.json) printJson({ passed: failed.length === 0, checks });
      else {
        const rows = checks.map(({ check, passed, detail }) => [passed ? 'passed' : 'FAILED', check, detail]);
        process.stdout.write(`${renderTable(['', 'check', 'detail'], rows)}\n`);
      }
      if (failed.length > 0) throw new CliError(`${failed.length} of ${checks.length} checks failed.`, 1);
    });
}

function checkManifestFiles(output: string, document: RunDocument): Check[] {
  const wrong = document.manifest.filter((file) => {
    const location = path.join(output, file.path);
    return !fs.existsSync(location) || sha256(fs.readFileSync(location)) !== file.sha256;
  });
  const listed = new Set(document.manifest.map((file) => file.path));
  const others = [...walk(path.join(output, 'manifest'))]
    .map((file) => path.relative(output, file))
    .filter((file) => !listed.has(file) && !file.startsWith(path.join('manifest', 'reviews')));
  return [
    result(
      'manifest files match run.json',
      wrong.map((file) => file.path),
      `${document.manifest.length} files`,
    ),
    result('no other file in the manifest', others, 'none'),
  ];
}

async function checkTables(output: string, document: RunDocument): Promise<Check[]> {
  let manifest: Manifest;
  try {
    manifest = await openManifest(output);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return [result('the tables can be read', [error.message], 'all')];
  }
  try {
    const one = async (sql: string) => Object.values((await manifest.query(sql)).rows[0] ?? {})[0];
    const count = Number(await one('SELECT count(*) FROM instances'));
    const keys = Number(await one('SELECT count(DISTINCT source_key) FROM instances'));
    const { files_seen: seen, instances, series } = document.ledger;
    const sum = Object.values(instances).reduce((total, each) => total + each, 0);
    const tables = async (table: string, expected: Record<string, number>) => {
      const { rows } = await manifest.query(`SELECT disposition, count(*) AS n FROM ${table} GROUP BY 1`);
      const found = Object.fromEntries(rows.map((row) => [String(row.disposition), Number(row.n)]));
      return Object.keys({ ...found, ...expected }).filter((name) => found[name] !== expected[name]);
    };
    const orphans = await manifest.query(
      `SELECT source_key FROM instances WHERE disposition = 'kept' AND series_unit NOT IN (SELECT series_unit FROM series)`,
    );
    const unlabelled = await manifest.query(
      `SELECT series_unit FROM series s WHERE disposition = 'kept' AND NOT EXISTS (FROM labels l WHERE l.series_unit = s.series_unit)`,
    );
    const published = await manifest.query(
      'SELECT output_path, output_sha256 FROM instances WHERE output_path IS NOT NULL ORDER BY output_path',
    );
    return [
      result(
        'every source file has one row',
        count === seen && keys === seen && sum === seen ? [] : ['counts differ'],
        `${seen} files seen, ${count} rows, ${keys} keys`,
      ),
      result('instances add up by disposition', await tables('instances', instances), `${sum} in all`),
      result('series add up by disposition', await tables('series', series), 'as in run.json'),
      result(
        'every kept instance is in a series unit',
        orphans.rows.map((row) => String(row.source_key)),
        'all',
      ),
      result(
        'every kept series unit has labels',
        unlabelled.rows.map((row) => String(row.series_unit)),
        'all',
      ),
      ...checkInstances(output, document, published.rows as { output_path: string; output_sha256: string }[]),
      ...(await checkRest(output, document, manifest)),
    ];
  } finally {
    await manifest.close();
  }
}

/** Digests of published instances, and each against the white-list. */
function checkInstances(
  output: string,
  document: RunDocument,
  published: { output_path: string; output_sha256: string }[],
): Check[] {
  const profile = resolveProfile(document.pipeline.deidentify);
  const changed: string[] = [];
  const leaks = new Map<string, number>();
  const paths = new Set<string>();
  for (const { output_path: relative, output_sha256: digest } of published) {
    paths.add(relative);
    const location = path.join(output, relative);
    if (!fs.existsSync(location)) {
      changed.push(relative);
      continue;
    }
    const bytes = fs.readFileSync(location);
    if (sha256(bytes) !== digest) changed.push(relative);
    for (const { where, problem } of auditInstance(bytes, profile) satisfies AuditProblem[]) {
      leaks.set(`${where} ${problem}`, (leaks.get(`${where} ${problem}`) ?? 0) + 1);
    }
  }
  const others: string[] = [];
  for (const file of walk(output)) {
    const relative = path.relative(output, file).split(path.sep).join('/');
    const isKnown = !relative.startsWith('dicom/') || paths.has(relative);
    if (!isKnown || isTemporaryName(path.basename(file))) others.push(relative);
  }
  return [
    result('published instances match their digests', changed, `${published.length} files`),
    result(
      'published instances hold only what the white-list lets pass',
      [...leaks].map(([problem, count]) => `${problem} (${count} files)`),
      `profile ${profile.name} ${profile.version}`,
    ),
    result('no unlisted or temporary file in the output', others, 'none'),
  ];
}

/** What lies beside the instances: tables, pictures, tensors, run.json and names. */
async function checkRest(output: string, document: RunDocument, manifest: Manifest): Promise<Check[]> {
  const { rows } = await manifest.query('SELECT DISTINCT series_unit FROM series');
  const units = new Set(rows.map((row) => String(row.series_unit)));
  const files = [...walk(output)].map((file) => path.relative(output, file).split(path.sep).join('/'));
  return [
    result('no file of another kind or name', findForeignFiles(files, units), `${files.length} files`),
    result('pictures and tensors hold nothing but numbers', findTextInFiles(output, files), 'all'),
    result('run.json has no keys of another origin', findForeignKeys(document), 'none'),
    result('tables hold pseudonyms where identifiers would be', await findForeignValues(manifest), 'all'),
    result(
      'reviews hold nothing but their vocabulary',
      await findForeignReviews(manifest),
      await countReviews(manifest),
    ),
  ];
}

/** Decisions of people are no part of the run: run.json has no digest of them, and a rerun leaves them. */
async function countReviews(manifest: Manifest): Promise<string> {
  const { rows } = await manifest.query(
    `SELECT count(*) AS n, count(*) FILTER (s.series_unit IS NULL) AS gone
     FROM reviews r LEFT JOIN series s ON s.series_unit = r.series_unit
       AND s.tensor_sha256 IS NOT DISTINCT FROM r.tensor_sha256`,
  );
  const { n, gone } = rows[0] ?? {};
  return Number(gone) === 0
    ? `${n} decisions`
    : `${n} decisions, ${gone} on inputs that the run no longer has`;
}

function result(check: string, problems: string[], detail: string): Check {
  if (problems.length === 0) return { check, passed: true, detail };
  const shown = problems.slice(0, MAX_SHOWN).join(', ');
  const more = problems.length > MAX_SHOWN ? ` and ${problems.length - MAX_SHOWN} more` : '';
  return { check, passed: false, detail: `${problems.length}: ${shown}${more}` };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function* walk(folder: string): Generator<string> {
  if (!fs.existsSync(folder)) return;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const child = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(child);
    else yield child;
  }
}
