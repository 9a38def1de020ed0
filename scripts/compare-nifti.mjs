// Volumes of a finished run beside those that dcm2niix makes of the same files: voxels, and the sform.
//   node scripts/compare-nifti.mjs OUT [OUT...]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const outputs = process.argv.slice(2);
if (outputs.length === 0 || spawnSync('dcm2niix', ['--version']).error !== undefined) {
  console.error(
    'Needs output folders of runs, and dcm2niix (Debian: apt-get install dcm2niix): node scripts/compare-nifti.mjs OUT',
  );
  process.exit(2);
}
const { compareNifti } = await loadTypeScript('compare-nifti', [
  "export { compareNifti } from './test/fixtures/nifti.ts';",
]);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'compare-nifti-'));
try {
  const compared = [];
  for (const [index, output] of outputs.entries()) {
    const cohort = path.join(work, `cohort-${index}`);
    const args = ['export', output, '--where', 'true', '--format', 'nifti', '--to', cohort];
    // Exit code 1: some units have no volume, and say why.
    const { status } = spawnSync(path.join(root, 'bin/serieswise'), args, { stdio: 'inherit' });
    if (status !== 0 && status !== 1) process.exit(status ?? 3);
    compared.push(...(await compareNifti(output, cohort, path.join(work, `peer-${index}`))));
  }
  console.table(compared);
  const both = compared.filter(({ sameVoxels }) => sameVoxels !== null);
  const near = both.filter(({ affineDifferenceMm }) => affineDifferenceMm <= 1e-4);
  console.log(
    `${compared.length} units, ${both.length} with a volume on both sides: ` +
      `${both.filter(({ sameVoxels }) => sameVoxels).length} with equal voxels, ${near.length} with an sform within 1e-4 mm`,
  );
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
