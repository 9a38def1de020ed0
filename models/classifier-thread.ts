/**
 * The thread that holds a bundle's ONNX Runtime sessions. `session.run` blocks the thread that it is called from, so
 * inference has one of its own; sessions are made once, since ONNX Runtime keeps their memory (microsoft/onnxruntime
 * #25325).
 */
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ClassifierErrorCode } from './errors.ts';
import type { ProviderName } from './providers.ts';

/** A head: the output that holds its logits, and how many there must be. */
export interface HeadSpec {
  task: string;
  output: string;
  labels: number;
}

/** What the thread is started with. */
export interface ThreadSpec {
  networks: { path: string; heads: HeadSpec[] }[];
  inputName: string;
  /** Full shape of a batch's input. It never changes: CUDA searches its convolutions anew for each shape. */
  inputShape: number[];
  provider: ProviderName;
  threads: number;
}

/** `tensors`: a whole batch, of which the first `ids.length` volumes are asked for. */
export type ThreadRequest = { kind: 'classify'; ids: number[]; tensors: ArrayBuffer } | { kind: 'close' };

export interface ThreadFailure {
  code: ClassifierErrorCode;
  message: string;
}

/** Logits by task, or why there are none. */
export type ThreadAnswer = { id: number } & ({ logits: Record<string, Float32Array> } | ThreadFailure);

export type ThreadReply =
  | { kind: 'ready' }
  | ({ kind: 'unusable' } & ThreadFailure)
  | { kind: 'answered'; answers: ThreadAnswer[] };

interface Network {
  session: InferenceSession;
  heads: HeadSpec[];
}

/** A network that is not what its card says. */
class NetworkMismatch extends Error {}

const OUT_OF_MEMORY =
  /out of memory|bad_?alloc|failed to allocate|CUDA_ERROR_OUT_OF_MEMORY|CUDA failure 2\b|ALLOC_FAILED/i;
const PROVIDER_MISSING =
  /providers_(cuda|shared)|backend not found|execution provider .*(not|un)\s?(supported|available|enabled)|libcu|libnv|no CUDA-capable device|driver version is insufficient|CUDA failure (35|100)\b/i;
const DEVICE_LOST = /CUDA|CUDNN|CUBLAS|device.*(lost|removed|hung)|Xid/i;

/** The kind of a failure, from ONNX Runtime's words: it gives no codes. */
function codeOf(error: unknown, loading: boolean): ClassifierErrorCode {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NetworkMismatch) return 'model-invalid';
  if (OUT_OF_MEMORY.test(message)) return 'out-of-memory';
  if (loading && PROVIDER_MISSING.test(message)) return 'provider-missing';
  if (DEVICE_LOST.test(message)) return 'device-lost';
  return 'model-invalid';
}

/** The first line of a message, without the paths of source files and networks that ONNX Runtime puts in. */
function cleanMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').replace(/(?:\/[\w.+-]+){2,}\/?/g, '…').slice(0, 400);
}

async function loadNetwork(spec: ThreadSpec, file: string, heads: HeadSpec[]): Promise<Network> {
  const session = await InferenceSession.create(file, {
    // One provider, decided by the caller. ONNX Runtime itself puts nodes on the CPU that a device cannot do.
    executionProviders: [spec.provider],
    intraOpNumThreads: spec.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // An arena keeps its memory between runs, a quarter less CPU time for a small network. A session has one of its
    // own, and those of several networks would add up: without, memory goes back after each run.
    enableCpuMemArena: spec.networks.length === 1,
    enableMemPattern: true,
    // Threads that spin between runs take CPU time from the stages that prepare the next tensor.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // Failures are thrown and told by code; on standard error they would only disturb.
    logSeverityLevel: 4,
  });
  checkNetwork(spec, session, heads);
  return { session, heads };
}

function checkNetwork(spec: ThreadSpec, session: InferenceSession, heads: HeadSpec[]): void {
  if (session.inputNames.length !== 1 || session.inputNames[0] !== spec.inputName) {
    throw new NetworkMismatch(`the network has no single input named ${spec.inputName}`);
  }
  const [input] = session.inputMetadata;
  if (input?.isTensor !== true || input.type !== 'uint8') {
    throw new NetworkMismatch('the input of the network is not uint8');
  }
  if (!shapesAgree(input.shape, spec.inputShape)) {
    throw new NetworkMismatch(
      `the input of the network is [${input.shape}], the card says [${spec.inputShape}]`,
    );
  }
  for (const { task, output, labels } of heads) {
    const found = session.outputMetadata[session.outputNames.indexOf(output)];
    if (found === undefined)
      throw new NetworkMismatch(`the network has no output ${output} for task ${task}`);
    if (
      !found.isTensor ||
      found.type !== 'float32' ||
      !shapesAgree(found.shape, [spec.inputShape[0] ?? 1, labels])
    ) {
      throw new NetworkMismatch(
        `output ${output} is not float32 [N, ${labels}] as the card says for task ${task}`,
      );
    }
  }
}

/** Whether a declared shape, in which names stand for any size, takes an actual one. */
function shapesAgree(declared: readonly (number | string)[], actual: readonly number[]): boolean {
  return (
    declared.length === actual.length &&
    declared.every((size, index) => typeof size === 'string' || size === actual[index])
  );
}

/** One run of each network for the whole batch. A volume whose logits are no numbers fails alone. */
async function classify(
  spec: ThreadSpec,
  networks: Network[],
  ids: number[],
  tensors: ArrayBuffer,
): Promise<ThreadAnswer[]> {
  const [batchSize = 1] = spec.inputShape;
  const tensor = new Tensor('uint8', new Uint8Array(tensors), spec.inputShape);
  const results = ids.map((id) => ({ id, logits: {} as Record<string, Float32Array> }));
  const invalid = new Map<number, string>();
  for (const { session, heads } of networks) {
    const outputs = await session.run(
      { [spec.inputName]: tensor },
      heads.map(({ output }) => output),
    );
    for (const { task, output, labels } of heads) {
      const values = outputs[output]?.data;
      if (!(values instanceof Float32Array) || values.length !== batchSize * labels) {
        throw new NetworkMismatch(`output ${output} does not hold ${labels} numbers for each volume`);
      }
      for (const [row, { logits, id }] of results.entries()) {
        // A copy: the runtime's own buffer may not be transferred.
        logits[task] = values.slice(row * labels, (row + 1) * labels);
        if (!logits[task].every(Number.isFinite)) invalid.set(id, output);
      }
    }
  }
  return results.map((result) => {
    const output = invalid.get(result.id);
    if (output === undefined) return result;
    return { id: result.id, code: 'model-invalid', message: `output ${output} holds what is no number` };
  });
}

async function serve(port: NonNullable<typeof parentPort>, spec: ThreadSpec): Promise<void> {
  const send = (reply: ThreadReply) => port.postMessage(reply);
  const networks: Network[] = [];
  try {
    for (const { path, heads } of spec.networks) networks.push(await loadNetwork(spec, path, heads));
  } catch (error) {
    send({ kind: 'unusable', code: codeOf(error, true), message: cleanMessage(error) });
    port.close();
    return;
  }
  // One batch after another: a second run at once would double the memory and share the same cores.
  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: ThreadRequest) => {
    last = last.then(async () => {
      if (request.kind === 'close') {
        for (const { session } of networks) await session.release();
        port.close();
        return;
      }
      const { ids, tensors } = request;
      const answers = await classify(spec, networks, ids, tensors).catch((error: unknown) => {
        const failure = { code: codeOf(error, false), message: cleanMessage(error) };
        return ids.map((id): ThreadAnswer => ({ id, ...failure }));
      });
      send({ kind: 'answered', answers });
    });
  });
  send({ kind: 'ready' });
}

if (parentPort !== null) await serve(parentPort, workerData as ThreadSpec);
