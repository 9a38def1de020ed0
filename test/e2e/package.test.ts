import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
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
  }, 60_000);
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
