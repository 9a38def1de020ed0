/** Knows a run that is finished and has nothing new to do, without a server. */
import { createHash, createHmac } from 'node:crypto';
import { canonicalJson } from '../pipelines/digest.ts';
import { isRetrieved } from '../pipelines/source-kinds.ts';
import type { StageContext } from './context.ts';
import { isComplete } from './deidentify.ts';
import type { BatchRows } from './publish.ts';
import type { RunSummary } from './publish-manifest.ts';
import type { RunReference } from './run-reference.ts';
import { type Input, listInput } from './store/open-store.ts';
import type { RunFiles } from './store/run-files.ts';
import type { State } from './store/state.ts';
import { STEP_VERSIONS } from './versions.ts';

interface Finished {
  /** Null once labels were decided anew: what is there is then no run's of any settings. */
  fingerprint: string | null;
  batchCount: number;
  summary: RunSummary;
}

/**
 * Stands for everything that a run's result follows from: names, sizes, times and tags of the input's files, spec,
 * bundle and versions. Keyed, since it is made from names.
 */
export async function fingerprintOf(state: State, input: Input, run: RunReference): Promise<string> {
  const hash = createHmac('sha256', state.key);
  hash.update(
    canonicalJson({
      pipeline: run.pipelineDigest,
      bundle: run.bundle.sha256,
      versions: STEP_VERSIONS,
      product: run.productVersion,
    }),
  );
  const { source } = run.pipeline;
  if (isRetrieved(source)) hash.update(canonicalJson(source));
  for await (const file of listInput(input)) {
    if (file === null) continue;
    hash.update(`\0${file.name}\0${file.bytes}\0${file.modifiedMs}`);
    if (file.tag !== undefined) hash.update(`\0${file.tag}`);
  }
  return hash.digest('hex');
}

export async function writeFinished(
  context: StageContext,
  fingerprint: string | null,
  batchCount: number,
  summary: RunSummary,
): Promise<void> {
  await context.files.writeJson('finished.json', { fingerprint, batchCount, summary } satisfies Finished);
}

/**
 * To be called before anything of an output changes: what a killed run of other settings leaves there must not pass for
 * the finished run before it.
 */
export async function forgetFinished({ files }: StageContext): Promise<void> {
  await files.store.remove('finished.json');
}

/** What the last run on the output came to, whatever its settings; null when it did not end, or not in this state. */
export async function readLastEnd(files: RunFiles): Promise<Omit<Finished, 'fingerprint'> | null> {
  return files.readJson<Finished>('finished.json');
}

/** The summary of the finished run, or null when something is new, gone or changed. */
export async function readFinished(context: StageContext, fingerprint: string): Promise<RunSummary | null> {
  const { files, output } = context;
  const finished = await files.readJson<Finished>('finished.json');
  if (finished === null || finished.fingerprint !== fingerprint) return null;
  const run = await output.read('run.json');
  if (run === null) return null;
  const { manifest } = JSON.parse(run.toString('utf8')) as {
    manifest: { path: string; sha256: string }[];
  };
  for (const file of manifest) {
    const bytes = await output.read(file.path);
    if (bytes === null || createHash('sha256').update(bytes).digest('hex') !== file.sha256) return null;
  }
  for (let batch = 0; batch < finished.batchCount; batch += 1) {
    const rows = await files.readJson<BatchRows>(files.names.rows(batch));
    if (rows === null || !(await isComplete(context, rows, batch))) return null;
  }
  return finished.summary;
}
