// Lets every kind of write of a run fail with a full disk, an input/output error or too many open files, at the border of
// the C library; then runs with a small disk and few descriptors. Each time: exit 3 and what is wrong, nothing half under a
// final name, and the bytes of an undisturbed run once there is room (#7).
//   node scripts/faults.mjs [--errors ENOSPC,EIO,EMFILE] [--only REGEX] [--disks] [--seed 1] [--limit SECONDS]
//     [--work DIR] [--keep]
// A run that takes longer than the limit is killed with all its processes, by id, and is a problem.
// --disks adds small tmpfs disks and ulimit -n, which needs root. Figures go to standard output as JSON. Linux, gcc.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    errors: { type: 'string', default: 'ENOSPC,EIO,EMFILE' },
    only: { type: 'string', default: '' },
    disks: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    limit: { type: 'string', default: '300' },
    work: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const limitMs = Number(values.limit) * 1_000;
const errors = values.errors.split(',').filter((name) => name !== '');
const faults = await loadTypeScript(
  'faults',
  ['faults/campaign', 'faults/disks', 'chaos/campaign', 'chaos/program', 'chaos/trees'].map(
    (name) => `export * from './test/fixtures/${name}.ts';`,
  ),
);
const { makeArchive } = await import('../dist/demo/archive.js');

const work = path.resolve(values.work ?? fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-faults-')));
fs.mkdirSync(work, { recursive: true });
const input = path.join(work, 'input');
await makeArchive(input, { seed: Number(values.seed), slices: 8 });
const library = faults.buildLibrary(root, work);
if (library === null) {
  console.error('There is no C compiler (gcc).');
  process.exit(3);
}
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
const planFor = (name) => {
  const prefix = path.join(work, name);
  fs.mkdirSync(prefix, { recursive: true });
  const [output, state] = ['output', 'state'].map((folder) => path.join(prefix, folder));
  return {
    prefix,
    plan: { root, input, output, state, options: [...faults.testBundleOptions(), '--concurrency', '1'] },
  };
};

say('undisturbed run');
const reference = planFor('reference');
const { code, stderr, points } = await faults.listWritePoints(reference.plan, library, reference.prefix);
if (code !== 0) {
  console.error(stderr);
  process.exit(1);
}
const key = path.join(reference.plan.state, 'project.key');
const chains = errors.map(async (error) => {
  const { prefix, plan } = planFor(error);
  const cases = faults.casesOf(points, error).filter(({ match }) => new RegExp(values.only).test(match));
  const reset = () => {
    for (const folder of [plan.output, plan.state]) fs.rmSync(folder, { recursive: true, force: true });
    faults.copyProjectKey(reference.plan.state, plan.state);
  };
  const setting = { library, prefix, reference: reference.plan.output, limitMs };
  return await faults.runFaults(plan, setting, cases, reset, say);
});
const done = await Promise.all(chains);
const disks = values.disks ? await faults.runSmallDisks(reference.plan, work, key, limitMs, say) : [];
const problems = [
  ...done.flatMap(({ results, problems }) => [
    ...problems,
    ...results.flatMap((each) =>
      each.problems.map((text) => `${each.error} ${each.call} ${each.match}: ${text}`),
    ),
  ]),
  ...disks.flatMap((each) => each.problems.map((text) => `${each.name}: ${text}`)),
];
const results = done.flatMap(({ results }) => results);
const count = (code) => results.filter((each) => each.code === code).length;
console.log(
  JSON.stringify(
    {
      seed: Number(values.seed),
      writePoints: points.length,
      cases: results.length,
      endedWith3: count(3),
      wentOn: count(0),
      results: results.map(({ error, call, match, code, said }) => ({ error, call, match, code, said })),
      disks,
      problems,
    },
    null,
    2,
  ),
);
if (!values.keep && problems.length === 0 && values.work === undefined) fs.rmSync(work, { recursive: true });
else say(`everything lies in ${work}`);
process.exitCode = problems.length === 0 ? 0 : 1;
