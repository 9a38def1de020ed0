import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runProgram } from '../program.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-demo-command-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

it('takes a shipped pipeline by its name, and a file of that name first', () => {
  const shipped = runProgram(['validate', 'ct-series-labels', '--json']);
  expect(shipped.exitCode, shipped.stderr).toBe(0);
  const missing = runProgram(['validate', 'no-such-pipeline']);
  expect(missing.exitCode).toBe(2);
  expect(missing.stderr).toContain('ct-series-labels');
});

it('refuses an own folder that is not there before anything is started', () => {
  const input = path.join(folder, 'missing');
  const result = runProgram(['demo', '--input', input, '--output', path.join(folder, 'out')]);
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toContain('does not exist');
});

it('does not take a folder of something else for the archive that it made', () => {
  const archive = path.join(folder, 'cache/demo/archive');
  fs.mkdirSync(archive, { recursive: true });
  fs.writeFileSync(path.join(archive, 'notes.txt'), 'kept');
  const result = runProgram(['demo', '--output', path.join(folder, 'out')], {
    SERIESWISE_CACHE: path.join(folder, 'cache'),
  });
  expect(result.exitCode).toBe(3);
  expect(fs.readFileSync(path.join(archive, 'notes.txt'), 'utf8')).toBe('kept');
});
