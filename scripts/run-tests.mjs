// Runs every test that needs no GPU and ends with one line of counts. Tests that were skipped are listed by name; in
// CI a skip is a failure.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const report = path.join(os.tmpdir(), `serieswise-tests-${process.pid}.json`);
const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
const args = [
  vitest,
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
const { testResults } = JSON.parse(fs.readFileSync(report, 'utf8'));
fs.rmSync(report);
const tests = testResults.flatMap((file) => file.assertionResults);
const count = (state) => tests.filter((test) => test.status === state).length;
// A file that fails to load has no tests of its own.
const broken = testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
).length;
const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed');
for (const test of skipped) console.log(`skipped: ${test.fullName}`);
const failed = count('failed') + broken;
const isCiFailure = process.env.CI === 'true' && skipped.length > 0;
if (isCiFailure) console.log('In CI every judge must be there: a skipped test counts as failed.');
process.exitCode = failed > 0 || isCiFailure || status !== 0 ? 1 : 0;
console.log(
  `${count('passed')} passed, ${failed + (isCiFailure ? skipped.length : 0)} failed${skipped.length > 0 && !isCiFailure ? `, ${skipped.length} skipped` : ''}`,
);
