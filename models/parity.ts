/** How far ONNX Runtime's answers lie from those that a network's maker expects. */
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** Inputs, and what is expected of each, by output name. */
export interface ParityCase {
  inputName: string;
  /** Shape of one input, N = 1. */
  inputShape: readonly number[];
  inputs: readonly Uint8Array[];
  /** By output: for each input its values. */
  expected: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** The largest difference over all inputs and outputs; infinite where an output is missing or of another length. */
export async function measureParity(file: string, { inputs, ...parity }: ParityCase): Promise<number> {
  const session = await InferenceSession.create(file, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    let worst = 0;
    for (const [index, input] of inputs.entries()) {
      const outputs = await session.run({
        [parity.inputName]: new Tensor('uint8', input, [...parity.inputShape]),
      });
      for (const [name, rows] of Object.entries(parity.expected)) {
        const found = outputs[name]?.data as Float32Array | undefined;
        const wanted = rows[index] ?? [];
        if (found?.length !== wanted.length) return Number.POSITIVE_INFINITY;
        for (const [k, value] of wanted.entries()) {
          const difference = Math.abs(value - (found[k] ?? Number.NaN));
          worst = Math.max(worst, difference);
        }
      }
    }
    return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst;
  } finally {
    await session.release();
  }
}
