/** Runs a bundle's networks on tensors, in a thread of their own, one batch after another. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type BatchLimits, BatchQueue } from './batch-queue.ts';
import type { Bundle } from './bundle.ts';
import type { ThreadReply, ThreadRequest, ThreadSpec } from './classifier-thread.ts';
import { ClassifierError } from './errors.ts';
import { describeProviders, type ProviderName } from './providers.ts';
import { scoreTask, type TaskPrediction } from './scores.ts';

/** On a CPU a batch gains nothing and takes its memory as often. */
export const DEFAULT_BATCHES: Readonly<Record<ProviderName, BatchLimits>> = {
  cpu: { maxSize: 1, maxWaitMs: 0 },
  cuda: { maxSize: 8, maxWaitMs: 10 },
};

export interface ClassifierOptions {
  provider: ProviderName;
  /** Threads of ONNX Runtime within one run. Results do not depend on it. */
  threads: number;
  /** Else those of `DEFAULT_BATCHES`. */
  batches?: BatchLimits;
}

/** A bundle ready to classify. Long-lived: make one a process. */
export interface Classifier {
  /** The execution provider that runs. */
  readonly provider: ProviderName;
  /** The bundle that it runs. */
  readonly bundle: Bundle;
  /** Volumes in a batch. */
  readonly batchSize: number;
  /**
   * Predictions for one volume `[slice, row, column]` of the card's shape, grey levels 0 to 255, in the order of the
   * bundle's tasks. The tensor is given away: its buffer may be empty afterwards.
   * Volumes of concurrent callers share a batch. Every batch is filled up to the same size, so that a prediction does
   * not depend on how many there were. Callers that await each call before they make the next are held back.
   * @throws ClassifierError
   */
  classify(tensor: Uint8Array): Promise<TaskPrediction[]>;
  /** Ends the thread once what it has begun is done. Callers that still wait get the error `closed`. */
  close(): Promise<void>;
}

interface PendingRequest {
  tensor: Uint8Array;
  resolve(logits: Record<string, Float32Array>): void;
  reject(error: ClassifierError): void;
}

/** Where the thread's code lies: beside this module, or in the built program when this runs from TypeScript. */
function threadFile(): string {
  const here = fileURLToPath(import.meta.url);
  const folder = path.dirname(here);
  return here.endsWith('.ts')
    ? path.resolve(folder, '../dist/models/classifier-thread.js')
    : path.join(folder, 'classifier-thread.js');
}

function describeThread(bundle: Bundle, options: ClassifierOptions, batchSize: number): ThreadSpec {
  const files = [...new Set(bundle.tasks.map(({ file }) => file))];
  const [, ...inputShape] = bundle.card.input.shape;
  return {
    networks: files.map((file) => ({
      path: path.join(bundle.folder, file),
      heads: bundle.tasks
        .filter((task) => task.file === file)
        .map(({ task, logits, labels }) => ({ task, output: logits, labels: labels.length })),
    })),
    inputName: bundle.card.input.name,
    inputShape: [batchSize, ...inputShape],
    provider: options.provider,
    threads: options.threads,
  };
}

/**
 * Loads the bundle's networks, one session a file, on the provider asked for and no other.
 * @throws ClassifierError `provider-missing`, `model-invalid`, `out-of-memory`, `device-lost`
 */
export async function createClassifier(bundle: Bundle, options: ClassifierOptions): Promise<Classifier> {
  const found = describeProviders().find(({ name }) => name === options.provider);
  if (found?.available !== true) {
    throw new ClassifierError(
      'provider-missing',
      `The execution provider ${options.provider} cannot be used: ${found?.detail ?? 'it is not known'}.`,
    );
  }
  const batches = options.batches ?? DEFAULT_BATCHES[options.provider];
  const spec = describeThread(bundle, options, batches.maxSize);
  const tensorLength = spec.inputShape.slice(1).reduce((product, size) => product * size, 1);
  const worker = new Worker(threadFile(), { workerData: spec });
  /** What the thread has. */
  const pending = new Map<number, PendingRequest>();
  let nextId = 0;
  let ended: ClassifierError | null = null;

  const queue = new BatchQueue<PendingRequest>(batches, (requests) => {
    const ids = requests.map((request) => {
      const id = nextId++;
      pending.set(id, request);
      return id;
    });
    const tensors = joinTensors(
      requests.map(({ tensor }) => tensor),
      batches.maxSize,
      tensorLength,
    );
    // An idle classifier does not keep the process alive; a request in the thread does.
    worker.ref();
    worker.postMessage({ kind: 'classify', ids, tensors } satisfies ThreadRequest, [tensors]);
  });

  /** Nothing more will come from the thread: everybody who waits learns why. */
  function end(error: ClassifierError): void {
    ended ??= error;
    for (const { reject } of [...pending.values(), ...queue.drain()]) reject(ended);
    pending.clear();
  }

  function settle(answers: Extract<ThreadReply, { kind: 'answered' }>['answers']): void {
    for (const answer of answers) {
      const request = pending.get(answer.id);
      pending.delete(answer.id);
      if ('logits' in answer) request?.resolve(answer.logits);
      else
        request?.reject(new ClassifierError(answer.code, `Model bundle ${bundle.name}: ${answer.message}`));
    }
    if (pending.size === 0) worker.unref();
    queue.finish();
  }

  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      end(new ClassifierError('thread-lost', 'The classifier thread ended unexpectedly.'));
      resolve();
    });
  });

  await new Promise<void>((resolve, reject) => {
    worker.on('error', (error: NodeJS.ErrnoException) => {
      const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const failure = new ClassifierError(
        outOfMemory ? 'out-of-memory' : 'thread-lost',
        `The classifier thread failed (${error.code ?? error.name}).`,
        { cause: error },
      );
      end(failure);
      reject(failure);
    });
    void exited.then(() => reject(ended));
    worker.on('message', (reply: ThreadReply) => {
      if (reply.kind === 'answered') settle(reply.answers);
      else if (reply.kind === 'ready') resolve();
      else reject(new ClassifierError(reply.code, `Model bundle ${bundle.name}: ${reply.message}`));
    });
  });
  worker.unref();

  return {
    provider: options.provider,
    bundle,
    batchSize: batches.maxSize,
    async classify(tensor) {
      if (tensor.length !== tensorLength) {
        throw new ClassifierError(
          'tensor-invalid',
          `The bundle takes ${tensorLength} grey levels, and the tensor has ${tensor.length}.`,
        );
      }
      const logits = await new Promise<Record<string, Float32Array>>((resolve, reject) => {
        if (ended !== null) throw ended;
        queue.add({ tensor, resolve, reject });
      });
      return bundle.tasks.map(({ task, labels, temperature }) =>
        scoreTask(task, labels, logits[task] ?? [], temperature),
      );
    },
    async close() {
      if (ended === null) {
        const closed = new ClassifierError('closed', 'The classifier was closed.');
        ended = closed;
        for (const { reject } of queue.drain()) reject(closed);
        worker.ref();
        worker.postMessage({ kind: 'close' } satisfies ThreadRequest);
      }
      await exited;
    },
  };
}

/**
 * A buffer that holds the batch alone and may be transferred, filled up with zeros. A batch of one takes the tensor's
 * own buffer where it can.
 */
function joinTensors(tensors: readonly Uint8Array[], batchSize: number, tensorLength: number): ArrayBuffer {
  const [first] = tensors;
  if (
    batchSize === 1 &&
    first?.buffer instanceof ArrayBuffer &&
    first.buffer.byteLength === first.byteLength
  ) {
    return first.buffer;
  }
  const batch = new Uint8Array(batchSize * tensorLength);
  for (const [index, tensor] of tensors.entries()) batch.set(tensor, index * tensorLength);
  return batch.buffer;
}
