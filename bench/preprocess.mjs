// How fast 300 slices of 512×512 int16 in files become the network's tensor, beside Python on the same machine in the
// same run: uncompressed (beside a floor too: the bytes read and the kernel's arithmetic, each alone), and compressed
// with the codecs of CT. Ours and Python's take turns.
//
//   node bench/preprocess.mjs [--json] [--rounds 3] [--only uncompressed,HTJ2K]
//
// Needs dist/ (npm run build) and, for the peers, the oracles' Python (npm test makes it). Slices come from a real head
// in ../shared/data where that is at hand, and are made up elsewhere. One thread everywhere, warm page cache, warm code
// on both sides. Wall times are what people feel; processor times are what compares on a busy machine.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  COMPRESSED,
  initializeEncoders,
  PIXEL_BYTES,
  readSourcePixels,
  SIZE,
  SLICES,
  writeCompressedStack,
  writeNativeStack,
} from './preprocess-stack.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const { createResampler, resamplerWasmUrl, sourceSlicesNeeded } = await import(
  path.join(dist, 'stages/preprocess/preprocess-volume.js')
);
const { decodeFrame, loadCodec, pixelDataOf, readPixelFormat } = await import(
  path.join(dist, 'dicom/pixels.js')
);
const { readDicom } = await import(path.join(dist, 'dicom/read.js'));
const { getNumber } = await import(path.join(dist, 'dicom/values.js'));
const { TAGS, tag } = await import(path.join(dist, 'dicom/tags.js'));

const PARAMETERS = { windowHu: [-1000, 400], shape: [128, 224, 224] };
const HEADER_BYTES = 4096;
/** Runs of ours in a round; a compressed stack takes seconds, an uncompressed one a twentieth of that. */
const RUNS = { uncompressed: 5, compressed: 1 };
/** Processor time of the tuned peer over ours, as the aim stands. */
const AIMS = { uncompressed: 4, 'JPEG lossless': 1.5, 'JPEG-LS': 1.5, HTJ2K: 1.5 };
const OURS = 'serieswise, headers parsed';

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const json = process.argv.includes('--json');
const rounds = Number(option('--rounds') ?? 3);
const wanted = option('--only')?.split(',') ?? ['uncompressed', ...COMPRESSED];
const python = process.env.SERIESWISE_ORACLE_PYTHON ?? path.join(root, '.cache/oracles/bin/python');
const hasPeers = fs.existsSync(python);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-bench-'));
const resampler = await createResampler(fs.readFileSync(resamplerWasmUrl()));
const needed = sourceSlicesNeeded(SLICES, PARAMETERS.shape[0]);
const header = Buffer.alloc(HEADER_BYTES);

const preprocess = (readSlice) =>
  resampler.preprocessVolume({ sliceCount: SLICES, rows: SIZE, columns: SIZE, readSlice }, PARAMETERS);
const storedAt = (destination) => new Int16Array(destination.buffer, destination.byteOffset, SIZE * SIZE);
const rescaleOf = (dicom) => ({
  rescaleSlope: getNumber(dicom, dicom.dataset, tag('RescaleSlope')),
  rescaleIntercept: getNumber(dicom, dicom.dataset, tag('RescaleIntercept')),
});

function tasksUncompressed(files) {
  /** Where the header was read in an earlier stage, as in a run. */
  const readKnown = (index, destination) => {
    const { file, offset } = files[index];
    const descriptor = fs.openSync(file, 'r');
    fs.readSync(descriptor, destination, 0, PIXEL_BYTES, offset);
    fs.closeSync(descriptor);
    return { values: storedAt(destination), rescaleSlope: 1, rescaleIntercept: 0 };
  };
  const readParsed = (index, destination) => {
    const descriptor = fs.openSync(files[index].file, 'r');
    fs.readSync(descriptor, header, 0, HEADER_BYTES, 0);
    const dicom = readDicom(header, { partial: true });
    const { dataOffset, length } = dicom.dataset.elements.get(TAGS.PixelData);
    fs.readSync(descriptor, destination, 0, length, dataOffset);
    fs.closeSync(descriptor);
    return { values: storedAt(destination), ...rescaleOf(dicom) };
  };
  const spare = new Uint8Array(SIZE * SIZE * 4);
  return {
    [OURS]: () => preprocess(readParsed),
    'serieswise, offsets from the records': () => preprocess(readKnown),
    'floor: read alone': () => {
      for (const index of needed) readKnown(index, spare);
    },
    'floor: arithmetic alone': () =>
      preprocess((_, destination) => ({
        values: storedAt(destination),
        rescaleSlope: 1,
        rescaleIntercept: 0,
      })),
  };
}

function tasksCompressed(files) {
  const readParsed = (index, destination) => {
    const dicom = readDicom(fs.readFileSync(files[index].file));
    const { values } = decodeFrame(pixelDataOf(dicom), readPixelFormat(dicom), 0, { into: destination });
    return { values, ...rescaleOf(dicom) };
  };
  return { [OURS]: () => preprocess(readParsed) };
}

function runPeers(stack, tensorFile, kind) {
  const output = execFileSync(
    python,
    [path.join(root, 'bench/preprocess_peer.py'), stack, tensorFile, JSON.stringify(PARAMETERS), kind],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
    },
  );
  return JSON.parse(output);
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

function summarize(samples) {
  return Object.fromEntries(
    [...samples].map(([name, runs]) => {
      const [wall, cpu] = [runs.map(([ms]) => ms), runs.map(([, ms]) => ms)];
      return [
        name,
        { runs: runs.length, wallMs: median(wall), wallMinMs: Math.min(...wall), cpuMs: median(cpu) },
      ];
    }),
  );
}

function measure(kind, stack, tasks) {
  const samples = new Map();
  const record = (name, run) => samples.set(name, [...(samples.get(name) ?? []), run]);
  const tensorFile = path.join(folder, 'tensor.bin');
  fs.writeFileSync(tensorFile, tasks[OURS]());
  for (const task of Object.values(tasks)) task();
  let agreement = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      for (let run = 0; run < RUNS[kind]; run++) {
        const [start, cpu] = [performance.now(), process.cpuUsage()];
        task();
        const used = process.cpuUsage(cpu);
        record(name, [performance.now() - start, (used.user + used.system) / 1000]);
      }
    }
    if (!hasPeers) continue;
    const report = runPeers(stack, tensorFile, kind);
    for (const [name, runs] of Object.entries(report.runs)) for (const run of runs) record(name, run);
    agreement = report.agreement;
  }
  const results = summarize(samples);
  if (kind === 'uncompressed') {
    const add = (key) => results['floor: read alone'][key] + results['floor: arithmetic alone'][key];
    const { runs } = results[OURS];
    results.floor = { runs, wallMs: add('wallMs'), wallMinMs: add('wallMinMs'), cpuMs: add('cpuMs') };
  }
  return { agreement, results };
}

function print(name, { results, agreement }) {
  const ours = results[OURS];
  console.log(
    `\n${`${name}: median of runs`.padEnd(52)} runs  wall ms   min ms   CPU ms  × ours (wall, CPU)`,
  );
  for (const [task, r] of Object.entries(results)) {
    const cells = [r.wallMs, r.wallMinMs, r.cpuMs].map((ms) => ms.toFixed(1).padStart(8)).join(' ');
    const ratios = [r.wallMs / ours.wallMs, r.cpuMs / ours.cpuMs]
      .map((x) => x.toFixed(2).padStart(6))
      .join(' ');
    console.log(`${task.padEnd(52)} ${String(r.runs).padStart(4)} ${cells}  ${ratios}`);
  }
  for (const [peer, { largest, mean }] of Object.entries(agreement))
    console.log(
      `tensor beside ${peer}: at most ${largest} grey levels apart, ${mean.toFixed(5)} in the mean`,
    );
}

try {
  await initializeEncoders();
  const { origin, slices } = readSourcePixels();
  if (!json)
    console.log(`${SLICES} slices of ${SIZE}×${SIZE} int16 from ${origin}; ${needed.length} are needed`);
  const report = {};
  for (const name of wanted) {
    const stack = path.join(folder, 'stack');
    fs.mkdirSync(stack);
    if (name === 'uncompressed') {
      report[name] = measure('uncompressed', stack, tasksUncompressed(writeNativeStack(stack, slices)));
    } else {
      const { uid, files } = writeCompressedStack(stack, slices, name);
      await loadCodec(uid);
      report[name] = measure('compressed', stack, tasksCompressed(files));
    }
    fs.rmSync(stack, { recursive: true });
    if (!json) print(name, report[name]);
    // A fast wrong answer is no result.
    if (Object.values(report[name].agreement).some(({ largest }) => largest > 1)) {
      console.error('The tensor differs from that of a peer by more than one grey level.');
      process.exitCode = 1;
    }
  }
  const ratios = Object.entries(report).flatMap(([name, { results }]) =>
    Object.entries(results)
      .filter(([task]) => task.startsWith('Python tuned (pydicom'))
      .map(([task, { cpuMs, wallMs }]) => {
        const ratio = (key, value) => value / results[OURS][key];
        return {
          name,
          peer: task,
          cpu: ratio('cpuMs', cpuMs),
          wall: ratio('wallMs', wallMs),
          aim: AIMS[name] ?? null,
        };
      }),
  );
  if (json) {
    const machine = { cpu: os.cpus()[0]?.model, node: process.version, load: os.loadavg()[0] };
    console.log(
      JSON.stringify({ slices: SLICES, read: needed.length, origin, machine, ratios, report }, null, 2),
    );
  } else {
    console.log('\nTimes of tuned Python over ours:');
    for (const { name, peer, cpu, wall, aim } of ratios)
      console.log(
        `${name.padEnd(14)} CPU ${cpu.toFixed(2)}, wall ${wall.toFixed(2)}${aim === null ? '' : `, aim ${aim}`}  (${peer})`,
      );
    if (!hasPeers) console.log('No Python peers: their environment is missing (npm test makes it).');
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
