// One process of bench/deidentify.mjs: does the same with every one of its files whenever it is told to.
//
//   node bench/deidentify-tool.mjs TOOL SOURCE I N     (files number I, I + N, I + 2N … of the folder SOURCE)
//
// stdin: a folder a line, new and empty; for each line one on stdout: {"wallMs", "cpuMs"} for a file. The peer in Python
// (deidentify_peer.py) is spoken to alike.
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const load = (file) => import(path.join(root, 'dist', file));
const [tool, source, index, count] = process.argv.slice(2);
const names = fs
  .readdirSync(source)
  .sort()
  .filter((_, at) => at % Number(count) === Number(index));

/** What a run does with a file: `deidentifyEntry`. */
async function deidentifier() {
  const { deidentifyEntry } = await load('activities/instances.js');
  const { SourceReader } = await load('activities/store/sources.js');
  const { openInput, openStore } = await load('activities/store/open-store.js');
  const { resolveProfile } = await load('stages/deidentify/profile.js');
  const { createPseudonymizer } = await load('stages/deidentify/pseudonyms.js');
  const { pipelineSchema } = await load('pipelines/schema.js');
  const pipeline = pipelineSchema.parse({ name: 'bench' });
  let folder = null;
  const context = {
    pipeline,
    profile: resolveProfile(pipeline.deidentify),
    pseudonymizer: createPseudonymizer(new Uint8Array(32).fill(7)),
    output: null,
  };
  const reader = new SourceReader({ input: await openInput(source), spooled: () => null });
  const entries = new Map(
    names.map((name) => {
      const { size, mtimeMs } = fs.statSync(path.join(source, name));
      const sourceKey = context.pseudonymizer.sourceKey(name, null);
      return [name, { sourceKey, path: name, member: null, bytes: size, mtimeMs, problem: null }];
    }),
  );
  return async (name, target) => {
    if (target !== folder) context.output = await openStore(target);
    folder = target;
    const { record } = await deidentifyEntry(context, reader, entries.get(name));
    if (record.disposition !== 'kept') throw new Error('a file was not kept');
  };
}

const TOOLS = {
  copy: async () => (name, target) => fs.copyFileSync(path.join(source, name), path.join(target, name)),
  'read and write': async () => (name, target) =>
    fs.writeFileSync(path.join(target, name), fs.readFileSync(path.join(source, name))),
  serieswise: deidentifier,
};

const work = await TOOLS[tool]();
for await (const target of createInterface({ input: process.stdin })) {
  const wall = performance.now();
  const cpu = process.cpuUsage();
  for (const name of names) await work(name, target);
  const used = process.cpuUsage(cpu);
  const wallMs = (performance.now() - wall) / names.length;
  console.log(JSON.stringify({ wallMs, cpuMs: (used.user + used.system) / 1000 / names.length }));
}
