// Makes the starter bundle again from ct-volumes with the arguments that its card names, judges it, and says in what
// its card differs from the shipped one: 27 minutes of CPU, on all cores. Interrupted, it goes on from its cache.
//   node scripts/train-starter.mjs [--output DIR] [--cache DIR] [--steps N --per-label N]
// Needs a Python with torch and numpy (SERIESWISE_PYTHON), the judges' Python (npm test makes it), and the volumes
// (SERIESWISE_SHARED_DATA, else ../shared/data). Exit 1 when a figure of the card is another.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findTrainingPython, INSTALL_TORCH } from '../dist/cli/training/python.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    output: { type: 'string', default: path.join(root, '.cache/starter/bundle') },
    cache: { type: 'string', default: path.join(root, '.cache/starter') },
    steps: { type: 'string' },
    'per-label': { type: 'string' },
  },
});
const volumes = path.join(
  process.env.SERIESWISE_SHARED_DATA ?? path.join(root, '../shared/data'),
  'ct-volumes',
);
const judges = path.join(root, '.cache/oracles/bin/python');
const python = findTrainingPython();
const missing = [
  python === null ? INSTALL_TORCH : null,
  fs.existsSync(judges) ? null : "The judges' Python is missing: npm test makes it.",
  fs.existsSync(path.join(volumes, 'catalog.json'))
    ? null
    : 'ct-volumes is missing: name its parent in SERIESWISE_SHARED_DATA.',
].filter((text) => text !== null);
if (missing.length > 0) {
  console.error(missing.join('\n'));
  process.exit(3);
}

const run = (program, script, args) => {
  const { status, signal } = spawnSync(program, [path.join(root, 'models/training', script), ...args], {
    stdio: 'inherit',
    env: { ...process.env, OMP_NUM_THREADS: '1', SERIESWISE_ONNXRUNTIME_PYTHON: judges },
  });
  if (status !== 0) process.exit(signal ? 130 : (status ?? 1));
};
const shipped = JSON.parse(fs.readFileSync(path.join(root, 'models/bundles/starter/card.json'), 'utf8'));
const given = shipped.made_by.split(' --output ')[1].split(' ').slice(1);
for (const name of ['steps', 'per-label']) {
  if (values[name] !== undefined) given[given.indexOf(`--${name}`) + 1] = values[name];
}
fs.mkdirSync(values.cache, { recursive: true });
run(python, 'train.py', ['--volumes', volumes, '--output', values.output, '--cache', values.cache, ...given]);
const predictions = path.join(values.cache, 'predictions.npz');
run(judges, 'calibrate_gate.py', [
  ...['--volumes', volumes, '--bundle', values.output, '--cache', values.cache, '--predictions', predictions],
]);

const made = JSON.parse(fs.readFileSync(path.join(values.output, 'card.json'), 'utf8'));
const name = ({ data, task, metric }) => `${task} ${metric}, ${data}`;
const figures = new Map(made.results.map((result) => [name(result), result]));
const differing = shipped.results.filter((result) => {
  const found = figures.get(name(result));
  return ['value', 'ci_low', 'ci_high'].some((key) => found?.[key] !== result[key]);
});
for (const result of differing)
  console.log(`${name(result)}: shipped ${result.value}, made ${figures.get(name(result))?.value}`);
const same = shipped.files['starter.onnx'].sha256 === made.files['starter.onnx'].sha256;
console.log(
  `${shipped.results.length - differing.length} of ${shipped.results.length} figures are the card's`,
);
console.log(
  `weights ${same ? 'are the shipped ones, byte for byte' : 'differ in bytes from the shipped ones'}`,
);
console.log(`the bundle lies in ${values.output}`);
process.exitCode = differing.length === 0 ? 0 : 1;
