// The files of the preprocess rows: 300 slices of 512×512 int16, in one of several transfer syntaxes.
import fs from 'node:fs';
import path from 'node:path';
import dcmjsCodecs from 'dcmjs-codecs';
import {
  concatBytes,
  encodeElement,
  encodeFileMeta,
  encodeHeader,
  encodeItemHeader,
} from '../../dist/dicom/encode.js';
import { readDicom } from '../../dist/dicom/read.js';
import { TAGS, tag } from '../../dist/dicom/tags.js';
import { SOP_CLASSES, TRANSFER_SYNTAXES } from '../../dist/dicom/uids.js';
import { root } from './paths.mjs';

const { NativeCodecs, Context } = dcmjsCodecs;

export const SLICES = 300;
const SIZE = 512;
const PIXEL_BYTES = SIZE * SIZE * 2;
const ENCODING = { explicitVr: true, littleEndian: true };

/** Encoders by the name that is printed; all lossless. */
const ENCODERS = {
  'JPEG lossless': {
    uid: TRANSFER_SYNTAXES.jpegLosslessFirstOrder,
    encode: (context) => NativeCodecs.encodeJpeg(context, { lossy: false, predictor: 1, pointTransform: 0 }),
  },
  'JPEG-LS': {
    uid: TRANSFER_SYNTAXES.jpegLsLossless,
    encode: (context) => NativeCodecs.encodeJpegLs(context, { lossy: false }),
  },
  HTJ2K: {
    uid: TRANSFER_SYNTAXES.htj2kLossless,
    encode: (context) => NativeCodecs.encodeHtJpeg2000(context, { lossy: false }),
  },
  'JPEG 2000': {
    uid: TRANSFER_SYNTAXES.jpeg2000Lossless,
    encode: (context) => NativeCodecs.encodeJpeg2000(context, { lossy: false }),
  },
};

/** The lossless codecs of CT, by name. */
export const COMPRESSED = Object.keys(ENCODERS);

/** Real slices of 512×512 that vary from one another, or a drawn body where there are none. */
export function readSourcePixels() {
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
  return { origin: 'a drawn disk', slices: [withNoise(drawn, 0, makeNoise())] };
}

/** Four bits of it. */
function makeNoise() {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 28) - 8;
  };
}

function withNoise(source, shift, noise) {
  const pixels = new Int16Array(source.length);
  for (let p = 0; p < pixels.length; p++) pixels[p] = source[(p + shift) % pixels.length] + noise();
  return pixels;
}

/** Uncompressed: the slices in turn, shifted, with noise, so that no two are alike. */
export function writeNativeStack(folder, slices) {
  const noise = makeNoise();
  for (let i = 0; i < SLICES; i++) {
    const pixels = withNoise(slices[i % slices.length], i, noise);
    const value = encodeElement(TAGS.PixelData, 'OW', new Uint8Array(pixels.buffer), ENCODING);
    writeFile(folder, i, TRANSFER_SYNTAXES.explicitVrLittleEndian, value);
  }
}

/** Compressed: the slices in turn as they are, since noise would tell how well noise is coded. */
export function writeCompressedStack(folder, slices, name) {
  const { uid, encode } = ENCODERS[name];
  const values = slices.map((pixels) => {
    const encoded = encode(
      new Context({
        width: SIZE,
        height: SIZE,
        bitsAllocated: 16,
        bitsStored: 16,
        samplesPerPixel: 1,
        pixelRepresentation: 1,
        planarConfiguration: 0,
        photometricInterpretation: 'MONOCHROME2',
        decodedBuffer: new Uint8Array(pixels.buffer),
      }),
    ).getEncodedBuffer();
    const padding = new Uint8Array(encoded.length % 2);
    return concatBytes([
      encodeHeader(TAGS.PixelData, 'OB', 0xffffffff, ENCODING),
      encodeItemHeader(0, ENCODING),
      encodeItemHeader(encoded.length + padding.length, ENCODING),
      encoded,
      padding,
      encodeHeader(TAGS.SequenceDelimitationItem, '', 0, { ...ENCODING, explicitVr: false }),
    ]);
  });
  for (let i = 0; i < SLICES; i++) writeFile(folder, i, uid, values[i % values.length]);
}

function writeFile(folder, i, transferSyntaxUid, pixelData) {
  const uid = (n) => `1.2.826.0.1.3680043.10.1561.${n}`;
  const element = (keyword, vr, value) => encodeElement(tag(keyword), vr, value, ENCODING);
  const file = path.join(folder, `${String(i).padStart(4, '0')}.dcm`);
  const bytes = concatBytes([
    encodeFileMeta({
      sopClassUid: SOP_CLASSES.ctImageStorage,
      sopInstanceUid: uid(i),
      transferSyntaxUid,
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
    pixelData,
  ]);
  fs.writeFileSync(file, bytes);
}

export const initializeEncoders = () => NativeCodecs.initializeAsync();
