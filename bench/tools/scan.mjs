// Header scan and grouping: what `serieswise plan` does, and the floor of reading.
import fs from 'node:fs';
import path from 'node:path';
import { forecastRun } from '../../dist/activities/plan.js';
import { openInput } from '../../dist/activities/store/open-store.js';
import { SourceReader } from '../../dist/activities/store/sources.js';
import { pipelineSchema } from '../../dist/pipelines/schema.js';
import { resolveProfile } from '../../dist/stages/deidentify/profile.js';
import { createPseudonymizer } from '../../dist/stages/deidentify/pseudonyms.js';
import { serveRounds } from '../harness/serve-rounds.mjs';

const FIRST_READ_BYTES = 16 * 1024;

async function serieswise({ source }) {
  const pipeline = pipelineSchema.parse({ name: 'bench' });
  const options = {
    input: await openInput(source),
    pipeline,
    profile: resolveProfile(pipeline.deidentify),
    pseudonymizer: createPseudonymizer(new Uint8Array(32).fill(7)),
  };
  const work = async () => {
    const reader = new SourceReader({ input: options.input, spooled: () => null });
    const { series, keptSlices } = await forecastRun(options, (entry, bytes) => reader.read(entry, bytes));
    reader.close();
    return { series: series.kept, slices: keptSlices };
  };
  return { work };
}

/** Finds every file and reads as much of it as a header needs. */
async function readHeaders({ source }) {
  const buffer = Buffer.alloc(FIRST_READ_BYTES);
  const work = () => {
    for (const entry of fs.readdirSync(source, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const descriptor = fs.openSync(path.join(entry.parentPath, entry.name), 'r');
      fs.readSync(descriptor, buffer, 0, FIRST_READ_BYTES, 0);
      fs.closeSync(descriptor);
    }
  };
  return { work };
}

await serveRounds({ serieswise, readHeaders });
