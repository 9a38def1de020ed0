import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type EvaluationDocument, registerEvaluate } from '../../../cli/commands/evaluate.ts';
import { CliError } from '../../../cli/exit.ts';
import { repositoryRoot } from '../../fixtures/shared-data.ts';

const example = path.join(repositoryRoot, 'examples/evaluate');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-evaluate-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

interface Outcome {
  exitCode: number;
  message: string;
  stdout: string;
  stderr: string;
}

/** Runs `serieswise evaluate` in this process. */
async function evaluate(...args: string[]): Promise<Outcome> {
  const program = new Command('serieswise').exitOverride();
  registerEvaluate(program);
  const written = { stdout: '', stderr: '' };
  const capture = (name: 'stdout' | 'stderr'): { mockRestore(): void } =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  const spies = [capture('stdout'), capture('stderr')];
  try {
    await program.parseAsync(['node', 'serieswise', 'evaluate', ...args]);
    return { exitCode: 0, message: '', ...written };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { exitCode: error.exitCode, message: error.message, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

function write(name: string, ...lines: string[]): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function readResult(output: string): EvaluationDocument {
  return JSON.parse(fs.readFileSync(path.join(output, 'evaluation.json'), 'utf8')) as EvaluationDocument;
}

describe('the example', () => {
  test('its command, as its README gives it, passes and writes three files', async () => {
    const readme = fs.readFileSync(path.join(example, 'README.md'), 'utf8');
    const command = /```sh\nbin\/serieswise evaluate([\s\S]*?)```/.exec(readme)![1]!;
    const output = path.join(folder, 'example');
    const args = command
      .replace(/\\\n/g, ' ')
      .trim()
      .split(/\s+/)
      .map((arg) =>
        arg.startsWith('examples/') ? path.join(repositoryRoot, arg) : arg === 'evaluation' ? output : arg,
      );
    const outcome = await evaluate(...args);
    expect(outcome.message).toBe('');
    expect(fs.readdirSync(output).sort()).toEqual(['evaluation.html', 'evaluation.json', 'evaluation.md']);
    const result = readResult(output);
    expect(result.settings.cluster).toBe('patient');
    expect(result.gate!.passed).toBe(true);
    expect(result.tasks.body_part!.join.only_in_truth.series_units).toEqual([
      'synthetic-094',
      'synthetic-095',
    ]);
    expect(result.tasks.contrast!.join.truth_unlabelled.count).toBe(1);
    expect(result.tasks.body_part!.classes['c-and-t-spine']!.support).toBe(6);
    expect(result.subgroups.map(({ column }) => column)).toEqual(['dataset', 'slice_spacing_mm']);
    expect(result.comparison!.tasks.body_part!.measures.accuracy!.difference.value).toBeGreaterThan(0);
    expect(result.sources.truth.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(outcome.stderr).toContain('only in the truth (2): synthetic-094, synthetic-095');
  });

  test('its tables are what make-tables.mjs writes', async () => {
    const copy = path.join(folder, 'tables');
    fs.mkdirSync(copy);
    fs.copyFileSync(path.join(example, 'make-tables.mjs'), path.join(copy, 'make-tables.mjs'));
    await import(path.join(copy, 'make-tables.mjs'));
    for (const name of ['truth.csv', 'predictions.csv', 'predictions-previous.csv']) {
      expect(fs.readFileSync(path.join(copy, name), 'utf8')).toBe(
        fs.readFileSync(path.join(example, name), 'utf8'),
      );
    }
  });

  test('--json prints the same document, and the same seed gives the same bytes', async () => {
    const args = [
      '--predictions',
      path.join(example, 'predictions.csv'),
      '--truth',
      path.join(example, 'truth.csv'),
    ];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => path.join(folder, name)) as [string, string, string];
    const outcome = await evaluate(...args, '--output', a, '--bootstrap', '100', '--json');
    expect(JSON.parse(outcome.stdout)).toEqual(readResult(a));
    await evaluate(...args, '--output', b, '--bootstrap', '100');
    await evaluate(...args, '--output', c, '--bootstrap', '100', '--seed', '2');
    for (const name of ['evaluation.json', 'evaluation.md', 'evaluation.html']) {
      const bytes = fs.readFileSync(path.join(a, name), 'utf8');
      expect(fs.readFileSync(path.join(b, name), 'utf8')).toBe(bytes);
      expect(fs.readFileSync(path.join(c, name), 'utf8')).not.toBe(bytes);
    }
  });
});

describe("a run's folder", () => {
  const run = path.join(folder, 'run');
  beforeAll(async () => {
    fs.mkdirSync(path.join(run, 'manifest', 'labels'), { recursive: true });
    fs.mkdirSync(path.join(run, 'manifest', 'series'), { recursive: true });
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    // 30 series of 10 patients: all contrasts right, every tenth body part wrong; headers silent for a third.
    await connection.run(`CREATE TABLE series AS SELECT 'unit-' || i AS series_unit, 'ZZTEST-' || (i % 10) AS patient_id,
      CASE WHEN i % 3 = 0 THEN NULL ELSE 'chest' END AS body_part_header, 'chest' AS body_part,
      CASE WHEN i < 15 THEN 'VENDOR A' ELSE 'VENDOR B' END AS manufacturer, i % 10 = 0 AS needs_review
      FROM range(30) t(i)`);
    await connection.run(`CREATE TABLE labels AS
      SELECT 'unit-' || i AS series_unit, 'contrast' AS task, CASE WHEN i % 2 = 0 THEN 'yes' ELSE 'no' END AS label,
        0.8::FLOAT AS score, CASE WHEN i % 2 = 0 THEN [0.2, 0.8] ELSE [0.8, 0.2] END::FLOAT[] AS scores,
        [1.0, 2.0]::FLOAT[] AS logits FROM range(30) t(i)
      UNION ALL SELECT 'unit-' || i, 'body_part', CASE WHEN i % 10 = 0 THEN 'abdomen' ELSE 'chest' END,
        0.9::FLOAT, NULL, NULL FROM range(30) t(i)`);
    for (const half of [0, 1]) {
      await connection.run(
        `COPY (SELECT * FROM labels WHERE hash(series_unit) % 2 = ${half}) TO '${run}/manifest/labels/${half}.parquet' (FORMAT parquet)`,
      );
    }
    await connection.run(`COPY series TO '${run}/manifest/series/0.parquet' (FORMAT parquet)`);
    await connection.run(
      `COPY (SELECT series_unit, 'Chest' AS body_part, substr(series_unit, 6)::INT % 2 = 0 AS contrast FROM series) TO '${folder}/truth.parquet' (FORMAT parquet)`,
    );
    connection.closeSync();
    instance.closeSync();
  });

  test('gives predictions, clusters, subgroups and the header baseline', async () => {
    const output = path.join(folder, 'of-run');
    const args = ['--predictions', run, '--truth', path.join(folder, 'truth.parquet'), '--output', output];
    const outcome = await evaluate(...args, '--cluster', 'patient', '--subgroup', 'manufacturer');
    expect(outcome.message).toBe('');
    const result = readResult(output);
    expect(result.tasks.contrast!.measures.accuracy!.value).toBe(1);
    expect(result.tasks.contrast!.classes.yes!.measures.auc!.value).toBe(1);
    expect(result.tasks.body_part!.measures.accuracy!.value).toBe(0.9);
    expect(result.tasks.body_part!.clusters).toBe(10);
    expect(result.tasks.body_part!.calibration).not.toBeNull();
    expect(result.tasks.body_part!.omitted[0]!.statistics).toContain('AUC');
    expect(result.header_baseline!.body_part).toMatchObject({ stated: 20, series: 30 });
    expect(result.subgroups.map(({ column }) => column)).toEqual(['manufacturer', 'needs_review']);
    expect(
      result.subgroups[1]!.groups.map(({ name, tasks }) => [name, tasks.body_part!.measures.accuracy!.value]),
    ).toEqual([
      ['false', 1],
      ['true', 0],
    ]);
    expect(result.sources.predictions).toEqual({ name: 'run', sha256: null });
  });

  test('is no truth before anybody has reviewed it', async () => {
    const outcome = await evaluate(
      '--predictions',
      run,
      '--truth',
      run,
      '--output',
      path.join(folder, 'none'),
    );
    expect([outcome.exitCode, fs.existsSync(path.join(folder, 'none'))]).toEqual([2, false]);
    expect(outcome.message).toMatch(/nobody has reviewed/);
  });

  test('a folder that is no run is refused', async () => {
    const outcome = await evaluate(
      '--predictions',
      example,
      '--truth',
      path.join(folder, 'truth.parquet'),
      '--output',
      folder,
    );
    expect(outcome).toMatchObject({ exitCode: 2 });
    expect(outcome.message).toContain('manifest/labels/*.parquet');
  });
});

describe('exit codes', () => {
  const truth = (): string => write('truth.csv', 'series_unit,axis,contrast', 'a,axial,No', 'b,coronal,Yes');
  const predictions = (): string =>
    write('told.csv', 'series_unit,axis,contrast', 'a,axial,no', 'b,axial,yes');
  const output = path.join(folder, 'codes');

  test('a tab-separated file with other spellings is read', async () => {
    const told = write('told.tsv', 'series_unit\taxis', 'a\tTransverse', 'b\tCOR');
    const outcome = await evaluate(
      '--predictions',
      told,
      '--truth',
      truth(),
      '--output',
      output,
      '--bootstrap',
      '10',
    );
    expect(outcome.exitCode).toBe(0);
    expect(readResult(output).tasks.axis!.measures.accuracy!.value).toBe(1);
    expect(outcome.stderr).toContain('Task contrast is only in the truth');
  });

  test('1 when the gate fails, after everything is written', async () => {
    const gate = write('gate.json', '{"minimum": {"axis.accuracy": 0.9, "contrast.accuracy": 1}}');
    const fresh = path.join(folder, 'failed-gate');
    const outcome = await evaluate(
      '--predictions',
      predictions(),
      '--truth',
      truth(),
      '--output',
      fresh,
      '--gate',
      gate,
    );
    expect(outcome.exitCode).toBe(1);
    expect(outcome.message).toContain('axis.accuracy 0.9 (found 0.5)');
    expect(readResult(fresh).gate!.findings.map(({ result }) => result)).toEqual(['fail', 'pass']);
    expect(fs.readFileSync(path.join(fresh, 'evaluation.md'), 'utf8')).toContain('FAILED');
    // The result can be the reference of the next gate.
    const next = write(
      'next.yaml',
      'maximum_loss:',
      '  axis.accuracy: 0',
      'reference: failed-gate/evaluation.json',
    );
    const again = await evaluate(
      '--predictions',
      predictions(),
      '--truth',
      truth(),
      '--output',
      output,
      '--gate',
      next,
    );
    expect(again.exitCode).toBe(0);
  });

  test.each<[string, () => string[], RegExp]>([
    ['a missing file', () => ['--truth', path.join(folder, 'none.csv')], /--truth: there is no file/],
    [
      'a column name that is not there',
      () => ['--truth', write('t.csv', 'series,axis', 'a,axial')],
      /"series_unit".*"series", "axis"/,
    ],
    [
      'an unknown label',
      () => ['--truth', write('t.csv', 'series_unit,axis', 'a,oblique')],
      /Column "axis" of the truth.*"oblique".*--aliases/,
    ],
    [
      'a broken Parquet file',
      () => ['--truth', write('t.parquet', 'PAR1 broken')],
      /--truth: .*cannot be read as CSV/,
    ],
    ['no common series', () => ['--truth', write('t.csv', 'series_unit,axis', 'z,axial')], /same run/],
    ['a cluster without its column', () => ['--cluster', 'patient'], /"patient" or "patient_id"/],
    ['an unknown cluster', () => ['--cluster', 'scanner'], /series, study, patient/],
    ['an unknown subgroup', () => ['--subgroup', 'vendor'], /--subgroup vendor: .*"axis"/],
    ['rounds that are no number', () => ['--bootstrap', 'many'], /--bootstrap must be a whole number/],
    [
      'a gate with a slip',
      () => ['--gate', write('g.yaml', 'minimum: { axis.acuracy: 1 }')],
      /axis\.acuracy/,
    ],
    ['a gate that is no YAML', () => ['--gate', write('g.yaml', 'minimum: [')], /neither YAML nor JSON/],
    [
      'an alias to nowhere',
      () => ['--aliases', write('a.yaml', 'axis: { schräg: oblique }')],
      /"schräg" is mapped/,
    ],
    ['a score order with a slip', () => ['--score-order', 'axis=axial,oblique'], /"oblique" is no label/],
  ])('2 for %s, and nothing is written', async (_, args, message) => {
    const fresh = path.join(folder, 'refused');
    const base = ['--predictions', predictions(), '--truth', truth(), '--output', fresh, '--bootstrap', '10'];
    const outcome = await evaluate(...base, ...args());
    expect(outcome.message.replace(/\n/g, ' ')).toMatch(message);
    expect(outcome.exitCode).toBe(2);
    expect(fs.existsSync(fresh)).toBe(false);
  });

  test('3 where the output cannot be written', async () => {
    const blocked = path.join(write('blocked', 'a file'), 'below');
    const outcome = await evaluate(
      '--predictions',
      predictions(),
      '--truth',
      truth(),
      '--output',
      blocked,
      '--bootstrap',
      '10',
    );
    expect(outcome.exitCode).toBe(3);
  });

  test('own spellings are matched through --aliases', async () => {
    const told = write('told-own.csv', 'series_unit,axis', 'a,Querschnitt', 'b,COR');
    const aliases = write('aliases.yaml', 'axis: { querschnitt: axial }');
    const outcome = await evaluate(
      '--predictions',
      told,
      '--truth',
      truth(),
      '--output',
      output,
      '--aliases',
      aliases,
      '--bootstrap',
      '0',
    );
    expect(outcome.exitCode).toBe(0);
    const { accuracy } = readResult(output).tasks.axis!.measures;
    expect(accuracy).toEqual({ value: 1, low: null, high: null });
  });
});
