// Statistics with bootstrap intervals, at the size of the paper's external validation.
import fs from 'node:fs';
import path from 'node:path';
import { createRandom, nextUint32 } from '../../dist/evaluation/random.js';
import { node, python } from '../harness/participants.mjs';

const SERIES = 35_272;
const LABELS = 16;
/** Both round scores to six decimals and add in other orders. */
const LARGEST_DIFFERENCE = 1e-9;

/** Seeded series with uneven classes, about 97% right, scores with some ties, as three files of numbers. */
function writeProblem(folder) {
  const random = createRandom(7, 'bench');
  const uniform = () => nextUint32(random) / 2 ** 32;
  const truth = new Int32Array(SERIES);
  const predicted = new Int32Array(SERIES);
  const scores = new Float64Array(SERIES * LABELS);
  for (let row = 0; row < SERIES; row += 1) {
    truth[row] = Math.floor(uniform() ** 2 * LABELS);
    const told = uniform() < 0.04 ? Math.floor(uniform() * LABELS) : truth[row];
    const raw = Array.from({ length: LABELS }, (_, label) =>
      Math.exp((label === told ? 5 : 0) + 2 * uniform()),
    );
    const sum = raw.reduce((total, value) => total + value, 0);
    for (let label = 0; label < LABELS; label += 1) {
      const at = row * LABELS + label;
      scores[at] = Math.round((raw[label] / sum) * 1e6) / 1e6;
      if (scores[at] > scores[row * LABELS + predicted[row]]) predicted[row] = label;
    }
  }
  for (const [name, values] of Object.entries({ truth, predicted, scores }))
    fs.writeFileSync(path.join(folder, `${name}.bin`), Buffer.from(values.buffer));
}

/** @throws Error where a statistic that both tell differs */
function checkValues(results) {
  const [[, ours], [name, peer]] = results;
  const differences = Object.entries(peer.values).map(([statistic, value]) =>
    Math.abs(ours.values[statistic] - value),
  );
  const largest = Math.max(...differences);
  if (!(largest <= LARGEST_DIFFERENCE)) throw new Error(`a statistic of ${name} is ${largest} from ours`);
  return `${differences.length} statistics of ${name} at most ${largest.toExponential(1)} from ours, which tells ${Object.keys(ours.values).length}`;
}

export async function evaluateRows({ work, isLong }) {
  const folder = path.join(work, 'evaluate');
  fs.mkdirSync(folder);
  writeProblem(folder);
  const args = { folder, labels: LABELS, rounds: isLong ? 1000 : 200 };
  return [
    {
      stage: 'evaluate',
      work: `${SERIES} series × ${LABELS} classes, ${args.rounds} bootstrap rounds, one thread`,
      tools: [
        { name: 'serieswise', role: 'ours', start: node('evaluate.mjs', 'serieswise', args) },
        {
          ...{ name: 'scikit-learn in a loop', role: 'peer' },
          note: 'one round measured and multiplied: each costs the same',
          start: python('evaluate.py', 'scikit-learn', args),
        },
      ],
      check: checkValues,
    },
  ];
}
