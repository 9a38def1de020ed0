import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BatchQueue } from '../../models/batch-queue.ts';
import { loadBundle } from '../../models/bundle.ts';
import { createClassifier } from '../../models/classifier.ts';
import type { BundleError, ClassifierError } from '../../models/errors.ts';
import { createLastingClassifier } from '../../models/lasting-classifier.ts';
import { writeBundleFolder } from './bundle-folder.ts';
import type { Flaw } from './onnx.ts';

const LENGTH = 128 * 224 * 224;
const CPU = { provider: 'cpu', threads: 1 } as const;
let root = '';
beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'batching-'));
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const grey = (level: number) => new Uint8Array(LENGTH).fill(level, LENGTH / 3);
const white = () => new Uint8Array(LENGTH).fill(255);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: ClassifierError | BundleError) => error.code,
  );

describe('BatchQueue', () => {
  function collect(limits: { maxSize: number; maxWaitMs: number }) {
    const batches: number[][] = [];
    return { batches, queue: new BatchQueue<number>(limits, (batch) => batches.push(batch)) };
  }

  test('sends a full batch at once, two at most, and goes on as they are answered', () => {
    const { batches, queue } = collect({ maxSize: 2, maxWaitMs: 1e6 });
    for (let request = 0; request < 7; request++) queue.add(request);
    expect(batches).toEqual([
      [0, 1],
      [2, 3],
    ]);
    queue.finish();
    expect(batches.at(-1)).toEqual([4, 5]);
    expect(queue.drain()).toEqual([6]);
  });

  test('sends a lone request after the longest wait, and none while a batch runs', async () => {
    const { batches, queue } = collect({ maxSize: 8, maxWaitMs: 30 });
    const begun = performance.now();
    queue.add(0);
    await sleep(10);
    expect(batches).toEqual([]);
    while (batches.length === 0) await sleep(1);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(29);
    queue.add(1);
    await sleep(60);
    queue.add(2);
    expect(batches).toEqual([[0]]);
    // What has waited long enough goes as soon as nothing runs.
    queue.finish();
    expect(batches).toEqual([[0], [1, 2]]);
  });
});

async function open(flaw: Flaw | undefined, maxSize: number, name = `${flaw ?? 'sound'}`) {
  const folder = writeBundleFolder(root, { name, width: 2, ...(flaw === undefined ? {} : { flaw }) });
  const gone: ClassifierError[] = [];
  const classifier = await createLastingClassifier(() => loadBundle(folder), {
    ...CPU,
    batches: { maxSize, maxWaitMs: 20 },
    onDeviceGone: (error) => gone.push(error),
  });
  return { classifier, gone, folder };
}

describe('a batch', () => {
  test('gives the same predictions whatever its size and whatever else is in it', async () => {
    const bundle = await loadBundle(writeBundleFolder(root, { name: 'mixed', width: 4 }));
    const levels = [10, 90, 170, 250];
    const predict = async (maxSize: number, order: readonly number[]) => {
      const classifier = await createClassifier(bundle, { ...CPU, batches: { maxSize, maxWaitMs: 20 } });
      const found = await Promise.all(order.map((level) => classifier.classify(grey(level))));
      await classifier.close();
      return Object.fromEntries(order.map((level, index) => [level, found[index]]));
    };
    const alone = await predict(1, levels);
    expect(new Set(Object.values(alone).map((each) => JSON.stringify(each))).size).toBeGreaterThan(1);
    expect(await predict(4, levels)).toEqual(alone);
    expect(await predict(3, levels.toReversed())).toEqual(alone);
  });

  test('fails for the one volume without an answer alone', async () => {
    const { classifier } = await open('nan-by-white', 4);
    const work = [grey(1), white(), grey(2), new Uint8Array(5)].map((tensor) => classifier.classify(tensor));
    expect(await Promise.all(work.map(codeOf))).toEqual(['done', 'model-invalid', 'done', 'tensor-invalid']);
    await classifier.close();
  });
});

describe('a lasting classifier', () => {
  test('halves its batch when memory runs out', async () => {
    const { classifier, gone } = await open('hungry-in-batches', 8);
    const ask = () => Promise.all([1, 2, 3, 4, 5].map((level) => codeOf(classifier.classify(grey(level)))));
    expect(new Set(await ask())).toEqual(new Set(['out-of-memory']));
    expect(new Set(await ask())).toEqual(new Set(['done']));
    expect(gone).toEqual([]);
    await classifier.close();
  });

  test('goes on after a lost device, and says when it does not come back', async () => {
    const { classifier, gone } = await open('lost-by-white', 1);
    const lose = () => codeOf(classifier.classify(white()));
    for (let round = 0; round < 2; round++) {
      expect(await lose()).toBe('device-lost');
      expect(await codeOf(classifier.classify(grey(3)))).toBe('done');
    }
    expect(gone).toEqual([]);
    expect([await lose(), await lose(), await lose()]).toEqual(Array(3).fill('device-lost'));
    expect(gone.map(({ code }) => code)).toEqual(['device-lost']);
    await classifier.close();
  });

  test('starts another thread when its own dies in the middle of its work', async () => {
    const threads: Worker[] = [];
    const watch = (thread: Worker) => threads.push(thread);
    process.on('worker', watch);
    try {
      const { classifier, gone } = await open(undefined, 2);
      const expected = await classifier.classify(grey(40));
      const work = [1, 2, 3, 4, 5].map((level) => codeOf(classifier.classify(grey(level))));
      await threads[0]?.terminate();
      expect(new Set(await Promise.all(work))).toEqual(new Set(['thread-lost']));
      expect(await classifier.classify(grey(40))).toEqual(expected);
      expect([threads.length, gone]).toEqual([2, []]);
      await classifier.close();
    } finally {
      process.off('worker', watch);
    }
  });

  test('waits for a bundle that went away, and refuses one that changed', async () => {
    const { classifier, folder } = await open('lost-by-white', 1, 'moved');
    const network = path.join(folder, 'tiny.onnx');
    fs.renameSync(network, `${network}.away`);
    expect(await codeOf(classifier.classify(white()))).toBe('device-lost');
    expect(await codeOf(classifier.classify(grey(1)))).toBe('file-missing');
    fs.writeFileSync(network, 'another network');
    expect(await codeOf(classifier.classify(grey(1)))).toBe('digest-mismatch');
    fs.renameSync(`${network}.away`, network);
    expect(await codeOf(classifier.classify(grey(1)))).toBe('done');
    await classifier.close();
  });
});
