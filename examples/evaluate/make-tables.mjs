// Makes the synthetic tables of this example: 96 invented series of 40 invented patients, with errors where the paper
// found them (overlapping anatomy, contrast). Seeded: running it again writes the same files.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.dirname(fileURLToPath(import.meta.url));
const BODY_PARTS = [
  'head',
  'head-and-face',
  'face-orbits-sinus',
  'temporal-bone',
  'head-and-neck',
  'neck',
  'c-spine',
  'c-and-t-spine',
  't-spine',
  't-and-l-spine',
  'l-spine',
  'chest',
  'chest-abdomen-pelvis',
  'abdomen',
  'abdomen-pelvis',
  'pelvis',
];
const TASKS = { body_part: BODY_PARTS, axis: ['axial', 'coronal', 'sagittal'], contrast: ['no', 'yes'] };
const MISTAKEN_FOR = {
  neck: 'c-spine',
  'c-spine': 'neck',
  'c-and-t-spine': 't-spine',
  abdomen: 'abdomen-pelvis',
  head: 'head-and-face',
};
const DATASETS = ['synthetic-north', 'synthetic-south', 'synthetic-east'];

let state = 20240711;
function uniform() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}
const pick = (list) => list[Math.floor(uniform() * list.length)];

function score(labels, winner, truth, confidence) {
  const rest = labels.filter((label) => label !== winner);
  const weights = rest.map((label) => (label === truth ? 3 : 0.05) + 0.3 * uniform());
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return new Map([
    [winner, confidence],
    ...rest.map((label, i) => [label, (weights[i] / total) * (1 - confidence)]),
  ]);
}

const truthRows = [
  ['series_unit', 'body_part', 'axis', 'contrast', 'patient', 'dataset', 'slice_spacing_mm'],
];
const predictionRows = [
  [
    'series_unit',
    'task',
    'label',
    ...Object.values(TASKS)
      .flat()
      .map((label) => `score:${label}`),
  ],
];
const previousRows = [['series_unit', 'body_part', 'axis', 'contrast']];
for (let number = 0; number < 96; number++) {
  const key = `synthetic-${String(number).padStart(3, '0')}`;
  const truth = {
    body_part: BODY_PARTS[number % 16],
    axis: pick(TASKS.axis),
    contrast: pick(TASKS.contrast),
  };
  const previous = {};
  for (const [task, labels] of Object.entries(TASKS)) {
    const right = truth[task];
    const wrong = task === 'body_part' ? (MISTAKEN_FOR[right] ?? pick(labels)) : pick(labels);
    const errs = uniform() < { body_part: 0.1, axis: 0.02, contrast: 0.05 }[task];
    const label = errs ? wrong : right;
    const confidence = label === right ? 0.7 + 0.29 * uniform() ** 0.5 : 0.5 + 0.3 * uniform();
    previous[task] = uniform() < 0.1 ? wrong : label;
    // The last two have no prediction, as after a failed download.
    if (number >= 94) continue;
    const scores = score(labels, label, right, confidence);
    predictionRows.push([
      key,
      task,
      label,
      ...Object.values(TASKS)
        .flat()
        .map((name) => (labels.includes(name) ? scores.get(name).toFixed(4) : '')),
    ]);
  }
  const spelled = number % 8 === 7 ? 'C and T spine' : truth.body_part;
  truthRows.push([
    key,
    truth.body_part === 'c-and-t-spine' ? spelled : truth.body_part,
    truth.axis,
    // One series whose contrast nobody could tell.
    number === 50 ? '' : truth.contrast,
    `ZZTEST-${String(Math.floor(number / 2.4)).padStart(2, '0')}`,
    DATASETS[Math.floor(number / 32)],
    pick(['0.625', '1.25', '2.5', '5']),
  ]);
  previousRows.push([key, previous.body_part, previous.axis, previous.contrast]);
}

for (const [name, rows] of Object.entries({
  'truth.csv': truthRows,
  'predictions.csv': predictionRows,
  'predictions-previous.csv': previousRows,
})) {
  fs.writeFileSync(path.join(folder, name), `${rows.map((row) => row.join(',')).join('\n')}\n`);
}
