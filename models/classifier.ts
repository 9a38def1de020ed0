/** Runs a bundle's networks on tensors, in a thread of their own, one tensor after another. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Bundle } from './bundle.ts';
import type { ThreadReply, ThreadRequest, ThreadSpec } from './classifier-thread.ts';
import { ClassifierError } from './errors.ts';
import { describeProviders, type ProviderName } from './providers.ts';
import { scoreTask, type TaskPrediction } from './scores.ts';

/**
 * Tensors handed to the thread at once: one that runs and one that waits, so that the thread never idles. Further
 * callers wait with their tensors.
 */
const REQUESTS_IN_THREAD = 2;

export interface ClassifierOptions {
  provider: ProviderName;
  /** Threads of ONNX Runtime within one run. Results do not depend on it. */
  threads: number;
}

/** A bundle ready to classify. Long-lived: make one a process. */
export interface Classifier {
  /** The execution provider that runs. */
  readonly provider: ProviderName;
  /** The bundle that it runs. */
  readonly bundle: Bundle;
  /**
   * Predictions for one volume `[slice, row, column]` of the card's shape, grey levels 0 to 255, in the order of the
   * bundle's tasks. The tensor is given away: its buffer is empty afterwards when it was not a view into a larger one.
   * Resolves later when others are before; callers that await each call before they make the next are held back.
   * @throws ClassifierError
   */
  classify(tensor: Uint8Array): Promise<TaskPrediction[]>;
  /** Ends the thread once what it has begun is done. Callers that still wait get the error `closed`. */
  close(): Promise<void>;
}

interface PendingRequest {
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

function describeThread(bundle: Bundle, options: ClassifierOptions): ThreadSpec {
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
    inputShape: [1, ...inputShape],
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
  const spec = describeThread(bundle, options);
  const tensorLength = spec.inputShape.reduce((product, size) => product * size, 1);
  const worker = new Worker(threadFile(), { workerData: spec });
  const pending = new Map<number, PendingRequest>();
  const waiting: { grant(): void; refuse(error: ClassifierError): void }[] = [];
  let inThread = 0;
  let nextId = 0;
  let ended: ClassifierError | null = null;

  /** Nothing more will come from the thread: everybody who waits learns why. */
  function end(error: ClassifierError): void {
    ended ??= error;
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
    for (const { refuse } of waiting.splice(0)) refuse(ended);
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
      if (reply.kind === 'ready') resolve();
      else if (reply.kind === 'classified') take(reply.id)?.resolve(reply.logits);
      else {
        const error = new ClassifierError(reply.code, `Model bundle ${bundle.name}: ${reply.message}`);
        if (reply.id === null) reject(error);
        else take(reply.id)?.reject(error);
      }
    });
  });
  // An idle classifier does not keep the process alive; a request in the thread does.
  worker.unref();

  function take(id: number): PendingRequest | undefined {
    const request = pending.get(id);
    pending.delete(id);
    return request;
  }

  /** Takes a place in the thread: at once, without giving up the caller's turn, when one is free. */
  function enter(): Promise<void> | null {
    if (ended !== null) throw ended;
    if (inThread < REQUESTS_IN_THREAD) {
      inThread++;
      if (inThread === 1) worker.ref();
      return null;
    }
    // The place of the request that leaves is handed on without becoming free in between.
    return new Promise((grant, refuse) => waiting.push({ grant, refuse }));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next !== undefined) next.grant();
    else {
      inThread--;
      if (inThread === 0) worker.unref();
    }
  }

  return {
    provider: options.provider,
    bundle,
    async classify(tensor) {
      if (tensor.length !== tensorLength) {
        throw new ClassifierError(
          'tensor-invalid',
          `The bundle takes ${tensorLength} grey levels, and the tensor has ${tensor.length}.`,
        );
      }
      const turn = enter();
      if (turn !== null) await turn;
      try {
        const logits = await new Promise<Record<string, Float32Array>>((resolve, reject) => {
          if (ended !== null) throw ended;
          const id = nextId++;
          const buffer = ownBufferOf(tensor);
          pending.set(id, { resolve, reject });
          worker.postMessage({ kind: 'classify', id, tensor: buffer } satisfies ThreadRequest, [buffer]);
        });
        return bundle.tasks.map(({ task, labels, temperature }) =>
          scoreTask(task, labels, logits[task] ?? [], temperature),
        );
      } finally {
        leave();
      }
    },
    async close() {
      if (ended === null) {
        const closed = new ClassifierError('closed', 'The classifier was closed.');
        ended = closed;
        for (const { refuse } of waiting.splice(0)) refuse(closed);
        worker.ref();
        worker.postMessage({ kind: 'close' } satisfies ThreadRequest);
      }
      await exited;
    },
  };
}

/** A buffer that holds the tensor alone and may be transferred: its own where that is so, else a copy. */
function ownBufferOf(tensor: Uint8Array): ArrayBuffer {
  const { buffer } = tensor;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === tensor.byteLength) return buffer;
  return new Uint8Array(tensor).buffer;
}
