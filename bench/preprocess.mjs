// How fast 300 uncompressed slices of 512×512 int16 in files become the network's tensor, beside Python on the same
// machine in the same run, and beside a floor: the bytes read and the kernel's arithmetic, each alone.
//
//   node bench/preprocess.mjs [--json] [--rounds 3]
//
// Needs dist/ (npm run build) and, for the peers, the oracles' Python (npm test makes it). Slices come from a real head
// in ../shared/data where that is at hand, and are made up elsewhere. One thread everywhere, warm page cache. Wall
// times are what people feel; processor times are what compares on a busy machine.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const { createResampler, resamplerWasmUrl, sourceSlicesNeeded } = await import(
  path.join(dist, 'stages/preprocess/preprocess-volume.js')
);
const { readDicom } = await import(path.join(dist, 'dicom/read.js'));
const { getNumber } = await import(path.join(dist, 'dicom/values.js'));
const { TAGS, tag } = await import(path.join(dist, 'dicom/tags.js'));
const { concatBytes, encodeElement, encodeFileMeta } = await import(path.join(dist, 'dicom/encode.js'));
const { SOP_CLASSES, TRANSFER_SYNTAXES } = await import(path.join(dist, 'dicom/uids.js'));

const SLICES = 300;
const SIZE = 512;
const PARAMETERS = { windowHu: [-1000, 400], shape: [128, 224, 224] };
const RUNS_PER_ROUND = 5;
const PIXEL_BYTES = SIZE * SIZE * 2;
const HEADER_BYTES = 4096;
const ENCODING = { explicitVr: true, littleEndian: true };

const json = process.argv.includes('--json');
const rounds = Number(process.argv[process.argv.indexOf('--rounds') + 1] || 3);

/** Real slices of 512×512 that vary from one another, or a drawn body where there are none. */
function readSourcePixels() {
  const shared = process.env.SERIESWISE_SHARED_DATA ?? path.resolve(root, '../shared/data');
  const folder = path.join(shared, 'ct-dicom/head_ge_tilt18_varspacing');
  if (fs.existsSync(folder)) {
    const slices = fs
      .readdirSync(folder)
      .filter((name) => name.endsWith('.dcm'))
      .sort()
      .map((name) => {
        const bytes = fs.readFileSync(path.join(folder, name));
        const { dataOffset } = readDicom(bytes).dataset.elements.get(TAGS.PixelData);
        return new Int16Array(
          bytes.buffer.slice(bytes.byteOffset + dataOffset, bytes.byteOffset + dataOffset + PIXEL_BYTES),
        );
      });
    return { origin: 'a real head (dcm_qa_ct)', slices };
  }
  const drawn = new Int16Array(SIZE * SIZE);
  for (let i = 0; i < drawn.length; i++) {
    const radius = Math.hypot((i % SIZE) - 256, ((i / SIZE) | 0) - 256);
    drawn[i] = radius > 200 ? -1000 : radius > 185 ? 900 : 40;
  }
  return { origin: 'a drawn disk', slices: [drawn] };
}

/** The files of a stack: real slices in turn, shifted, with noise, so that no two are alike. */
function writeStack(folder) {
  const { origin, slices } = readSourcePixels();
  const uid = (n) => `1.2.826.0.1.3680043.10.1561.${n}`;
  let state = 1;
  const files = [];
  for (let i = 0; i < SLICES; i++) {
    const source = slices[i % slices.length];
    const pixels = new Int16Array(SIZE * SIZE);
    for (let p = 0; p < pixels.length; p++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      pixels[p] = source[(p + i) % pixels.length] + (state >>> 28) - 8;
    }
    const element = (keyword, vr, value) => encodeElement(tag(keyword), vr, value, ENCODING);
    const file = path.join(folder, `${String(i).padStart(4, '0')}.dcm`);
    const header = concatBytes([
      encodeFileMeta({
        sopClassUid: SOP_CLASSES.ctImageStorage,
        sopInstanceUid: uid(i),
        transferSyntaxUid: TRANSFER_SYNTAXES.explicitVrLittleEndian,
        implementationClassUid: uid(0),
        implementationVersionName: 'BENCH',
      }),
      element('ImageType', 'CS', 'ORIGINAL\\PRIMARY\\AXIAL'),
      element('SOPClassUID', 'UI', SOP_CLASSES.ctImageStorage),
      element('SOPInstanceUID', 'UI', uid(i)),
      element('Modality', 'CS', 'CT'),
      element('SliceThickness', 'DS', '1'),
      element('StudyInstanceUID', 'UI', uid('1')),
      element('SeriesInstanceUID', 'UI', uid('2')),
      element('InstanceNumber', 'IS', String(i + 1)),
      element('ImagePositionPatient', 'DS', `-128\\-128\\${-i}`),
      element('ImageOrientationPatient', 'DS', '1\\0\\0\\0\\1\\0'),
      element('SamplesPerPixel', 'US', 1),
      element('PhotometricInterpretation', 'CS', 'MONOCHROME2'),
      element('Rows', 'US', SIZE),
      element('Columns', 'US', SIZE),
      element('PixelSpacing', 'DS', '0.5\\0.5'),
      element('BitsAllocated', 'US', 16),
      element('BitsStored', 'US', 16),
      element('HighBit', 'US', 15),
      element('PixelRepresentation', 'US', 1),
      element('RescaleIntercept', 'DS', '0'),
      element('RescaleSlope', 'DS', '1'),
      encodeElement(TAGS.PixelData, 'OW', new Uint8Array(pixels.buffer), ENCODING),
    ]);
    fs.writeFileSync(file, header);
    files.push({ file, offset: header.length - PIXEL_BYTES });
  }
  return { origin, files };
}

function storedAt(destination) {
  return new Int16Array(destination.buffer, destination.byteOffset, SIZE * SIZE);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-bench-'));
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const samples = new Map();
const record = (name, wallMs, cpuMs) => {
  if (!samples.has(name)) samples.set(name, { wallMs: [], cpuMs: [] });
  samples.get(name).wallMs.push(wallMs);
  samples.get(name).cpuMs.push(cpuMs);
};

try {
  const { origin, files } = writeStack(folder);
  const needed = sourceSlicesNeeded(SLICES, PARAMETERS.shape[0]);
  const resampler = await createResampler(fs.readFileSync(resamplerWasmUrl()));
  const header = Buffer.alloc(HEADER_BYTES);
  const spare = new Uint8Array(SIZE * SIZE * 4);

  const preprocess = (readSlice) =>
    resampler.preprocessVolume({ sliceCount: SLICES, rows: SIZE, columns: SIZE, readSlice }, PARAMETERS);
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
    return {
      values: storedAt(destination),
      rescaleSlope: getNumber(dicom, dicom.dataset, tag('RescaleSlope')),
      rescaleIntercept: getNumber(dicom, dicom.dataset, tag('RescaleIntercept')),
    };
  };
  const tasks = {
    'serieswise, headers parsed': () => preprocess(readParsed),
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

  const tensorFile = path.join(folder, 'tensor.bin');
  fs.writeFileSync(tensorFile, preprocess(readParsed));
  for (const task of Object.values(tasks)) task();
  const python = process.env.SERIESWISE_ORACLE_PYTHON ?? path.join(root, '.cache/oracles/bin/python');
  const peers = fs.existsSync(python);
  let agreement = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      for (let run = 0; run < RUNS_PER_ROUND; run++) {
        const [start, cpu] = [performance.now(), process.cpuUsage()];
        task();
        const used = process.cpuUsage(cpu);
        record(name, performance.now() - start, (used.user + used.system) / 1000);
      }
    }
    if (!peers) continue;
    const output = execFileSync(
      python,
      [path.join(root, 'bench/preprocess_peer.py'), folder, tensorFile, JSON.stringify(PARAMETERS)],
      { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' } },
    );
    const report = JSON.parse(output);
    for (const [name, runs] of Object.entries(report.runs))
      for (const [wallMs, cpuMs] of runs) record(name, wallMs, cpuMs);
    agreement = report.agreement;
  }

  const results = Object.fromEntries(
    [...samples].map(([name, { wallMs, cpuMs }]) => [
      name,
      { runs: wallMs.length, wallMs: median(wallMs), wallMinMs: Math.min(...wallMs), cpuMs: median(cpuMs) },
    ]),
  );
  const ours = results['serieswise, headers parsed'];
  const add = (key) => results['floor: read alone'][key] + results['floor: arithmetic alone'][key];
  results.floor = {
    runs: ours.runs,
    wallMs: add('wallMs'),
    wallMinMs: add('wallMinMs'),
    cpuMs: add('cpuMs'),
  };
  // A fast wrong answer is no result: the float32 peer follows the specification.
  if (Object.values(agreement).some(({ exact, largest }) => exact && largest > 1)) {
    console.error('The tensor differs from the float32 peer by more than one grey level.');
    process.exitCode = 1;
  }
  if (json) {
    const machine = { cpu: os.cpus()[0]?.model, node: process.version, load: os.loadavg()[0] };
    console.log(
      JSON.stringify({ slices: SLICES, read: needed.length, origin, machine, agreement, results }, null, 2),
    );
  } else {
    console.log(
      `${SLICES} slices of ${SIZE}×${SIZE} int16 from ${origin}; ${needed.length} of them are needed`,
    );
    console.log(`${'median of runs'.padEnd(44)} runs  wall ms   min ms   CPU ms  × ours (wall, CPU)`);
    for (const [name, r] of Object.entries(results)) {
      const cells = [r.wallMs, r.wallMinMs, r.cpuMs].map((ms) => ms.toFixed(1).padStart(8)).join(' ');
      const ratios = [r.wallMs / ours.wallMs, r.cpuMs / ours.cpuMs]
        .map((x) => x.toFixed(2).padStart(6))
        .join(' ');
      console.log(`${name.padEnd(44)} ${String(r.runs).padStart(4)} ${cells}  ${ratios}`);
    }
    for (const [name, { largest, mean }] of Object.entries(agreement))
      console.log(
        `tensor beside ${name}: at most ${largest} grey levels apart, ${mean.toFixed(5)} in the mean`,
      );
    if (!peers) console.log('No Python peers: their environment is missing (npm test makes it).');
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
