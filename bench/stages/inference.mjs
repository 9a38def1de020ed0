// From the network's input to labels.
import fs from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { node, python } from '../harness/participants.mjs';
import { root } from '../harness/paths.mjs';
import { peerEnvironment } from '../harness/peers.mjs';

const BUNDLE = 'starter';
const REPEATS = 5;
/** Ours rounds to 1e-4; another order of additions moves the last bits of float32. */
const LARGEST_DIFFERENCE = 2e-3;

/** A body of two grey levels with noise; a network takes as long for any. */
function drawTensor([slices, rows, columns]) {
  const tensor = new Uint8Array(slices * rows * columns);
  let state = 1;
  for (let at = 0; at < tensor.length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const x = (at % columns) / columns - 0.5;
    const y = (Math.floor(at / columns) % rows) / rows - 0.5;
    const isInside = (x / 0.4) ** 2 + (y / 0.3) ** 2 < 1;
    tensor[at] = (isInside ? 190 : 0) + (state >>> 28);
  }
  return tensor;
}

/** @throws Error where a network says something else than ours */
function checkLogits(results) {
  const [[, ours], ...others] = [...results].filter(([, { logits }]) => logits !== undefined);
  const told = others.map(([name, { logits }]) => {
    const difference = Math.max(
      ...Object.entries(ours.logits).flatMap(([task, values]) =>
        values.map((value, index) => Math.abs(value - logits[task][index])),
      ),
    );
    // Not a number is no agreement either.
    if (!(difference <= LARGEST_DIFFERENCE))
      throw new Error(`the logits of ${name} are ${difference} from ours`);
    return `${name}: logits at most ${difference.toExponential(1)} from ours`;
  });
  const { flop } = [...results.values()].find((result) => result.flop !== undefined);
  return `${told.join('; ')}; convolutions and matrix products of the network: ${(flop / 1e9).toFixed(2)} GFLOP`;
}

export async function inferenceRows({ work }) {
  const bundleFolder = path.join(root, 'models/bundles', BUNDLE);
  const { input } = JSON.parse(fs.readFileSync(path.join(bundleFolder, 'card.json'), 'utf8'));
  const tensorFile = path.join(work, 'inference.tensor');
  const shape = input.shape.slice(-3);
  fs.writeFileSync(tensorFile, drawTensor(shape));
  return [...new Set([1, availableParallelism()])].map((threads) => {
    const args = { bundleFolder, tensorFile, threads, repeats: REPEATS };
    const peer = (name, tool, role = 'peer') => ({
      ...{ name, role },
      start: python('inference.py', tool, args, { env: peerEnvironment(threads) }),
    });
    return {
      stage: 'inference',
      work: `one tensor ${shape.join('×')} in memory, the network \`${BUNDLE}\`, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
      tools: [
        {
          ...{ name: 'serieswise', role: 'ours' },
          note: 'from the main thread to that of the network and back; probabilities and order of labels',
          start: node('inference.mjs', 'serieswise', args),
        },
        { ...peer('Python onnxruntime', 'onnxruntime'), note: 'its default options' },
        {
          ...peer('Python onnxruntime, options of ours', 'onnxruntime, as ours'),
          note: 'threads that wait do not spin',
        },
        {
          ...peer('OpenVINO', 'openvino'),
          note: 'float32; ReduceLogSumExp spelt out, which its importer misreads',
        },
        {
          ...peer('as many FLOP in a matrix product', 'matrix product', 'limit'),
          note: 'OpenBLAS; leaves out what is no convolution or product',
        },
      ],
      check: checkLogits,
      why: 'the same library on both sides; the rest is the way to its thread and back, once a tensor.',
      aims: [
        {
          aim: `inference within 3% of Python, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
          of: 'Python onnxruntime, options of ours',
          key: 'cpu',
          atLeast: 1 / 1.03,
        },
      ],
    };
  });
}
