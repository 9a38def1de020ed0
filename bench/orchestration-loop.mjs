// The stages of a run called one after the other in one process, without Temporal: the floor that orchestration.mjs
// compares a run with. Usage: node bench/orchestration-loop.mjs PIPELINE INPUT OUTPUT STATE THREADS
import fs from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { classifyUnits } from '../dist/activities/classify.js';
import { createStageContext } from '../dist/activities/context.js';
import { STAGES } from '../dist/activities/stages.js';
import { RunFiles, runKeyOf } from '../dist/activities/store/run-files.js';
import { openState } from '../dist/activities/store/state.js';
import { loadRunnablePipeline } from '../dist/cli/load-pipeline.js';
import { createClassifier } from '../dist/models/classifier.js';
import { createResampler, resamplerWasmUrl } from '../dist/stages/preprocess/preprocess-volume.js';
import { productVersion } from '../dist/workers/package-root.js';

/** As many units as a run takes at a time; more would change nothing but the order. */
const UNITS_PER_CALL = 4;

const [pipelineFile, input, output, stateFolder, threads] = process.argv.slice(2);
const { pipeline, digest, bundle } = await loadRunnablePipeline(pipelineFile, []);
const state = openState(stateFolder);
const runKey = runKeyOf(state, output);
const files = new RunFiles(state, runKey);
fs.mkdirSync(output, { recursive: true });
files.writeSettings({
  inputPath: path.resolve(input),
  outputFolder: path.resolve(output),
  bundleFolder: bundle.folder,
});
const run = {
  runKey,
  pipeline,
  pipelineDigest: digest,
  bundle: {
    name: bundle.name,
    version: bundle.version,
    sha256: bundle.sha256,
    files: Object.fromEntries(Object.entries(bundle.card.files).map(([name, file]) => [name, file.sha256])),
  },
  productVersion: productVersion(),
};
let resampler = null;
const tools = {
  context: createStageContext(state, runKey, pipeline),
  resampler: async () => {
    resampler ??= await createResampler(fs.readFileSync(resamplerWasmUrl()));
    return resampler;
  },
};
const startedAt = new Date().toISOString();
const classifier = await createClassifier(bundle, {
  provider: 'cpu',
  threads: Number(threads ?? availableParallelism()),
});
const listing = await STAGES.listSourceFiles(tools, { run });
for (let shard = 0; shard < listing.shardCount; shard += 1) await STAGES.scanHeaders(tools, { run, shard });
const { batchCount } = await STAGES.planBatches(tools, { run, listing });
for (let batch = 0; batch < batchCount; batch += 1) {
  await STAGES.deidentifyBatch(tools, { run, batch });
  const { pending } = await STAGES.groupBatch(tools, { run, batch });
  for (let from = 0; from < pending; from += UNITS_PER_CALL) {
    const to = Math.min(from + UNITS_PER_CALL, pending);
    await STAGES.preprocessUnits(tools, { run, batch, from, to });
    await classifyUnits(tools.context, { bundleSha256: bundle.sha256, classifier }, batch, from, to);
  }
  await STAGES.publishBatch(tools, { run, batch });
}
await STAGES.publishManifest(tools, { run, listing, batchCount, startedAt });
await classifier.close();
