import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../fixtures/shared-data.ts';

/** Licences under which others' packages may be handed on with this one. */
const LICENCES = new Set([
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 AND MIT',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC-BY-4.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  '(MIT AND Zlib)',
  '(MIT OR CC0-1.0)',
  'Python-2.0',
  'Unlicense',
]);
/** Packages whose own description names none. unionfs: Unlicense, as its LICENSE says. */
const WITHOUT_A_FIELD = new Set(['unionfs']);

/** A program of somebody else's; its `@ts-expect-error` lines fail where the types are too wide. */
const CONSUMER = `
import {
  definePipeline,
  type ExclusionPlugin,
  ManifestError,
  openRun,
  query,
  RunError,
  type SeriesRow,
} from 'serieswise';

const run = await openRun('output');
const [unit] = await run.rows('series', "disposition = 'kept'");
const stored: SeriesRow | undefined = unit;
export const axis: 'axial' | 'coronal' | 'sagittal' | null | undefined = stored?.axis;
export const resolved: string | null | undefined = unit?.body_part_resolved;
export const readers: number | undefined = unit?.reader_count;
export const bytes: number = run.document.ledger.bytes_seen;
export const window: [number, number] = run.document.pipeline.preprocess.window_hu;
export const counts = await query<{ axis: string; n: number }>(run, 'SELECT axis, 1 AS n FROM series');
counts.map(({ n }) => n.toFixed());
export const shape: [number, number, number] = definePipeline({ name: 'a' }).preprocess.shape;
// @ts-expect-error there is no such rule
definePipeline({ name: 'a', exclude: ['localiser'] });
export const rule: ExclusionPlugin = {
  name: 'thick',
  exclude: ({ sliceSpacingMm, evidence }) => sliceSpacingMm !== null && evidence?.bodyPart === 'head',
};
// @ts-expect-error a rule sees no identifier
export const curious: ExclusionPlugin = { name: 'curious', exclude: (unit) => unit.patientId === 'a' };
// @ts-expect-error there is no such column
unit?.bodypart;
// @ts-expect-error there is no such table
await run.rows('patients');
await run.close().catch((error: unknown) => {
  if (error instanceof RunError) return error.code === 'closed';
  // @ts-expect-error there is no such code
  return error instanceof ManifestError && error.code === 'closed';
});
`;

/** The package as `npm pack` makes it, unpacked beside the packages that it depends on. */
describe('the npm package', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-package-'));
  const unpacked = path.join(folder, 'package');
  const inPackage = (name: string) => path.join(unpacked, name);
  const run = (command: string, args: string[], cwd = folder) =>
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  beforeAll(() => {
    run(process.execPath, ['scripts/prepack.mjs'], repositoryRoot);
    run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], repositoryRoot);
    const [archive = ''] = fs.readdirSync(folder);
    run('tar', ['xzf', archive]);
    fs.symlinkSync(path.join(repositoryRoot, 'node_modules'), path.join(folder, 'node_modules'));
  }, 180_000);
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('holds what the program needs and nothing of the tests', () => {
    for (const name of ['NOTICE', 'LICENSE', 'models/bundles/starter/card.json', 'demo/volumes'])
      expect(fs.existsSync(inPackage(name)), name).toBe(true);
    for (const name of ['test', 'bench', 'scripts', '.ci', 'models/training/test_training.py'])
      expect(fs.existsSync(inPackage(name)), name).toBe(false);
  });

  it('runs from where it lies', () => {
    const program = inPackage('bin/serieswise');
    expect(run(program, ['validate', 'ct-series-labels', '--json'])).toContain('"ct-series-labels"');
    expect(run(program, ['models', 'verify', 'starter'])).toContain('starter');
  });

  it('brings types that hold in a strict program', () => {
    const consumer = path.join(folder, 'consumer');
    fs.mkdirSync(path.join(consumer, 'node_modules'), { recursive: true });
    fs.symlinkSync(unpacked, path.join(consumer, 'node_modules/serieswise'));
    fs.writeFileSync(path.join(consumer, 'package.json'), '{ "type": "module" }');
    const file = path.join(consumer, 'program.ts');
    fs.writeFileSync(file, CONSUMER);
    const program = ts.createProgram([file], {
      strict: true,
      noEmit: true,
      types: [],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
    });
    // Declarations of other packages are theirs.
    const own = program
      .getSourceFiles()
      .filter(({ fileName }) => /package\/dist|consumer\/program/.test(fileName));
    expect(own.length).toBeGreaterThan(5);
    const said = own.flatMap((source) => [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]);
    expect(said.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
  }, 60_000);

  it('imports only what is installed with it', () => {
    const { dependencies } = JSON.parse(fs.readFileSync(inPackage('package.json'), 'utf8'));
    const missing = new Set<string>();
    for (const entry of fs.readdirSync(inPackage('dist'), { recursive: true, withFileTypes: true })) {
      // The workflow bundle and the review page hold what they need.
      if (!entry.name.endsWith('.js') || ['bundle.js', 'page.js'].includes(entry.name)) continue;
      const text = fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8');
      for (const [, name = ''] of text.matchAll(/\b(?:from|import\()\s*['"]((?:@[\w.-]+\/)?[\w-][\w.-]*)/g))
        if (!name.startsWith('node') && !(name in dependencies)) missing.add(name);
    }
    expect([...missing]).toEqual([]);
  });

  it('lists every package that comes with it, each under a licence that may be handed on', () => {
    const { components } = JSON.parse(fs.readFileSync(inPackage('dist/sbom.cdx.json'), 'utf8')) as {
      components: { name: string; licenses?: { license?: { id: string }; expression?: string }[] }[];
    };
    expect(components.length).toBeGreaterThan(50);
    const unknown = components
      .map(({ name, licenses }) => ({
        name,
        licence: licenses?.[0]?.license?.id ?? licenses?.[0]?.expression ?? 'none',
      }))
      .filter(
        ({ name, licence }) => !LICENCES.has(licence) && !(WITHOUT_A_FIELD.has(name) && licence === 'none'),
      );
    expect(unknown).toEqual([]);
  });
});
