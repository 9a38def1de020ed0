// Statistics of one task with bootstrap intervals: what `serieswise evaluate` does once its tables are joined.
import fs from 'node:fs';
import path from 'node:path';
import { estimateStatistics } from '../../dist/evaluation/bootstrap.js';
import { planTaskStatistics } from '../../dist/evaluation/task-statistics.js';
import { serveRounds } from '../harness/serve-rounds.mjs';

async function serieswise({ folder, labels, rounds }) {
  const read = (name, Values) => {
    const bytes = fs.readFileSync(path.join(folder, `${name}.bin`));
    return new Values(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  };
  const truth = read('truth', Int32Array);
  const predicted = read('predicted', Int32Array);
  const scores = read('scores', Float64Array);
  const problem = {
    task: 'bench',
    labels: Array.from({ length: labels }, (_, label) => `class-${label}`),
    keys: Array.from(truth, (_, row) => `series-${row}`),
    truth,
    predicted,
    scores,
    probabilities: true,
    confidence: Float64Array.from(predicted, (label, row) => scores[row * labels + label]),
    second: null,
  };
  const work = ({ check }) => {
    const plan = planTaskStatistics(problem, 'full');
    const estimates = estimateStatistics(plan, { rounds, seed: 1, purpose: 'bench' });
    if (!check) return {};
    return { values: Object.fromEntries(plan.names.map((name) => [name, estimates.get(name).value])) };
  };
  return { work };
}

await serveRounds({ serieswise });
