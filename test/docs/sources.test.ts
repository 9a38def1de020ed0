import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../fixtures/shared-data.ts';

/** Files of more than 400 lines, and why they are not cut. */
const LONG = new Map([
  ['stages/evidence/body-part-terms.ts', 'a list of terms'],
  ['stages/evidence/contrast-terms.ts', 'a list of terms'],
  ['stages/deidentify/profiles/ct-research.ts', 'the white-list, read as a whole'],
  ['test/stages/deidentify/options.test.ts', 'one case an option'],
  ['test/stages/group/group-series.test.ts', 'one case a way to group'],
]);

it('keeps files short, but for lists', () => {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.mjs', '*.py'], { cwd: repositoryRoot });
  const long = files
    .toString()
    .split('\n')
    .filter(
      (file) =>
        file !== '' && !file.includes('.generated.') && fs.existsSync(path.join(repositoryRoot, file)),
    )
    .filter((file) => fs.readFileSync(path.join(repositoryRoot, file), 'utf8').split('\n').length > 401);
  expect(long.sort()).toEqual([...LONG.keys()].sort());
});

it('reads imports of values and of types from the sources', async () => {
  const { readImports } = (await import(
    pathToFileURL(path.join(repositoryRoot, 'scripts/import-graph.mjs')).href
  )) as { readImports(root: string): { from: string; to: string; type: boolean }[] };
  const imports = readImports(repositoryRoot);
  expect(imports).toContainEqual({ from: 'cli/main.ts', to: 'cli/commands/run.ts', type: false });
  expect(imports).toContainEqual({ from: 'stages/records.ts', to: 'stages/reasons.ts', type: true });
  expect(imports.every(({ to }) => fs.existsSync(path.join(repositoryRoot, to)))).toBe(true);
});
