// Makes the hostile set (bombs, polyglots, absurd sizes, names, links, devices, archives), runs the program over it, and
// holds each case to its verdict and every write to the output and the state folder (#7).
//   node scripts/hostile.mjs [--seed 1] [--work DIR] [--keep] [--json]
// The set is the same for every seed. Linux, gcc.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    work: { type: 'string' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const { buildLibrary, runHostileSet } = await loadTypeScript('hostile', [
  "export { buildLibrary } from './test/fixtures/faults/campaign.ts';",
  "export { runHostileSet } from './test/fixtures/hostile/run.ts';",
]);
const work = path.resolve(values.work ?? fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-hostile-')));
fs.mkdirSync(work, { recursive: true });
const library = buildLibrary(root, work);
if (library === null) {
  console.error('There is no C compiler (gcc).');
  process.exit(3);
}
const result = await runHostileSet(root, work, library);
if (values.json) console.log(JSON.stringify({ seed: Number(values.seed), ...result }, null, 2));
else {
  console.log('| case | verdict |\n|---|---|');
  for (const { name, verdicts } of result.cases) {
    const counts = new Map();
    for (const verdict of verdicts) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    const words = [...counts].map(([verdict, count]) => (count === 1 ? verdict : `${count} × ${verdict}`));
    console.log(`| ${name} | ${words.join(', ') || 'skipped'} |`);
  }
  console.log(
    `\n${result.cases.length} cases, ${result.writesOutside.length} writes outside, bomb ${result.bombPeakMib} MiB`,
  );
  for (const problem of result.problems) console.log(`PROBLEM ${problem}`);
}
if (!values.keep && values.work === undefined) fs.rmSync(work, { recursive: true });
process.exitCode = result.problems.length === 0 ? 0 : 1;
