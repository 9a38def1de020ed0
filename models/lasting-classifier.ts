/** A classifier that outlives what can befall a device: its session is disposed of and made again. */
import type { Bundle } from './bundle.ts';
import { type Classifier, type ClassifierOptions, createClassifier, DEFAULT_BATCHES } from './classifier.ts';
import { ClassifierError } from './errors.ts';

/** As often in a row a new session may fail on the device before it is given up. */
const MAX_LOSSES = 2;

export interface LastingOptions extends ClassifierOptions {
  /**
   * Told when the device does not come back within this process. A CUDA context that was lost cannot be made again in
   * the process that had it: only a new one finds the device.
   */
  onDeviceGone(error: ClassifierError): void;
}

/**
 * Loads a bundle and its sessions. A call that fails for a reason that may pass (`retryable`) still fails; before the
 * next one the session is made again, after `out-of-memory` with half the batch. Batches do not grow again.
 * @param load reads and checks the bundle, each time: a file that has changed since is refused
 * @throws ClassifierError, or what `load` throws
 */
export async function createLastingClassifier(
  load: () => Promise<Bundle>,
  options: LastingOptions,
): Promise<Classifier> {
  let { maxSize, maxWaitMs } = options.batches ?? DEFAULT_BATCHES[options.provider];
  let losses = 0;
  const open = async () => createClassifier(await load(), { ...options, batches: { maxSize, maxWaitMs } });
  const first = await open();
  /** Null once it has failed: the next call opens it again. */
  let session: Promise<Classifier> | null = Promise.resolve(first);
  let disposed: Promise<void> = Promise.resolve();

  /** Calls that share a session fail together: the first of them gives it up. */
  function giveUp(failed: Promise<Classifier>, error: unknown): void {
    if (session !== failed) return;
    session = null;
    // Two sessions at once would need the memory of both.
    disposed = failed.then((classifier) => classifier.close()).catch(() => {});
    if (!(error instanceof ClassifierError)) return;
    if (error.code === 'out-of-memory') maxSize = Math.max(1, Math.floor(maxSize / 2));
    // Without a device ONNX Runtime says that the provider is not there.
    losses = error.code === 'device-lost' || error.code === 'provider-missing' ? losses + 1 : 0;
    if (losses > MAX_LOSSES) options.onDeviceGone(error);
  }

  return {
    provider: first.provider,
    bundle: first.bundle,
    get batchSize() {
      return maxSize;
    },
    async classify(tensor) {
      session ??= disposed.then(open);
      const current = session;
      let isOpen = false;
      try {
        const classifier = await current;
        isOpen = true;
        const predictions = await classifier.classify(tensor);
        losses = 0;
        return predictions;
      } catch (error) {
        if (!isOpen || (error instanceof ClassifierError && error.retryable)) giveUp(current, error);
        throw error;
      }
    },
    async close() {
      await session?.then((classifier) => classifier.close()).catch(() => {});
      await disposed;
    },
  };
}
