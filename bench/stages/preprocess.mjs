// From 300 files to the network's input.
import fs from 'node:fs';
import path from 'node:path';
import { node, python } from '../harness/participants.mjs';
import { torchPeer } from '../harness/peers.mjs';
import {
  COMPRESSED,
  initializeEncoders,
  readSourcePixels,
  SLICES,
  writeCompressedStack,
  writeNativeStack,
} from '../harness/preprocess-stack.mjs';

const STAGE = 'preprocess';
const PARAMETERS = { windowHu: [-1000, 400], shape: [128, 224, 224] };

/** What pydicom finds to decode each codec with; Pillow too where it can. */
const DECODERS = {
  'JPEG lossless': ['gdcm', 'pylibjpeg'],
  'JPEG-LS': ['gdcm', 'pylibjpeg', 'pyjpegls'],
  HTJ2K: ['pylibjpeg'],
  'JPEG 2000': ['gdcm', 'pylibjpeg', 'pillow'],
};

/** One grey level may lie between two ways of rounding; more is another answer. @throws Error */
function checkTensors(results) {
  const compared = [...results].filter(([, result]) => 'largest' in result);
  for (const [name, { largest }] of compared)
    if (largest > 1) throw new Error(`the tensor of ${name} is ${largest} grey levels away from ours`);
  return compared
    .map(
      ([name, { largest, mean }]) =>
        `${name}: at most ${largest} grey levels apart, ${mean.toFixed(5)} in the mean`,
    )
    .join('; ');
}

export async function preprocessRows({ work, isLong }) {
  const { origin, slices } = readSourcePixels();
  const stackOf = (name) => {
    const folder = path.join(work, `stack-${name.replaceAll(' ', '-')}`);
    fs.mkdirSync(folder);
    return folder;
  };
  const argsOf = (folder, repeats) => ({
    ...{ folder, repeats, parameters: PARAMETERS, size: 512 },
    tensorFile: `${folder}.tensor`,
  });
  const describe = (how) => `${SLICES} slices of 512×512 (${origin}), ${how}, one thread`;

  const native = stackOf('uncompressed');
  writeNativeStack(native, slices);
  const args = argsOf(native, isLong ? 5 : 3);
  const peerArgs = argsOf(native, 1);
  const peer = (name, tool, options) => ({
    ...{ name, role: 'peer', start: python('preprocess.py', tool, peerArgs, options) },
    ...(tool === 'tuned' ? { note: 'only the tags and slices that are needed, cv2 on int16' } : {}),
  });
  const torch = torchPeer();
  const rows = [
    {
      stage: STAGE,
      work: describe('uncompressed'),
      tools: [
        { name: 'serieswise', role: 'ours', start: node('preprocess.mjs', 'serieswise', args) },
        peer('pydicom + cv2, tuned', 'tuned'),
        peer('pydicom + cv2 + scipy, as people write it', 'as people write it'),
        peer('SimpleITK', 'SimpleITK'),
        ...(torch === null ? [] : [peer('MONAI', 'MONAI', torch)]),
        { name: 'floor: raw read + arithmetic', role: 'limit', start: node('preprocess.mjs', 'floor', args) },
        {
          name: 'memory copy of the pixels',
          role: 'limit',
          start: node('preprocess.mjs', 'memoryCopy', args),
        },
      ],
      check: checkTensors,
      aims: [
        {
          aim: 'preprocess within 1.5 times of the floor',
          of: 'floor: raw read + arithmetic',
          key: 'cpu',
          atLeast: 1 / 1.5,
        },
      ],
    },
  ];
  if (!isLong) return rows;
  await initializeEncoders();
  for (const name of COMPRESSED) {
    const folder = stackOf(name);
    writeCompressedStack(folder, slices, name);
    rows.push({
      stage: STAGE,
      work: describe(name),
      tools: [
        {
          ...{ name: 'serieswise', role: 'ours' },
          start: node('preprocess.mjs', 'serieswiseCompressed', argsOf(folder, 1)),
        },
        ...DECODERS[name].map((decoder) => ({
          ...{ name: `pydicom with ${decoder} + cv2, tuned`, role: 'peer' },
          start: python('preprocess.py', decoder, argsOf(folder, 1)),
        })),
      ],
      check: checkTensors,
      ...(name === 'JPEG 2000' && {
        why: 'The serial arithmetic decoder of OpenJPEG bounds both; machine code runs it faster than WebAssembly.',
      }),
    });
  }
  return rows;
}
