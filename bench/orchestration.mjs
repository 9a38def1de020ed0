// What Temporal costs: a run of generated series through it, and the same stages in a plain loop of one process.
// CPU time counts, of the command and of every process that it started, the Temporal server among them.
// Both are pinned to one core: two busy cores that share execution units and caches count more CPU time for the same
// work, and the loop, which does one thing after the other, would never pay that.
// Usage: node bench/orchestration.mjs [--series 100] [--slices 30] [--scale 1|2] [--rounds 3] [--threads N]
//        [--cores 0] [--json]; --cores takes a list for taskset, or `all`
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeArchive } from '../dist/demo/archive.js';
import { measureCommand } from './process-tree.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const pipeline = path.join(root, 'pipelines/definitions/ct-series-labels.yaml');
const TARGET = 1.25;

const { values } = parseArgs({
  options: {
    series: { type: 'string', default: '100' },
    slices: { type: 'string', default: '30' },
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    cores: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const [series, rounds, threads] = [values.series, values.rounds, values.threads].map(Number);
const shape = { slices: Number(values.slices), scale: Number(values.scale) };
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-bench-'));
const say = (text) => process.stderr.write(`${text}\n`);

/** Bytes of everything that a run publishes but run.json, which tells times. */
function digestOutput(output) {
  const hash = createHash('sha256');
  const names = fs.readdirSync(output, { recursive: true }).sort();
  for (const name of names) {
    const file = path.join(output, name);
    if (name === 'run.json' || !fs.statSync(file).isFile()) continue;
    hash.update(`${name}\0`).update(fs.readFileSync(file));
  }
  return hash.digest('hex');
}

const WAYS = {
  temporal: (input, output, state) => [
    path.join(root, 'bin/serieswise'),
    ...['run', pipeline, '--input', input, '--output', output, '--state', state],
    // The loop makes no report either.
    ...['--concurrency', String(threads), '--no-report', '--json'],
  ],
  loop: (input, output, state) => [
    path.join(root, 'bench/orchestration-loop.mjs'),
    ...[pipeline, input, output, state, String(threads)],
  ],
};

/** One run from nothing, in folders that are removed again. */
async function measureOnce(way, input, env) {
  const [output, state] = ['output', 'state'].map((name) => path.join(folder, name));
  const command = [process.execPath, ...WAYS[way](input, output, state)];
  const pinned = values.cores === 'all' ? command : ['taskset', '-c', values.cores, ...command];
  const measured = await measureCommand(pinned, { env });
  if (measured.code !== 0) throw new Error(`${way} ended with ${measured.code}:\n${measured.stderr}`);
  const digest = digestOutput(output);
  for (const used of [output, state]) fs.rmSync(used, { recursive: true, force: true });
  return { ...measured, digest };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const medianOf = (runs, key) => median(runs.map((run) => run[key]));

try {
  const inputs = { one: path.join(folder, 'one'), all: path.join(folder, 'all') };
  await makeArchive(inputs.one, { seed: 1, series: 1, ...shape });
  await makeArchive(inputs.all, { seed: 1, series, ...shape });
  // Both ways use one project key, so that their outputs can be compared byte by byte.
  const keyFile = path.join(folder, 'project.key');
  fs.writeFileSync(keyFile, `${'5e'.repeat(32)}\n`, { mode: 0o600 });
  const env = { ...process.env, SERIESWISE_KEY_FILE: keyFile };
  delete env.TEMPORAL_ADDRESS;

  const runs = { temporal: { one: [], all: [] }, loop: { one: [], all: [] } };
  const digests = new Set();
  for (let round = 0; round < rounds; round += 1) {
    for (const way of Object.keys(WAYS)) {
      for (const size of ['one', 'all']) {
        const measured = await measureOnce(way, inputs[size], env);
        runs[way][size].push(measured);
        if (size === 'all') digests.add(measured.digest);
        const { cpuSeconds, wallSeconds } = measured;
        say(
          `round ${round + 1}, ${way}, ${size === 'one' ? 1 : series} series: ${cpuSeconds.toFixed(2)} s CPU, ` +
            `${wallSeconds.toFixed(1)} s wall`,
        );
      }
    }
  }
  if (digests.size !== 1) throw new Error('The outputs of the two ways are not equal.');

  const describe = (way) => {
    const { all, one } = runs[way];
    return {
      cpuSeconds: medianOf(all, 'cpuSeconds'),
      serverCpuSeconds: medianOf(all, 'serverCpuSeconds'),
      wallSeconds: medianOf(all, 'wallSeconds'),
      startUpCpuSeconds: medianOf(one, 'cpuSeconds'),
      startUpWallSeconds: medianOf(one, 'wallSeconds'),
      runsCpuSeconds: all.map((run) => run.cpuSeconds),
    };
  };
  const [temporal, loop] = [describe('temporal'), describe('loop')];
  const marginal = ({ cpuSeconds, startUpCpuSeconds }) => cpuSeconds - startUpCpuSeconds;
  const ratio = {
    cpu: temporal.cpuSeconds / loop.cpuSeconds,
    cpuWithoutStartUp: series > 1 ? marginal(temporal) / marginal(loop) : null,
    wall: temporal.wallSeconds / loop.wallSeconds,
    target: TARGET,
  };
  const machine = {
    cores: os.availableParallelism(),
    cpu: os.cpus()[0]?.model,
    node: process.version,
    load: os.loadavg()[0],
  };
  const report = {
    series,
    ...shape,
    rounds,
    threads,
    cores: values.cores,
    machine,
    temporal,
    loop,
    ratio,
    outputsEqual: digests.size === 1,
  };
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else {
    console.log(
      `${series} generated series of ${shape.slices} slices of ${128 * shape.scale}², median of ${rounds} rounds, ${threads} threads, cores ${values.cores}`,
    );
    console.log(`${''.padEnd(28)}${['CPU s', 'of server', 'wall s', 'CPU s of 1 series'].join('   ')}`);
    for (const [name, way] of [
      ['run through Temporal', temporal],
      ['same stages in a plain loop', loop],
    ]) {
      const cells = [
        way.cpuSeconds.toFixed(2).padStart(5),
        way.serverCpuSeconds.toFixed(2).padStart(9),
        way.wallSeconds.toFixed(1).padStart(6),
        way.startUpCpuSeconds.toFixed(2).padStart(17),
      ];
      console.log(`${name.padEnd(28)}${cells.join('   ')}`);
    }
    const without =
      ratio.cpuWithoutStartUp === null ? '' : `; ${ratio.cpuWithoutStartUp.toFixed(2)} without start-up`;
    console.log(
      `CPU ratio ${ratio.cpu.toFixed(2)} (at most ${TARGET})${without}; wall ${ratio.wall.toFixed(2)}`,
    );
    console.log('Both wrote the same bytes (run.json apart, which tells times).');
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
