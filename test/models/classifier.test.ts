import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, loadBundle } from '../../models/bundle.ts';
import { createClassifier } from '../../models/classifier.ts';
import type { ThreadReply, ThreadSpec } from '../../models/classifier-thread.ts';
import { ClassifierError } from '../../models/errors.ts';
import { describeProviders } from '../../models/providers.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';
import { writeBundleFolder } from './bundle-folder.ts';

const LENGTH = 128 * 224 * 224;
const CPU = { provider: 'cpu', threads: 1 } as const;
let root = '';
let bundle: Bundle;
beforeAll(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'classifier-'));
  bundle = await loadBundle(writeBundleFolder(root));
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

/** A volume that differs by region and seed, so that predictions differ too. */
function makeTensor(seed: number): Uint8Array {
  const tensor = new Uint8Array(LENGTH);
  let state = seed + 1;
  for (let index = 0; index < LENGTH; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    tensor[index] =
      (state >>> 25) + (Math.floor(index / (LENGTH / 2)) + (index % 224 > 111 ? 1 : 0)) * 32 * (seed % 3);
  }
  return tensor;
}

async function refusal(work: Promise<unknown>): Promise<ClassifierError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClassifierError)) throw new Error('was not refused', { cause: error });
  return error;
}

/** Raw logits of the production thread for one tensor, before any rounding. */
async function rawLogits(
  folder: string,
  heads: ThreadSpec['networks'][number]['heads'],
  tensor: Uint8Array,
  threads: number,
) {
  const spec: ThreadSpec = {
    networks: [{ path: path.join(folder, 'tiny.onnx'), heads }],
    inputName: 'volume',
    inputShape: [1, 1, 128, 224, 224],
    provider: 'cpu',
    threads,
  };
  const worker = new Worker(path.join(repositoryRoot, 'dist/models/classifier-thread.js'), {
    workerData: spec,
  });
  try {
    return await new Promise<Record<string, Float32Array>>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', (reply: ThreadReply) => {
        if (reply.kind === 'ready') {
          worker.postMessage({ kind: 'classify', ids: [1], tensors: tensor.slice().buffer });
          return;
        }
        const [answer] = reply.kind === 'answered' ? reply.answers : [reply];
        if (answer !== undefined && 'logits' in answer) resolve(answer.logits);
        else reject(new Error(answer?.message));
      });
    });
  } finally {
    worker.postMessage({ kind: 'close' });
  }
}

describeWithOracle('the classifier thread and the onnxruntime of Python', () => {
  test('give the same logits to 1e-5, and the same bits with one and two threads', async () => {
    const folder = writeBundleFolder(root, { name: 'wide', width: 4 });
    const wide = await loadBundle(folder);
    const heads = wide.tasks.map(({ task, logits, labels }) => ({
      task,
      output: logits,
      labels: labels.length,
    }));
    const file = path.join(root, 'tensor.bin');
    for (const seed of [1, 2]) {
      const tensor = makeTensor(seed);
      fs.writeFileSync(file, tensor);
      const expected = runOracle('run_onnx.py', [path.join(folder, 'tiny.onnx'), file]) as Record<
        string,
        number[]
      >;
      const one = await rawLogits(folder, heads, tensor, 1);
      const two = await rawLogits(folder, heads, tensor, 2);
      expect(two).toEqual(one);
      const classifier = await createClassifier(wide, CPU);
      const predictions = await classifier.classify(tensor);
      await classifier.close();
      const bodyPart = expected.body_part_logits ?? [];
      expect(Math.max(...bodyPart) - Math.min(...bodyPart), 'logits that mean something').toBeGreaterThan(
        0.1,
      );
      for (const { task, scores } of predictions) {
        const python = expected[`${task}_logits`] ?? [];
        for (const [index, logit] of python.entries()) {
          expect(Math.abs((one[task]?.[index] ?? Number.NaN) - logit)).toBeLessThanOrEqual(1e-5);
        }
        // The network's own softmax has no temperature: only the axis of the test's card has one.
        if (task === 'axis') continue;
        for (const [index, probability] of (expected[`${task}_probabilities`] ?? []).entries()) {
          expect(Math.abs((scores[index] ?? Number.NaN) - probability)).toBeLessThanOrEqual(3e-5);
        }
      }
    }
  });
});

describe('createClassifier', () => {
  test('predicts every task of one network or of three, whatever the threads', async () => {
    const three = await loadBundle(writeBundleFolder(root, { name: 'three', layout: 'three' }));
    const first = await createClassifier(three, CPU);
    const second = await createClassifier(three, { provider: 'cpu', threads: 2 });
    const [one, two] = [await first.classify(makeTensor(5)), await second.classify(makeTensor(5))];
    expect(first.provider).toBe('cpu');
    expect(one.map(({ task, scores }) => [task, scores.length])).toEqual([
      ['body_part', 16],
      ['axis', 3],
      ['contrast', 2],
    ]);
    expect(two).toEqual(one);
    const other = await first.classify(makeTensor(7));
    expect(other).not.toEqual(one);
    await Promise.all([first.close(), second.close()]);
  });

  test('answers many callers each with its own prediction', async () => {
    const classifier = await createClassifier(bundle, CPU);
    const alone: unknown[] = [];
    for (let seed = 0; seed < 6; seed++) alone.push(await classifier.classify(makeTensor(seed)));
    const together = await Promise.all(
      [0, 1, 2, 3, 4, 5].map((seed) => classifier.classify(makeTensor(seed))),
    );
    expect(together).toEqual(alone);
    expect(new Set(together.map((prediction) => JSON.stringify(prediction))).size).toBeGreaterThan(1);
    await classifier.close();
  });

  test('takes a tensor away when it owns its buffer, and copies it when it does not', async () => {
    const classifier = await createClassifier(bundle, CPU);
    const owned = makeTensor(1);
    const shelf = new Uint8Array(LENGTH + 8);
    const view = shelf.subarray(8);
    view.set(owned);
    const shared = new Uint8Array(new SharedArrayBuffer(LENGTH));
    shared.set(owned);
    const expected = await classifier.classify(view);
    expect(await classifier.classify(shared)).toEqual(expected);
    expect(await classifier.classify(owned)).toEqual(expected);
    expect([owned.length, view.length, shared.length]).toEqual([0, LENGTH, LENGTH]);
    await classifier.close();
  });

  test('refuses a tensor of another size and goes on', async () => {
    const classifier = await createClassifier(bundle, CPU);
    const error = await refusal(classifier.classify(new Uint8Array(10)));
    expect([error.code, error.retryable]).toEqual(['tensor-invalid', false]);
    expect(await classifier.classify(makeTensor(1))).toHaveLength(3);
    await classifier.close();
  });

  test('finishes what it began when it is closed, and refuses the rest', async () => {
    const classifier = await createClassifier(bundle, CPU);
    const work = [0, 1, 2, 3].map((seed) =>
      classifier.classify(makeTensor(seed)).then(
        () => 'done',
        (error: ClassifierError) => error.code,
      ),
    );
    const closing = classifier.close();
    expect(await Promise.all(work)).toEqual(['done', 'done', 'closed', 'closed']);
    await closing;
    expect((await refusal(classifier.classify(makeTensor(1)))).code).toBe('closed');
    await classifier.close();
  });

  test('tells memory that ran out from a network that is wrong, and goes on', async () => {
    const hungry = await loadBundle(writeBundleFolder(root, { name: 'hungry', flaw: 'hungry' }));
    const classifier = await createClassifier(hungry, CPU);
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await refusal(classifier.classify(makeTensor(attempt)));
      expect([error.code, error.retryable]).toEqual(['out-of-memory', true]);
    }
    await classifier.close();
  });

  test('refuses a network that is none', async () => {
    const folder = writeBundleFolder(root, { name: 'garbage' });
    const good = await loadBundle(folder);
    fs.writeFileSync(path.join(folder, 'tiny.onnx'), 'not a network');
    const error = await refusal(createClassifier(good, CPU));
    expect([error.code, error.retryable]).toEqual(['model-invalid', false]);
    expect(error.message).not.toContain(root);
  });

  test.each<[string, (bundle: Bundle) => Bundle, RegExp]>([
    [
      'an output that it does not have',
      (good) => ({ ...good, tasks: good.tasks.map((task) => ({ ...task, logits: 'nowhere' })) }),
      /no output nowhere/,
    ],
    [
      'fewer labels than it has outputs',
      (good) => ({ ...good, tasks: good.tasks.map((task) => ({ ...task, labels: task.labels.slice(1) })) }),
      /as the card says/,
    ],
    [
      'another input name',
      (good) => ({ ...good, card: { ...good.card, input: { ...good.card.input, name: 'image' } } }),
      /single input named image/,
    ],
    [
      'another input shape',
      (good) => ({
        ...good,
        card: { ...good.card, input: { ...good.card.input, shape: ['N', 1, 64, 224, 224] } },
      }),
      /the card says/,
    ],
  ])('refuses a card that claims %s', async (_name, change, message) => {
    const error = await refusal(createClassifier(change(bundle), CPU));
    expect(error.code).toBe('model-invalid');
    expect(error.message).toMatch(message);
  });

  test.runIf(describeProviders().some(({ name, available }) => name === 'cuda' && !available))(
    'says what is missing for CUDA instead of falling back',
    async () => {
      const error = await refusal(createClassifier(bundle, { provider: 'cuda', threads: 1 }));
      expect([error.code, error.retryable]).toEqual(['provider-missing', false]);
      expect(error.message).toMatch(/CUDA|cuda/);
    },
  );

  test('lets a process end that forgets to close it, and keeps one alive that waits', () => {
    const script = path.join(root, 'forgets.mjs');
    fs.writeFileSync(
      script,
      `import { loadBundle } from ${JSON.stringify(path.join(repositoryRoot, 'dist/models/bundle.js'))};
       import { createClassifier } from ${JSON.stringify(path.join(repositoryRoot, 'dist/models/classifier.js'))};
       const classifier = await createClassifier(await loadBundle(${JSON.stringify(bundle.folder)}), { provider: 'cpu', threads: 2 });
       const [prediction] = await classifier.classify(new Uint8Array(${LENGTH}));
       console.log(prediction.task);`,
    );
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8', timeout: 50_000 })).toBe(
      'body_part\n',
    );
  });
});

describe('memory', () => {
  test('stays flat over many tensors', async () => {
    const classifier = await createClassifier(bundle, CPU);
    const readings: number[] = [];
    for (let run = 0; run < 40; run++) {
      await classifier.classify(new Uint8Array(LENGTH).fill(run));
      readings.push(process.memoryUsage.rss());
    }
    await classifier.close();
    const middle = Math.max(...readings.slice(10, 20));
    const end = Math.max(...readings.slice(30));
    // Twenty tensors are 128 MB: a leak of them would show.
    expect(end - middle).toBeLessThan(80e6);
  });
});
