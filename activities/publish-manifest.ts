/** publish, last step: the manifest of the whole run, the ledger, and nothing else left in the output. */
import os from 'node:os';
import type { RowOf, TableName } from '../manifest/schema.ts';
import { writeTable } from '../manifest/write.ts';
import { isRetrieved } from '../pipelines/source-kinds.ts';
import { tidyOutput, tidyPrivateFiles } from './clean-up.ts';
import type { StageContext } from './context.ts';
import type { Listing } from './discover.ts';
import { StageFailure } from './failures.ts';
import { type BatchRows, type BundleReference, countDispositions } from './publish.ts';
import { rowsOfRetrieval } from './retrieve.ts';
import type { ManifestFile, RunDocument } from './run-document.ts';
import type { Store } from './store/store.ts';
import { TextSet } from './store/text-set.ts';
import { STEP_VERSIONS } from './versions.ts';

/** Parts are cut at batches, once they hold this many instances: bounded memory, few files. */
const INSTANCES_PER_PART = 50_000;

/** What the end of a run says; also in run.json. */
export interface RunSummary {
  filesSeen: number;
  instances: Record<string, number>;
  instanceReasons: Record<string, number>;
  series: Record<string, number>;
  seriesReasons: Record<string, number>;
  needsReview: number;
  /** How many kept units have each label, by task. */
  labels: Record<string, Record<string, number>>;
  /** Of a source that is a PACS: how many of the wanted studies came, by outcome, and why not, by reason. */
  retrievals?: { studies: Record<string, number>; reasons: Record<string, number> };
}

export interface PublishRequest {
  listing: Listing;
  batchCount: number;
  bundle: BundleReference & { files: Record<string, string> };
  pipelineDigest: string;
  productVersion: string;
  startedAt: string;
}

/**
 * Compacts the rows of all batches into Parquet, checks the ledger, writes run.json, and removes what earlier runs
 * left over.
 * @throws StageFailure `ledger-broken` when rows and source files do not add up
 */
export async function publishManifest(context: StageContext, request: PublishRequest): Promise<RunSummary> {
  const { files, output, pipeline } = context;
  const { listing, batchCount, bundle } = request;
  const summary: RunSummary = {
    filesSeen: listing.files,
    instances: {},
    instanceReasons: {},
    series: {},
    seriesReasons: {},
    needsReview: 0,
    labels: { body_part: {}, axis: {}, contrast: {} },
  };
  const manifest: ManifestFile[] = [];
  const outputs = new TextSet();
  const keys = new TextSet();
  let outputBytes = 0;
  let part = 0;
  let pending: BatchRows[] = [];
  const flush = async () => {
    for (const table of ['instances', 'series', 'labels'] as const) {
      const rows = pending.flatMap((batch) => batch[table] as never[]);
      manifest.push(await writePart(context, table, part, rows, request.pipelineDigest));
    }
    part += 1;
    pending = [];
  };
  for (let batch = 0; batch < batchCount; batch += 1) {
    const rows = await files.readJson<BatchRows>(files.names.rows(batch));
    if (rows === null)
      throw new StageFailure('batch-missing', 'transient', 'The rows of a batch are missing.');
    tally(summary, rows);
    for (const row of rows.instances) keys.add(row.source_key);
    for (const output of rows.outputs) {
      outputs.add(output.path);
      outputBytes += output.bytes;
    }
    pending.push(rows);
    if (pending.reduce((sum, each) => sum + each.instances.length, 0) >= INSTANCES_PER_PART) await flush();
  }
  if (pending.length > 0 || part === 0) await flush();
  if (isRetrieved(pipeline.source)) {
    const rows = await rowsOfRetrieval(context);
    summary.retrievals = countRetrievals(rows);
    manifest.push(await writePart(context, 'retrievals', 0, rows, request.pipelineDigest));
  }

  const rowCount = Object.values(summary.instances).reduce((sum, count) => sum + count, 0);
  if (rowCount !== listing.files || keys.size !== listing.files) {
    const message = `The ledger does not add up: ${listing.files} source files, ${rowCount} rows, ${keys.size} keys.`;
    throw new StageFailure('ledger-broken', 'permanent', message);
  }
  await prune(output, 'manifest', new Set(manifest.map((file) => file.path)));
  for (const folder of ['dicom', 'tensors', 'thumbnails']) await prune(output, folder, outputs);
  const run: RunDocument = {
    schema_version: 1,
    serieswise_version: request.productVersion,
    pipeline,
    pipeline_digest: request.pipelineDigest,
    bundle: { name: bundle.name, version: bundle.version, sha256: bundle.sha256, files: bundle.files },
    step_versions: STEP_VERSIONS,
    ledger: {
      files_seen: listing.files,
      bytes_seen: listing.bytes,
      archives_opened: listing.archives,
      links_skipped: listing.skippedLinks,
      instances: summary.instances,
      instance_reasons: summary.instanceReasons,
      series: summary.series,
      series_reasons: summary.seriesReasons,
      needs_review: summary.needsReview,
      labels: summary.labels,
      ...(summary.retrievals === undefined ? {} : { retrievals: summary.retrievals }),
    },
    manifest,
    outputs: { files: outputs.size, bytes: outputBytes },
    started_at: request.startedAt,
    finished_at: new Date().toISOString(),
    host: { name: os.hostname(), platform: process.platform, arch: process.arch, node: process.version },
  };
  await output.write('run.json', `${JSON.stringify(run, null, 2)}\n`);
  await output.settle(['']);
  await tidyOutput(output);
  await tidyPrivateFiles(files);
  return summary;
}

async function writePart<Table extends TableName>(
  context: StageContext,
  table: Table,
  part: number,
  rows: readonly RowOf<Table>[],
  pipelineDigest: string,
): Promise<ManifestFile> {
  const relative = `manifest/${table}/part-${String(part).padStart(5, '0')}.parquet`;
  const written = await context.output.writeFrom(relative, (file) =>
    writeTable(file, table, rows, { pipelineDigest }),
  );
  return { path: relative, bytes: written.bytes, rows: written.rows, sha256: written.sha256 };
}

/** Studies by outcome, and reasons of those that are not just complete. */
function countRetrievals(rows: readonly RowOf<'retrievals'>[]): NonNullable<RunSummary['retrievals']> {
  const counts = { studies: {}, reasons: {} };
  for (const { level, outcome, reason } of rows) {
    if (level !== 'study') continue;
    add(counts.studies, { [outcome]: 1 });
    if (reason !== null) add(counts.reasons, { [reason]: 1 });
  }
  return counts;
}

function tally(summary: RunSummary, rows: BatchRows): void {
  add(summary.instances, countDispositions(rows.instances));
  add(summary.series, countDispositions(rows.series));
  for (const { reason } of rows.instances) if (reason !== null) add(summary.instanceReasons, { [reason]: 1 });
  for (const row of rows.series) {
    if (row.reason !== null) add(summary.seriesReasons, { [row.reason]: 1 });
    if (row.needs_review === true) summary.needsReview += 1;
  }
  for (const { task, label } of rows.labels) {
    const counts = summary.labels[task] ?? {};
    summary.labels[task] = counts;
    add(counts, { [label]: 1 });
  }
}

function add(counts: Record<string, number>, more: Record<string, number>): void {
  for (const [key, count] of Object.entries(more)) counts[key] = (counts[key] ?? 0) + count;
}

/** Removes files that this run did not publish, and folders that are empty then. */
async function prune(output: Store, folder: string, wanted: Pick<ReadonlySet<string>, 'has'>): Promise<void> {
  for await (const file of output.list(folder)) {
    if (file === null || wanted.has(file.name) || /^manifest\/reviews\//.test(file.name)) continue;
    await output.remove(file.name);
  }
  await output.tidy(folder, { deep: true });
}
