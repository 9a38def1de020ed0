import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeArchive } from '../../demo/archive.ts';
import { runMain } from '../cli/main.ts';
import { runProgram } from '../cli/program.ts';
import { readFigures } from '../web/report/page.ts';
import { listTree, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

const folder = makeFolder('expectations');
const [input, output, state] = ['input', 'output', 'state'].map((name) => path.join(folder, name)) as [
  string,
  string,
  string,
];

/** The shipped pipeline with expectations, under a name of its own. */
function writeSpec(name: string, expectations: string): string {
  const file = path.join(folder, `${name}.yaml`);
  fs.writeFileSync(file, `${fs.readFileSync(SHIPPED_PIPELINE, 'utf8').trimEnd()}\nexpect:\n${expectations}`);
  return file;
}

const MET = `  - name: some-series
    sql: SELECT count(*) AS units FROM series
    at_least: 1
`;
const BROKEN = `${MET}  - name: many-patients
    sql: SELECT count(DISTINCT patient_id) AS patients FROM series
    at_least: 1000
  - name: one-part-for-each-patient
    of: cohort
    sql: SELECT max(parts) AS parts FROM (SELECT count(DISTINCT split) AS parts FROM files GROUP BY patient_id)
    at_most: 1
  - name: few-files
    of: cohort
    sql: SELECT count(*) AS files FROM files
    at_most: 2
`;
let met = '';
let broken = '';
let result: ReturnType<typeof runProgram>;

beforeAll(async () => {
  met = writeSpec('met', MET);
  broken = writeSpec('broken', BROKEN);
  await makeArchive(input, { seed: 7, series: 3, slices: 8 });
  const args = ['run', broken, '--input', input, '--output', output, '--state', state];
  result = runProgram(args, {}, RUN_TIMEOUT_MS);
}, RUN_TIMEOUT_MS);
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('expectations', () => {
  it('end a run with exit code 1 and a table when one is broken, with the outputs whole', () => {
    expect(result.exitCode, result.stderr).toBe(1);
    expect(result.stderr).toContain('1 of 2 expectations are broken: many-patients.');
    expect(result.stdout).toMatch(/some-series +at least 1 +3 +holds/);
    expect(result.stdout).toMatch(/many-patients +at least 1000 +\d+ +BROKEN/);
    const verified = runProgram(['verify', output]);
    expect(verified.exitCode, verified.stdout + verified.stderr).toBe(0);
  });

  it('stand in the report with the query and the value that it gives', async () => {
    const html = fs.readFileSync(path.join(output, 'report/index.html'), 'utf8');
    const figures = readFigures(html).filter(({ id }) => id.startsWith('expect-'));
    expect(figures.map(({ id }) => id)).toEqual(['expect-many-patients', 'expect-some-series']);
    expect(html).toContain('class="broken"');
    for (const { sql, cells } of figures) {
      const { stdout } = await runMain(['query', output, sql, '--json']);
      expect(JSON.parse(stdout)).toEqual([{ [cells[0]!.column]: Number(cells[0]!.text) }]);
    }
  });

  it('are asked again by check, of another spec too', async () => {
    const own = runProgram(['check', output, '--json']);
    expect(own.exitCode).toBe(1);
    const { expectations } = JSON.parse(own.stdout);
    expect(expectations).toMatchObject([
      { name: 'some-series', value: 3, holds: true },
      { name: 'many-patients', expected: 'at least 1000', holds: false },
    ]);
    const other = await runMain(['check', output, '--pipeline', met]);
    expect([other.exitCode, other.stdout]).toEqual([0, expect.stringContaining('some-series')]);
    const none = await runMain(['check', output, '--pipeline', SHIPPED_PIPELINE]);
    expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('expects nothing')]);
  });

  it('of a cohort end an export with exit code 1, with the cohort whole', async () => {
    const target = path.join(folder, 'cohort');
    const args = ['export', output, '--where', 'true', '--format', 'npy', '--split', 'a=0.5,b=0.5'];
    const exported = runProgram([...args, '--to', target, '--json'], {}, RUN_TIMEOUT_MS);
    expect(exported.exitCode).toBe(1);
    expect(exported.stderr).toContain('1 of 2 expectations are broken: few-files.');
    const { expectations, files } = JSON.parse(exported.stdout);
    expect(expectations).toMatchObject([
      { name: 'one-part-for-each-patient', value: 1, holds: true },
      { name: 'few-files', value: 3, holds: false },
    ]);
    expect(listTree(path.join(target, 'tensors'))).toHaveLength(files);
    const checked = await runMain(['check', target, '--pipeline', broken]);
    expect([checked.exitCode, checked.stdout]).toEqual([1, expect.stringMatching(/few-files .* BROKEN/)]);
    expect((await runMain(['check', target])).exitCode).toBe(2);
  });

  it('let a run end with 0 when all are met', () => {
    const args = [
      'run',
      met,
      '--input',
      input,
      '--output',
      output,
      '--state',
      state,
      '--no-report',
      '--json',
    ];
    const again = runProgram(args, {}, RUN_TIMEOUT_MS);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({
      status: 'done',
      expectations: [{ name: 'some-series', holds: true }],
    });
  });

  it('with SQL that cannot be asked are errors of the spec, each at its place', async () => {
    const lines = (text: string) => text.split('\n').length;
    const file = writeSpec('wrong', MET.replace('FROM series', 'FROM serie'));
    const checked = await runMain(['validate', file]);
    const line = lines(fs.readFileSync(SHIPPED_PIPELINE, 'utf8').trimEnd()) + 3;
    expect(checked.exitCode).toBe(2);
    expect(checked.stderr + checked.stdout).toContain(`${file}:${line}:10: expect.0.sql:`);
    expect(checked.stderr + checked.stdout).toContain('serie does not exist');
  });
});
