// 1000 bootstrap rounds of every statistic on 35,272 series × 16 classes (the size of the paper's external
// validation), beside scikit-learn's functions in a loop on the same data. The peer runs a few rounds and is
// extrapolated: its cost is the same every round.
//
//   node bench/evaluation.mjs [--rounds N] [--peer-rounds N] [--python PATH] [--json]
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadTypeScript } from '../scripts/load-typescript.mjs';

const SERIES = 35_272;
const LABELS = 16;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    'peer-rounds': { type: 'string', default: '3' },
    python: { type: 'string', default: path.join(root, '.cache/oracles/bin/python') },
    json: { type: 'boolean', default: false },
  },
});

/** Seeded series with uneven classes, about 97% right, scores with some ties. */
function makeProblem({ createRandom, nextUint32 }) {
  const random = createRandom(7, 'bench');
  const uniform = () => nextUint32(random) / 2 ** 32;
  const truth = new Int32Array(SERIES);
  const predicted = new Int32Array(SERIES);
  const scores = new Float64Array(SERIES * LABELS);
  for (let row = 0; row < SERIES; row++) {
    truth[row] = Math.floor(uniform() ** 2 * LABELS);
    const told = uniform() < 0.04 ? Math.floor(uniform() * LABELS) : truth[row];
    let sum = 0;
    for (let c = 0; c < LABELS; c++) {
      const raw = Math.exp((c === told ? 5 : 0) + 2 * uniform());
      scores[row * LABELS + c] = raw;
      sum += raw;
    }
    for (let c = 0; c < LABELS; c++) {
      const at = row * LABELS + c;
      scores[at] = Math.round((scores[at] / sum) * 1e6) / 1e6;
      if (scores[at] > scores[row * LABELS + predicted[row]]) predicted[row] = c;
    }
  }
  return {
    task: 'bench',
    labels: Array.from({ length: LABELS }, (_, c) => `class-${c}`),
    keys: Array.from(truth, (_, row) => `series-${row}`),
    truth,
    predicted,
    scores,
    probabilities: true,
    confidence: Float64Array.from(predicted, (label, row) => scores[row * LABELS + label]),
    second: null,
  };
}

function runPeer(problem) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-bench-'));
  try {
    for (const name of ['truth', 'predicted', 'scores']) {
      fs.writeFileSync(path.join(folder, `${name}.bin`), Buffer.from(problem[name].buffer));
    }
    const output = execFileSync(
      options.python,
      [path.join(root, 'bench/evaluation_peer.py'), folder, String(LABELS), options['peer-rounds']],
      { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' } },
    );
    return JSON.parse(output);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const evaluation = await loadTypeScript(
  'bench-evaluation',
  ['bootstrap', 'task-statistics', 'random'].map((name) => `export * from './evaluation/${name}.ts';`),
);
const problem = makeProblem(evaluation);
const rounds = Number(options.rounds);
const started = performance.now();
const startedCpu = process.cpuUsage();
const plan = evaluation.planTaskStatistics(problem, 'full');
const estimates = evaluation.estimateStatistics(plan, { rounds, seed: 1, purpose: 'bench' });
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(startedCpu);
const cpuSeconds = (user + system) / 1e6;

const result = {
  series: SERIES,
  labels: LABELS,
  statistics: plan.names.length,
  rounds,
  seconds,
  cpu_seconds: cpuSeconds,
  peer: null,
};
if (fs.existsSync(options.python)) {
  const peer = runPeer(problem);
  const differences = Object.entries(peer.values).map(([name, value]) =>
    Math.abs(estimates.get(name).value - value),
  );
  result.peer = {
    scikit_learn: peer.version,
    statistics: Object.keys(peer.values).length,
    rounds: peer.rounds,
    seconds_a_round: peer.seconds / peer.rounds,
    extrapolated_seconds: (peer.seconds / peer.rounds) * rounds,
    ratio: ((peer.seconds / peer.rounds) * rounds) / seconds,
    cpu_ratio: ((peer.cpu_seconds / peer.rounds) * rounds) / cpuSeconds,
    largest_difference: Math.max(...differences),
  };
}
if (options.json) {
  console.log(JSON.stringify(result));
} else {
  const format = (number) => number.toFixed(2);
  console.log(
    `${SERIES} series × ${LABELS} classes, ${rounds} bootstrap rounds of ${plan.names.length} statistics`,
  );
  console.log(`serieswise    ${format(seconds)} s (${format(cpuSeconds)} s of CPU)`);
  if (result.peer === null) {
    console.log(`scikit-learn  not measured: no Python at ${options.python} (npm test sets it up)`);
  } else {
    const { peer } = result;
    console.log(
      `scikit-learn  ${format(peer.extrapolated_seconds)} s for ${peer.statistics} of them ` +
        `(${peer.scikit_learn}; extrapolated from ${peer.rounds} rounds, ${format(peer.seconds_a_round)} s each)`,
    );
    console.log(`ratio         ${format(peer.ratio)} by the clock, ${format(peer.cpu_ratio)} by CPU time`);
    console.log(`largest difference of a value: ${peer.largest_difference.toExponential(1)}`);
  }
}
