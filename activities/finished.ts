/** Knows a run that is finished and has nothing new to do, without a server. */
import { createHash, createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { canonicalJson } from '../pipelines/digest.ts';
import { isRetrieved } from '../pipelines/source-kinds.ts';
import type { StageContext } from './context.ts';
import { isComplete } from './deidentify.ts';
import type { BatchRows } from './publish.ts';
import type { RunSummary } from './publish-manifest.ts';
import type { RunReference } from './run-reference.ts';
import type { State } from './store/state.ts';
import { walkInput } from './store/walk.ts';
import { STEP_VERSIONS } from './versions.ts';

interface Finished {
  fingerprint: string;
  batchCount: number;
  summary: RunSummary;
}

/**
 * Stands for everything that a run's result follows from: names, sizes and times of the input's files, spec, bundle
 * and versions. Keyed, since it is made from names.
 */
export function fingerprintOf(state: State, inputPath: string, run: RunReference): string {
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
  // A run over a PACS has no input but perhaps a list.
  for (const file of inputPath === '' ? [] : walkInput(inputPath)) {
    if (file !== null) hash.update(`\0${file.path}\0${file.bytes}\0${file.mtimeMs}`);
  }
  return hash.digest('hex');
}

export function writeFinished(
  context: StageContext,
  fingerprint: string,
  batchCount: number,
  summary: RunSummary,
): void {
  context.files.writeJson('finished.json', { fingerprint, batchCount, summary } satisfies Finished);
}

/** The summary of the finished run, or null when something is new, gone or changed. */
export function readFinished(context: StageContext, fingerprint: string): RunSummary | null {
  const { files } = context;
  const finished = files.readJson<Finished>('finished.json');
  if (finished === null || finished.fingerprint !== fingerprint) return null;
  const run = path.join(files.settings.outputFolder, 'run.json');
  if (!fs.existsSync(run)) return null;
  const { manifest } = JSON.parse(fs.readFileSync(run, 'utf8')) as {
    manifest: { path: string; sha256: string }[];
  };
  for (const file of manifest) {
    const location = files.published(file.path);
    if (!fs.existsSync(location)) return null;
    if (createHash('sha256').update(fs.readFileSync(location)).digest('hex') !== file.sha256) return null;
  }
  for (let batch = 0; batch < finished.batchCount; batch += 1) {
    const rows = files.readJson<BatchRows>(files.names.rows(batch));
    if (rows === null || !isComplete(context, rows, batch)) return null;
  }
  return finished.summary;
}
