// 300 slices in files to the network's tensor: ours, and the floor.
import fs from 'node:fs';
import path from 'node:path';
import { decodeFrame, loadCodec, pixelDataOf, readPixelFormat } from '../../dist/dicom/pixels.js';
import { readDicom } from '../../dist/dicom/read.js';
import { TAGS, tag } from '../../dist/dicom/tags.js';
import { getNumber } from '../../dist/dicom/values.js';
import {
  createResampler,
  resamplerWasmUrl,
  sourceSlicesNeeded,
} from '../../dist/stages/preprocess/preprocess-volume.js';
import { serveRounds } from '../harness/serve-rounds.mjs';

const HEADER_BYTES = 4096;

async function openStack({ folder, parameters, size }) {
  const files = fs
    .readdirSync(folder)
    .sort()
    .map((name) => path.join(folder, name));
  const resampler = await createResampler(fs.readFileSync(resamplerWasmUrl()));
  const volume = { sliceCount: files.length, rows: size, columns: size };
  return {
    files,
    needed: sourceSlicesNeeded(files.length, parameters.shape[0]),
    preprocess: (readSlice) => resampler.preprocessVolume({ ...volume, readSlice }, parameters),
  };
}

const rescaleOf = (dicom) => ({
  rescaleSlope: getNumber(dicom, dicom.dataset, tag('RescaleSlope')),
  rescaleIntercept: getNumber(dicom, dicom.dataset, tag('RescaleIntercept')),
});

/** A round of several volumes, so that it is long enough to be timed; figures are those of one. */
function repeat(preprocess, { repeats, tensorFile }) {
  return ({ check }) => {
    let tensor;
    for (let time = 0; time < repeats; time += 1) tensor = preprocess();
    if (check && tensor !== undefined) fs.writeFileSync(tensorFile, tensor);
    return { scale: 1 / repeats };
  };
}

/** Headers parsed, as when a file is seen for the first time. */
async function serieswise(args) {
  const { files, preprocess } = await openStack(args);
  const header = Buffer.alloc(HEADER_BYTES);
  const readSlice = (index, destination) => {
    const descriptor = fs.openSync(files[index], 'r');
    fs.readSync(descriptor, header, 0, HEADER_BYTES, 0);
    const dicom = readDicom(header, { partial: true });
    const { dataOffset, length } = dicom.dataset.elements.get(TAGS.PixelData);
    fs.readSync(descriptor, destination, 0, length, dataOffset);
    fs.closeSync(descriptor);
    return {
      values: new Int16Array(destination.buffer, destination.byteOffset, length / 2),
      ...rescaleOf(dicom),
    };
  };
  return { work: repeat(() => preprocess(readSlice), args) };
}

async function serieswiseCompressed(args) {
  const { files, preprocess } = await openStack(args);
  const readSlice = (index, destination) => {
    const dicom = readDicom(fs.readFileSync(files[index]));
    const { values } = decodeFrame(pixelDataOf(dicom), readPixelFormat(dicom), 0, { into: destination });
    return { values, ...rescaleOf(dicom) };
  };
  await loadCodec(readPixelFormat(readDicom(fs.readFileSync(files[0]))).transferSyntaxUid);
  return { work: repeat(() => preprocess(readSlice), args) };
}

/** The bytes that are needed, read in one call a file without looking at them; and then the kernel on what is in memory. */
async function floor(args) {
  const { files, needed, preprocess } = await openStack(args);
  const bytes = Buffer.alloc(fs.statSync(files[0]).size);
  const inMemory = (_, destination) => ({
    values: new Int16Array(destination.buffer, destination.byteOffset, args.size ** 2),
    rescaleSlope: 1,
    rescaleIntercept: 0,
  });
  const work = repeat(() => {
    for (const index of needed) {
      const descriptor = fs.openSync(files[index], 'r');
      fs.readSync(descriptor, bytes, 0, bytes.length, 0);
      fs.closeSync(descriptor);
    }
    preprocess(inMemory);
  }, args);
  return { work };
}

/** The pixels of the slices that are needed, copied within memory. */
async function memoryCopy(args) {
  const { needed } = await openStack(args);
  const source = new Uint8Array(needed.length * args.size ** 2 * 2).fill(1);
  const target = new Uint8Array(source.length);
  return { work: repeat(() => target.set(source), args) };
}

await serveRounds({ serieswise, serieswiseCompressed, floor, memoryCopy });
