// De-identification from disk to disk: what a run does with each file (`deidentifyEntry`), and floors.
import fs from 'node:fs';
import path from 'node:path';
import { deidentifyEntry } from '../../dist/activities/instances.js';
import { openInput, openStore } from '../../dist/activities/store/open-store.js';
import { SourceReader } from '../../dist/activities/store/sources.js';
import { pipelineSchema } from '../../dist/pipelines/schema.js';
import { resolveProfile } from '../../dist/stages/deidentify/profile.js';
import { createPseudonymizer } from '../../dist/stages/deidentify/pseudonyms.js';
import { serveRounds } from '../harness/serve-rounds.mjs';

const namesIn = (source) =>
  fs
    .readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(source, path.join(entry.parentPath, entry.name)))
    .sort();

async function serieswise({ source }) {
  const pipeline = pipelineSchema.parse({ name: 'bench' });
  const context = {
    pipeline,
    profile: resolveProfile(pipeline.deidentify),
    pseudonymizer: createPseudonymizer(new Uint8Array(32).fill(7)),
    output: null,
  };
  const reader = new SourceReader({ input: await openInput(source), spooled: () => null });
  const entries = namesIn(source).map((name) => {
    const { size, mtimeMs } = fs.statSync(path.join(source, name));
    const sourceKey = context.pseudonymizer.sourceKey(name, null);
    return { sourceKey, path: name, member: null, bytes: size, mtimeMs, problem: null };
  });
  const work = async ({ target }) => {
    context.output = await openStore(target);
    let files = 0;
    for (const entry of entries) {
      const { record } = await deidentifyEntry(context, reader, entry);
      if (record.disposition === 'kept') files += 1;
    }
    return { files };
  };
  return { work };
}

async function readAndWrite({ source }) {
  const names = namesIn(source);
  const work = ({ target }) => {
    for (const [index, name] of names.entries())
      fs.writeFileSync(path.join(target, String(index)), fs.readFileSync(path.join(source, name)));
  };
  return { work };
}

await serveRounds({ serieswise, readAndWrite });
