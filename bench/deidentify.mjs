// What de-identifying one CT file costs, from disk to disk, beside other tools and a plain copy: the same 133 slices of
// 527 kB, one thread, warm, medians over rounds, tools in turns.
//
//   node bench/deidentify.mjs [--rounds 5] [--json]
//
// Ours is what a run does with a file (`deidentifyEntry`): path checks, reading, de-identification with all digests,
// the search for text in the pixels, writing beside, atomic rename. Flushing to disk is done once a batch, by publish;
// it is measured apart. Needs dist/ (npm run build) and, for the peers, bench/requirements.txt in .cache/bench.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import yauzl from 'yauzl';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const load = (file) => import(path.join(root, 'dist', file));
const { deidentifyEntry } = await load('activities/instances.js');
const { SourceReader } = await load('activities/store/sources.js');
const { resolveProfile } = await load('stages/deidentify/profile.js');
const { createPseudonymizer } = await load('stages/deidentify/pseudonyms.js');
const { pipelineSchema } = await load('pipelines/schema.js');

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
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

/** Runs `each` on every file, in rounds after one to warm up; milliseconds a file, wall and CPU. */
async function measure(each) {
  const names = fs.readdirSync(source).sort();
  const result = { wallMs: [], cpuMs: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const wall = performance.now();
    const cpu = process.cpuUsage();
    for (const name of names) await each(name);
    const used = process.cpuUsage(cpu);
    if (round === 0) continue;
    result.wallMs.push((performance.now() - wall) / names.length);
    result.cpuMs.push((used.user + used.system) / 1000 / names.length);
  }
  return result;
}

function folder(name) {
  const target = path.join(work, name);
  fs.mkdirSync(target);
  return target;
}

function measureOurs() {
  const target = folder('ours');
  const pipeline = pipelineSchema.parse({ name: 'bench' });
  const context = {
    pipeline,
    profile: resolveProfile(pipeline.deidentify),
    pseudonymizer: createPseudonymizer(new Uint8Array(32).fill(7)),
    files: { stagedInstance: (key) => path.join(target, `${key}.dcm`) },
  };
  const reader = new SourceReader({ inputPath: source, spooled: () => null });
  return measure(async (name) => {
    const { size, mtimeMs } = fs.statSync(path.join(source, name));
    const entry = {
      sourceKey: context.pseudonymizer.sourceKey(name, null),
      path: name,
      member: null,
      bytes: size,
      mtimeMs,
      problem: null,
    };
    const { record } = await deidentifyEntry(context, reader, entry);
    if (record.disposition !== 'kept') throw new Error('a file was not kept');
  });
}

function measureFlush() {
  const target = path.join(work, 'ours');
  const files = fs.readdirSync(target).map((name) => path.join(target, name));
  const wall = performance.now();
  for (const file of files) {
    const descriptor = fs.openSync(file, 'r');
    fs.fdatasyncSync(descriptor);
    fs.closeSync(descriptor);
  }
  return (performance.now() - wall) / files.length;
}

const python = path.join(root, '.cache/bench/bin/python');
function measurePeer(tool) {
  if (!fs.existsSync(python)) return null;
  const args = [path.join(root, 'bench/deidentify_peer.py'), tool, source, folder(tool), String(rounds)];
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MESSAGELEVEL: 'QUIET' };
  try {
    const text = execFileSync(python, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
    return JSON.parse(text.slice(text.lastIndexOf('{"wallMs"')));
  } catch (error) {
    console.error(
      `${tool}: ${String(error.stderr ?? error)
        .trim()
        .split('\n')
        .at(-1)}`,
    );
    return null;
  }
}

try {
  await unpack();
  const copies = folder('copies');
  const results = {
    copy: await measure((name) => fs.copyFileSync(path.join(source, name), path.join(copies, name))),
    'read and write': await measure((name) =>
      fs.writeFileSync(path.join(copies, name), fs.readFileSync(path.join(source, name))),
    ),
    serieswise: await measureOurs(),
    dcmanon: measurePeer('dcmanon'),
    pydicom: measurePeer('pydicom'),
    dicognito: measurePeer('dicognito'),
    deid: measurePeer('deid'),
  };
  const flushMs = measureFlush();
  const table = {};
  const ours = median(results.serieswise.cpuMs);
  for (const [tool, result] of Object.entries(results)) {
    if (result === null) continue;
    const [wall, cpu] = [median(result.wallMs), median(result.cpuMs)];
    table[tool] = {
      'wall ms': Number(wall.toFixed(2)),
      'CPU ms': Number(cpu.toFixed(2)),
      'CPU, serieswise = 1': Number((cpu / ours).toFixed(2)),
    };
  }
  const load = Number(os.loadavg()[0].toFixed(1));
  if (values.json)
    console.log(JSON.stringify({ cpu: os.cpus()[0].model, load, rounds, flushMs, table, results }));
  else {
    console.table(table);
    console.log(`flush to disk: ${flushMs.toFixed(2)} ms a file, apart`);
    console.log(`${os.cpus()[0].model}, load ${load}`);
  }
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
