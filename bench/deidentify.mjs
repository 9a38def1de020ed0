// What de-identifying one CT file costs, from disk to disk, beside other tools and a plain copy: the same 133 slices of
// 527 kB in one run, tools in turns round by round, warm, medians over rounds.
//
//   node bench/deidentify.mjs [--rounds 7] [--processes 1] [--json]
//
// Ours is what a run does with a file (`deidentifyEntry`): path checks, reading, de-identification with all digests,
// the search for text in the pixels, writing beside, atomic rename. Every tool is one process that works on one file
// after the other; with `--processes N` every tool is N such processes that share the files. Each round writes to a
// new folder; files of earlier rounds are removed outside of what is timed. Flushing to disk is done once a batch, by
// publish; it is measured apart. Needs dist/ (npm run build) and, for the peers, bench/requirements.txt in .cache/bench.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import yauzl from 'yauzl';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    processes: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const processes = Number(values.processes);
/** Rounds before the first that counts: caches of the disk, just-in-time compilers. */
const WARM_UP = 3;
/** By how much each should at least be slower than ours; a copy may be faster. */
const AIMS = { copy: 0.4, dcmanon: 2, dicognito: 4, deid: 10 };
const OURS = ['copy', 'read and write', 'serieswise'];
const PEERS = ['dcmanon', 'pydicom', 'dicognito', 'deid'];
const python = path.join(root, '.cache/bench/bin/python');

const shared = process.env.SERIESWISE_SHARED_DATA ?? path.resolve(root, '../shared/data');
const archive = path.join(shared, 'ct-dicom/archives/chest-lidc-idri-0001-contrast.zip');
if (!fs.existsSync(archive)) {
  console.error('The shared data is not there: nothing to measure.');
  process.exit(3);
}
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-bench-'));
const source = path.join(work, 'source');
fs.mkdirSync(source);

async function unpack() {
  const zip = await yauzl.openPromise(archive);
  for await (const member of zip.eachEntry()) {
    if (!member.fileName.endsWith('.dcm')) continue;
    const pieces = [];
    for await (const piece of await zip.openReadStreamPromise(member)) pieces.push(piece);
    fs.writeFileSync(path.join(source, path.basename(member.fileName)), Buffer.concat(pieces));
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** A process of a tool, which does a round whenever it is asked to. */
function startProcess(tool, index) {
  const isPeer = PEERS.includes(tool);
  const script = path.join(root, 'bench', isPeer ? 'deidentify_peer.py' : 'deidentify-tool.mjs');
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MESSAGELEVEL: 'QUIET' };
  const child = spawn(
    isPeer ? python : process.execPath,
    [script, tool, source, String(index), String(processes)],
    {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async doRound(target) {
      child.stdin.write(`${target}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${tool} ended`);
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}

/** One round of a tool; milliseconds a file, of all its processes together. */
async function doRound(workers, target) {
  const results = await Promise.all(workers.map((worker) => worker.doRound(target)));
  return {
    wallMs: 1 / results.reduce((sum, { wallMs }) => sum + 1 / wallMs, 0),
    cpuMs: results.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / results.length,
  };
}

function measureFlush(folder) {
  const files = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const wall = performance.now();
  for (const file of files) {
    const descriptor = fs.openSync(file, 'r');
    fs.fdatasyncSync(descriptor);
    fs.closeSync(descriptor);
  }
  return (performance.now() - wall) / files.length;
}

async function measureAll(tools) {
  const started = new Map(
    tools.map((tool) => [tool, Array.from({ length: processes }, (_, index) => startProcess(tool, index))]),
  );
  const results = Object.fromEntries(tools.map((tool) => [tool, { wallMs: [], cpuMs: [] }]));
  let flushMs = 0;
  try {
    for (let round = 0; round < WARM_UP + rounds; round += 1) {
      for (const [tool, workers] of started) {
        const target = path.join(work, 'target');
        fs.mkdirSync(target);
        const { wallMs, cpuMs } = await doRound(workers, target);
        if (round >= WARM_UP) {
          results[tool].wallMs.push(wallMs);
          results[tool].cpuMs.push(cpuMs);
        }
        if (tool === 'serieswise') flushMs = measureFlush(target);
        fs.rmSync(target, { recursive: true });
      }
    }
  } finally {
    for (const worker of [...started.values()].flat()) worker.end();
  }
  return { results, flushMs };
}

try {
  await unpack();
  if (!fs.existsSync(python)) console.error('The peers are not installed: see bench/requirements.txt.');
  const { results, flushMs } = await measureAll(fs.existsSync(python) ? [...OURS, ...PEERS] : OURS);
  const wallOf = (tool) => median(results[tool].wallMs);
  const cpuOf = (tool) => median(results[tool].cpuMs);
  const table = {};
  for (const tool of Object.keys(results)) {
    const times = (of) => Number((of(tool) / of('serieswise')).toFixed(2));
    table[tool] = {
      'wall ms': Number(wallOf(tool).toFixed(2)),
      'CPU ms': Number(cpuOf(tool).toFixed(2)),
      'wall, serieswise = 1': times(wallOf),
      'CPU, serieswise = 1': times(cpuOf),
      aim: AIMS[tool] ?? '',
    };
  }
  const [load] = os.loadavg();
  const machine = {
    cpu: os.cpus()[0].model,
    cores: os.availableParallelism(),
    load: Number(load.toFixed(1)),
  };
  if (values.json) console.log(JSON.stringify({ machine, processes, rounds, flushMs, table, results }));
  else {
    console.table(table);
    console.log(`flush to disk: ${flushMs.toFixed(2)} ms a file, apart`);
    console.log(
      `${processes} process(es) a tool; ${rounds} rounds after ${WARM_UP} to warm up; ` +
        `${machine.cpu}, ${machine.cores} cores, load ${machine.load}`,
    );
  }
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
