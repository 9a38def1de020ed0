// CPU time of reading headers and decoding pixels, on the CT files beside the repository.
//   node bench/dicom.mjs
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import dicomParser from 'dicom-parser';
import { loadTypeScript } from '../scripts/load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const data = path.join(process.env.SERIESWISE_SHARED_DATA ?? path.join(root, '../shared/data'), 'ct-dicom');
const { readDicom, readPixelFormat, pixelDataOf, loadCodec, decodeFrame } = await loadTypeScript(
  'bench-dicom',
  ["export * from './dicom/read.ts';", "export * from './dicom/pixels.ts';"],
);

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Median of five rounds, milliseconds of CPU time a call; a round takes at least 100 ms of them. */
function measure(work) {
  for (let started = cpuMs(); cpuMs() - started < 100; ) work();
  const rounds = Array.from({ length: 5 }, () => {
    const started = cpuMs();
    let calls = 0;
    while (cpuMs() - started < 100) {
      for (let repeat = 0; repeat < 10; repeat += 1) work();
      calls += 10;
    }
    return (cpuMs() - started) / calls;
  });
  return rounds.sort((a, b) => a - b)[2];
}

const slice = fs.readFileSync(path.join(data, 'head_ge_tilt18_varspacing/01.dcm'));
const prefix = slice.subarray(0, 16384);
console.log(`| reading a CT slice of ${Math.round(slice.length / 1000)} kB | CPU ms |`);
console.log('|---|---|');
const readers = {
  'readDicom, whole': () => readDicom(slice),
  'readDicom, first 16 KB, partial': () => readDicom(prefix, { partial: true }),
  'dicom-parser 1.8.21, whole': () => dicomParser.parseDicom(slice),
};
for (const [name, work] of Object.entries(readers)) console.log(`| ${name} | ${measure(work).toFixed(3)} |`);

console.log('\n| decoding 512 × 512 | bits | CPU ms | MB/s |\n|---|---|---|---|');
for (const [name, file] of [
  ['native, 16 of 16 bits', 'head_ge_tilt18_varspacing/01.dcm'],
  ['native, 12 of 16 bits', 'abdomen_kits72_arterial/1-018.dcm'],
  ['big endian', 'ami_ct/ser002img00001-16-signed.dcm'],
  ['RLE', 'nema_wg04/CT2_RLE.dcm'],
  ['JPEG lossless', 'nema_wg04/CT2_JPLL.dcm'],
  ['JPEG-LS', 'nema_wg04/CT2_JLSL.dcm'],
  ['JPEG 2000 lossless', 'nema_wg04/CT2_J2KR.dcm'],
  ['HTJ2K lossless', 'htj2k_202/CT2_JPH.dcm'],
]) {
  const parsed = readDicom(fs.readFileSync(path.join(data, file)));
  const format = readPixelFormat(parsed);
  await loadCodec(format.transferSyntaxUid);
  const pixelData = pixelDataOf(parsed);
  const ms = measure(() => decodeFrame(pixelData, format, 0));
  const speed = (format.rows * format.columns * 2) / 1000 / ms;
  console.log(`| ${name} | ${format.bitsStored} | ${ms.toFixed(2)} | ${speed.toFixed(0)} |`);
}
