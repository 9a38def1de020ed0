// Format, lint, types, import rules, dead code: everything that CI holds besides the tests.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FOLDERS } from './folders.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name) => path.join(root, 'node_modules/.bin', name);
const CHECKS = [
  // Pages are made from dist/: an old one would be held against new sources.
  ['build', process.execPath, ['scripts/build.mjs']],
  ['format and lint', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['types', bin('tsc'), ['--noEmit', '-p', '.']],
  ['types of the review page', bin('tsc'), ['--noEmit', '-p', 'web/review/page']],
  ['import rules', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', ...FOLDERS]],
  ['generated pages', process.execPath, ['scripts/generate-docs.mjs', '--check']],
  ['dead code', bin('knip'), ['--no-progress']],
];
let failed = 0;
for (const [name, command, args] of CHECKS) {
  console.log(`== ${name}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) failed += 1;
}
console.log(`${CHECKS.length - failed} of ${CHECKS.length} checks passed`);
process.exitCode = failed === 0 ? 0 : 1;
