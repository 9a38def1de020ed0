// Makes a small PACS export, runs the shipped pipeline on it end to end and says where the outputs lie.
// With --input DIR it does the same on that folder; --output DIR says where.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: { input: { type: 'string' }, output: { type: 'string' } },
  strict: true,
});
const cwd = process.env.INIT_CWD ?? process.cwd();
const node = (args) => {
  const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit', cwd });
  if (status !== 0) process.exit(signal ? 130 : (status ?? 1));
};

let input = values.input;
if (input === undefined) {
  input = path.join(root, '.cache/demo/archive');
  node([path.join(root, 'dist/demo/main.js'), '--output', input]);
}
const output = path.resolve(cwd, values.output ?? 'demo-output');
node([
  path.join(root, 'bin/serieswise'),
  'run',
  path.join(root, 'pipelines/definitions/ct-series-labels.yaml'),
  '--input',
  path.resolve(cwd, input),
  '--output',
  output,
]);
