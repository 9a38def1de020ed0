import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import type * as Activities from '../../activities/index.ts';
import type * as OpenSource from '../../activities/sources/open-source.ts';
import type * as Stages from '../../activities/stages.ts';
import type * as RunFilesModule from '../../activities/store/run-files.ts';
import type * as StateModule from '../../activities/store/state.ts';
import type * as SchemaModule from '../../pipelines/schema.ts';
import { pipelineSchema } from '../../pipelines/schema.ts';
import type * as GroupSeries from '../../stages/group/group-series.ts';
import type * as RulesModule from '../../stages/rules.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { makeStack, OPTIONS, range } from '../stages/group/records.ts';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-extend-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** Sources that the examples touch, and what these import. */
const SOURCES = [
  'activities',
  'dicom',
  'dicomweb',
  'dimse',
  'manifest',
  'models',
  'pipelines',
  'stages',
  'workflows',
];

/** Applies examples/extend/NAME.patch to a copy of the sources, and loads `exports` from it. */
async function extended<Module>(name: string, exports: readonly string[]): Promise<Module> {
  const copy = path.join(scratch, name);
  for (const folder of SOURCES) {
    fs.cpSync(path.join(repositoryRoot, folder), path.join(copy, folder), {
      recursive: true,
      filter: (file) => !/\/(bundles|training)$/.test(file),
    });
  }
  fs.symlinkSync(path.join(repositoryRoot, 'node_modules'), path.join(copy, 'node_modules'));
  const patch = path.join(repositoryRoot, 'examples/extend', `${name}.patch`);
  execFileSync('git', ['apply', '-C1', patch], { cwd: copy, stdio: 'pipe' });
  const outfile = path.join(copy, 'extended.mjs');
  const contents = exports.map((file) => `export * from './${file}';`).join('\n');
  const options = { bundle: true, platform: 'node', format: 'esm', packages: 'external' } as const;
  await build({ ...options, stdin: { contents, resolveDir: copy }, outfile });
  return import(pathToFileURL(outfile).href);
}

describe('examples of CONTRIBUTING.md, as patches of the sources', () => {
  it('a rule: thick slabs are left out where a pipeline asks for it, with a reason and what it rests on', async () => {
    const {
      groupSeries,
      pipelineSchema: extendedSchema,
      reasonOfRule,
    } = await extended<typeof GroupSeries & typeof SchemaModule & typeof RulesModule>('rule', [
      'stages/group/group-series.ts',
      'pipelines/schema.ts',
      'stages/rules.ts',
    ]);
    const spec = { name: 'x', exclude: ['thick-slab'] };
    expect(pipelineSchema.safeParse(spec).success).toBe(false);
    const { exclude } = extendedSchema.parse(spec);
    const slabs = makeStack('a', range(0, 6, 25), { frame: { sliceThicknessMm: 25 } });
    const { verdicts } = groupSeries(slabs, { ...OPTIONS, exclude });
    expect(new Set(verdicts.map(({ rule }) => rule))).toEqual(new Set(['thick-slab']));
    expect(verdicts[0]!.ruleEvidence).toEqual(['thickness-mm=25']);
    expect(reasonOfRule('thick-slab' as never)).toBe('thick-slab');
    const asBefore = groupSeries(slabs, { ...OPTIONS, exclude: [] });
    expect(asBefore.units.map(({ disposition }) => disposition)).toEqual(['kept']);
  });

  it('a stage: counts of a batch, from its pure part to a file of the run', async () => {
    const { STAGES, createCpuActivities, openState, RunFiles, groupSeries } = await extended<
      typeof Stages & typeof Activities & typeof StateModule & typeof RunFilesModule & typeof GroupSeries
    >('stage', [
      'activities/stages.ts',
      'activities/index.ts',
      'activities/store/state.ts',
      'activities/store/run-files.ts',
      'stages/group/group-series.ts',
    ]);
    const state = openState(path.join(scratch, 'state'));
    expect(createCpuActivities(state, async () => ({}) as never)).toHaveProperty('summarizeBatch');
    const files = await RunFiles.open(state, '0'.repeat(16));
    const groups = groupSeries(makeStack('a', range(0, 6, 5)), OPTIONS);
    await files.writeJson(files.names.groups(0), { ...groups, pending: [], pages: {} });
    const steps = STAGES as unknown as Record<string, (tools: object, args: object) => Promise<unknown>>;
    const summary = await steps.summarizeBatch!({ context: { files } }, { batch: 0 });
    expect(summary).toEqual({ axial: { units: 1, slices: 6 } });
    expect(await files.readJson('batches/000000/summary.json')).toEqual(summary);
    const workflow = fs.readFileSync(path.join(scratch, 'stage/workflows/curate-batch.ts'), 'utf8');
    expect(workflow).toContain("patched('summarize')");
  });

  it('a source: a web server with an index gives its studies, series and instances', async () => {
    const { openSource, pipelineSchema: extendedSchema } = await extended<
      typeof OpenSource & typeof SchemaModule
    >('source', ['activities/sources/open-source.ts', 'pipelines/schema.ts']);
    const instance = Buffer.from('an instance');
    const server = createServer((request, response) => {
      if (request.url === '/studies.json') response.end(JSON.stringify({ '1.2': { '1.2.3': ['1.2.3.4'] } }));
      else if (request.url === '/1.2/1.2.3/1.2.3.4.dcm') response.end(instance);
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const spec = { name: 'x', source: { type: 'web-index', url, select: { by: 'study_list' } } };
    expect(pipelineSchema.safeParse(spec).success).toBe(false);
    const source = openSource(extendedSchema.parse(spec).source as never, {} as never);
    const { signal } = new AbortController();
    const studies: string[] = [];
    for await (const { studyUid } of source.findStudies({ by: 'query' } as never, signal))
      studies.push(studyUid);
    expect(studies).toEqual(['1.2']);
    expect(await source.findInstances('1.2', '1.2.3', signal)).toEqual(['1.2.3.4']);
    const received: Uint8Array[] = [];
    const openObject = () => ({ write: (chunk: Uint8Array) => received.push(chunk), end() {}, abort() {} });
    await source.retrieve({ studyUid: '1.2' }, openObject, { signal, etag: null });
    expect(Buffer.concat(received)).toEqual(instance);
    server.close();
    await expect(source.echo(signal)).rejects.toMatchObject({ code: 'unreachable' });
  });
});
