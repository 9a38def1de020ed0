// The long form of test/e2e/chaos.test.ts: kills a run and its Temporal server at seeded moments, begins it again until
// it ends, and holds manifest, de-identified files and thumbnails to those of an undisturbed run, byte by byte.
//   node scripts/chaos.mjs --input DIR | --demo [--kills 10] [--server-kills 3] [--seed 1] [--work DIR] [--keep]
// SERIESWISE_TEST_BUNDLE names another bundle than the spec's. Figures go to standard output as JSON. Needs /proc.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    input: { type: 'string' },
    demo: { type: 'boolean', default: false },
    kills: { type: 'string', default: '10' },
    'server-kills': { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    work: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
if ((values.input === undefined) !== values.demo) {
  console.error('Name either --input DIR or --demo.');
  process.exit(2);
}

const chaos = await loadTypeScript(
  'chaos',
  ['campaign', 'program', 'trees'].map((name) => `export * from './test/fixtures/chaos/${name}.ts';`),
);

const work = path.resolve(values.work ?? fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-chaos-')));
fs.mkdirSync(work, { recursive: true });
const at = (name) => path.join(work, name);
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
let input = values.input === undefined ? at('demo') : path.resolve(values.input);
if (values.demo) execFileSync(process.execPath, [path.join(root, 'dist/demo/main.js'), '--output', input]);
const problems = [];
const expect = (what, found, wanted) => {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) problems.push(`${what}: ${JSON.stringify(found)}`);
};
const bundleOptions = chaos.testBundleOptions();
const planFor = (name, options = []) => ({
  root,
  input,
  output: at(`${name}-output`),
  state: at(`${name}-state`),
  options: [...bundleOptions, ...options],
});
const secondsOf = (ms) => Number((ms / 1_000).toFixed(2));

const reference = planFor('reference');
say('undisturbed run');
const { end: first, timeline } = await chaos.runReference(reference);
if (first.code !== 0) {
  console.error(first.stderr);
  process.exit(1);
}
say(`done in ${secondsOf(first.wallMs)} s; killing the next one`);

const killed = planFor('killed');
chaos.copyProjectKey(reference.state, killed.state);
const request = {
  kills: Number(values.kills),
  serverKills: Number(values['server-kills']),
  seed: Number(values.seed),
};
const campaign = await chaos.runCampaign(killed, timeline, request, say);
expect('kills that came too late', campaign.missed, []);
expect('processes left', await chaos.waitForProcessesOf(killed.state, 15_000), []);
expect('differences after kills', chaos.compareOutputs(reference.output, killed.output), []);
expect('remains in the output', chaos.findRemains(killed.output), []);
for (const run of fs.readdirSync(path.join(killed.state, 'runs')))
  expect('remains in the state folder', chaos.findRemains(path.join(killed.state, 'runs', run)), []);

say('verify, and the same command over the finished output');
const verified = await chaos.measureProgram(root, ['verify', killed.output, '--json']);
expect(
  'verify',
  { code: verified.code, failed: verified.code === 0 ? '' : verified.stdout },
  { code: 0, failed: '' },
);
const again = await chaos.measureProgram(root, chaos.runArguments(killed));
expect('exit code of the second run', again.code, 0);
expect('unchanged', again.code === 0 && JSON.parse(again.stdout).unchanged, true);
expect('remains after the second run', chaos.findRemains(killed.output), []);
if (again.cpuMs >= first.cpuMs / 10) problems.push('The second run took a tenth of the CPU time or more.');

say('other order of files, other concurrency');
const shuffled = at('shuffled-input');
chaos.copyShuffled(input, shuffled, request.seed);
const orders = [];
for (const concurrency of ['1', '3']) {
  input = concurrency === '1' ? input : shuffled;
  const plan = planFor(`concurrency-${concurrency}`, ['--concurrency', concurrency]);
  chaos.copyProjectKey(reference.state, plan.state);
  const variables = concurrency === '1' ? {} : chaos.shuffledListings(root);
  const end = await chaos.measureProgram(root, chaos.runArguments(plan), variables);
  expect(`exit code with concurrency ${concurrency}`, end.code, 0);
  const differences = end.code === 0 ? chaos.compareOutputs(reference.output, plan.output) : [end.stderr];
  expect(`differences with concurrency ${concurrency}`, differences, []);
  orders.push({ concurrency: Number(concurrency), wallS: secondsOf(end.wallMs), cpuS: secondsOf(end.cpuMs) });
}

const lost = campaign.kills.map((kill) => kill.lostMs).filter((ms) => ms !== null);
const report = {
  seed: request.seed,
  files: JSON.parse(first.stdout).filesSeen,
  undisturbed: { wallS: secondsOf(first.wallMs), cpuS: secondsOf(first.cpuMs) },
  killed: {
    processKills: campaign.kills.filter(({ target }) => target === 'process').length,
    serverKills: campaign.kills.filter(({ target }) => target === 'server').length,
    starts: campaign.starts.map(({ code, signal }) => signal ?? code),
    wallS: secondsOf(campaign.wallMs),
    lostPerKillS: secondsOf((campaign.wallMs - first.wallMs) / Math.max(1, campaign.kills.length)),
    measuredLossS: lost.map(secondsOf),
  },
  kills: campaign.kills.map((kill) => ({
    ...kill,
    attemptMs: Math.round(kill.attemptMs),
    lostMs: kill.lostMs === null ? null : Math.round(kill.lostMs),
  })),
  secondRun: {
    wallS: secondsOf(again.wallMs),
    cpuS: secondsOf(again.cpuMs),
    cpuShare: again.cpuMs / first.cpuMs,
  },
  orders,
  identicalFiles: chaos.digestTree(killed.output).size,
  problems,
};
console.log(JSON.stringify(report, null, 2));
if (!values.keep && problems.length === 0 && values.work === undefined) fs.rmSync(work, { recursive: true });
else say(`everything lies in ${work}`);
process.exitCode = problems.length === 0 ? 0 : 1;
