/** A changed plugin is a changed pipeline, and does again only what rests on it (#8). */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createStageContext, type StageContext } from '../../activities/context.ts';
import { batchKeyOf, deidentifyBatch } from '../../activities/deidentify.ts';
import { listSourceFiles, planBatches, scanHeaders } from '../../activities/discover.ts';
import { groupBatch, readGroups, readRecords } from '../../activities/group.ts';
import { importPlugin, referenceOf } from '../../activities/plugins.ts';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import { openState } from '../../activities/store/state.ts';
import { makeArchive } from '../../demo/archive.ts';
import { loadPipeline } from '../../pipelines/load.ts';
import { pipelineSchema } from '../../pipelines/schema.ts';
import { runProgram } from '../cli/program.ts';
import { makeFolder } from '../e2e/run-folders.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';

const folder = makeFolder('plugins');
const input = path.join(folder, 'input');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const EXAMPLE = path.join(repositoryRoot, 'examples/sdk/thin-slices.yaml');
const CODE = fs.readFileSync(path.join(repositoryRoot, 'examples/sdk/thick-slices.mjs'), 'utf8');

async function openContext(code: string, maxSpacingMm: number): Promise<StageContext> {
  const output = path.join(folder, 'output');
  fs.mkdirSync(output, { recursive: true });
  const state = openState(path.join(folder, 'state'));
  const files = await RunFiles.open(state, runKeyOf(state, output));
  const module = referenceOf(await importPlugin(code), code);
  const plugins = { [module.split('#')[1]!]: code };
  await files.writeSettings({ input, output, bundleFolder: folder, plugins });
  const options = { max_spacing_mm: maxSpacingMm };
  const spec = { name: 'plugins', plugins: [{ module, options }] };
  return createStageContext(state, runKeyOf(state, output), pipelineSchema.parse(spec));
}

it('is part of the key of a batch, by its code and its options, and touches no record', async () => {
  await makeArchive(input, { seed: 3, series: 3, slices: 6 });
  const first = await openContext(CODE, 0.01);
  const listing = await listSourceFiles(first);
  for (let shard = 0; shard < listing.shardCount; shard += 1) await scanHeaders(first, shard);
  await planBatches(first, listing);
  await deidentifyBatch(first, 0, '');
  await groupBatch(first, 0, '');
  const excluded = (await readGroups(first, 0)).units.filter(({ reason }) => reason === 'excluded-by-plugin');
  expect(excluded.length).toBeGreaterThan(0);
  expect(excluded[0]!.ruleEvidence[0]).toBe('plugin=thick-slices');

  const contexts = [first, await openContext(`${CODE}// changed\n`, 0.01), await openContext(CODE, 1000)];
  const keys = await Promise.all(contexts.map((context) => batchKeyOf(context, 0, '')));
  expect(new Set(keys).size).toBe(3);

  // Whoever reads a source file again now finds nothing in it.
  for (const entry of fs.readdirSync(input, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { size, atime, mtime } = fs.statSync(file);
    fs.writeFileSync(file, Buffer.alloc(size));
    fs.utimesSync(file, atime, mtime);
  }
  const before = await readRecords(first, 0);
  const last = contexts[2]!;
  await deidentifyBatch(last, 0, '');
  expect(await readRecords(last, 0)).toEqual(before);
  await groupBatch(last, 0, '');
  const { units } = await readGroups(last, 0);
  expect(units.map(({ reason }) => reason)).not.toContain('excluded-by-plugin');
});

it('is refused by a worker that has not its code', async () => {
  const context = await openContext(CODE, 1);
  const spec = { name: 'plugins', plugins: [{ module: `thick-slices#${'0'.repeat(64)}` }] };
  const state = openState(path.join(folder, 'state'));
  const runKey = runKeyOf(state, path.join(folder, 'output'));
  expect(context.plugins).toHaveLength(1);
  await expect(createStageContext(state, runKey, pipelineSchema.parse(spec))).rejects.toMatchObject({
    code: 'plugin-missing',
    kind: 'environment',
  });
});

describe('a module that is no plugin', () => {
  const good = 'export default { name: "a", exclude: () => false };';
  it.each([
    [`import fs from 'fs'; ${good}`, 'imports "fs"'],
    [`import { a } from './other.mjs'; ${good}`, 'imports "./other.mjs"'],
    [`import './other.mjs';\n${good}`, 'imports "./other.mjs"'],
    [`${good}\nexport * from "file:///other.mjs";`, 'imports "file:///other.mjs"'],
    ["export default { name: 'a', exclude: () => import('lodash') };", 'imports "lodash"'],
    ['export default {', 'cannot be loaded'],
    ['throw new Error("ZZTEST^CANARY");', 'cannot be loaded'],
    ['export const rule = {};', 'default.name'],
    ['export default { name: "Not Kebab", exclude() {} };', 'default.name'],
    ['export default { name: "a" };', 'default.exclude'],
  ])('is refused: %s', async (code, message) => {
    await expect(importPlugin(code)).rejects.toThrow(message);
    await expect(importPlugin(code)).rejects.not.toThrow('CANARY');
  });

  it('may import what comes with Node', async () => {
    expect((await importPlugin(`import { hash } from 'node:crypto'; ${good}`)).name).toBe('a');
  });
});

it('goes by name and digest once the spec is read, and a wrong one is shown at its place', async () => {
  const { exitCode, stdout } = runProgram(['validate', EXAMPLE, '--json']);
  expect(exitCode).toBe(0);
  const { pipeline, digest } = JSON.parse(stdout);
  expect(pipeline.plugins).toEqual([
    { module: referenceOf(await importPlugin(CODE), CODE), options: { max_spacing_mm: 3 } },
  ]);
  expect(digest).not.toBe((await loadPipeline('name: thin-slices', 'p.yaml')).digest);
  const wrong = path.join(folder, 'wrong.yaml');
  fs.writeFileSync(wrong, 'name: wrong\nplugins:\n  - module: absent.mjs\n  - module: bad.mjs\n');
  fs.writeFileSync(path.join(folder, 'bad.mjs'), "import x from 'lodash'; export default x;");
  const refused = runProgram(['validate', wrong]);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain(`${wrong}:3:13: plugins.0.module: the file cannot be read`);
  expect(refused.stderr).toContain(`${wrong}:4:13: plugins.1.module: imports "lodash"`);
});
