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
const files = await RunFiles.open(state, runKey);
await files.writeSettings({
  input: path.resolve(input),
  output: path.resolve(output),
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
  context: await createStageContext(state, runKey, pipeline),
  resampler: async () => {
    resampler ??= await createResampler(fs.readFileSync(resamplerWasmUrl()));
    return resampler;
  },
};
/** CPU seconds of this process by stage; the threads of the classifier are of it. */
const cpuSeconds = {};
async function step(name, work) {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  cpuSeconds[name] = (cpuSeconds[name] ?? 0) + (user + system) / 1e6;
  return result;
}
const call = (name, args) => step(name, () => STAGES[name](tools, { run, ...args }));

const startedAt = new Date().toISOString();
const startUp = process.cpuUsage();
const classifier = await step('loadModel', () =>
  createClassifier(bundle, { provider: 'cpu', threads: Number(threads ?? availableParallelism()) }),
);
const loaded = { bundleSha256: bundle.sha256, classifier };
const listing = await call('listSourceFiles');
for (let shard = 0; shard < listing.shardCount; shard += 1) await call('scanHeaders', { shard });
const { batchCount } = await call('planBatches', { listing });
for (let batch = 0; batch < batchCount; batch += 1) {
  await call('deidentifyBatch', { batch });
  const { pending } = await call('groupBatch', { batch });
  for (let from = 0; from < pending; from += UNITS_PER_CALL) {
    const to = Math.min(from + UNITS_PER_CALL, pending);
    await call('preprocessUnits', { batch, from, to });
    await step('classifyUnits', () => classifyUnits(tools.context, loaded, batch, from, to));
  }
  await call('publishBatch', { batch });
}
await call('publishManifest', { listing, batchCount, startedAt });
await classifier.close();
cpuSeconds.startUp = (startUp.user + startUp.system) / 1e6;
console.log(JSON.stringify({ cpuSeconds }));
