import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findTrainingPython } from '../../../cli/training/python.ts';
import {
  exampleFolder,
  type IdcStore,
  loadExample,
  makeIdcData,
  serveIdcStore,
  type TableRow,
} from '../../fixtures/idc-store.ts';
import { repositoryRoot } from '../../fixtures/shared-data.ts';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'idc-steps-'));
const work = path.join(scratch, 'work');
let store: IdcStore;
let rows: TableRow[] = [];
let table = '';

beforeAll(async () => {
  // The chest patient lies in a collection that is kept for the external test, the others in one that is not known.
  const data = await makeIdcData(scratch, (id) => (id === 'ZZ-27400001' ? 'lidc_idri' : 'zztest_one'));
  store = await serveIdcStore(data.buckets);
  ({ rows, table } = data);
});
afterAll(async () => {
  await store.close();
  fs.rmSync(scratch, { recursive: true, force: true });
});

/** Runs the example beside this process, which is the store. */
function start(...args: string[]): Promise<{ status: number | null; stderr: string }> {
  const child = spawn(process.execPath, [path.join(exampleFolder, 'run.mjs'), '--work', work, ...args]);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stderr })));
}

function readTable(name: string): Record<string, string>[] {
  const [head = '', ...lines] = fs.readFileSync(path.join(work, name), 'utf8').trim().split('\n');
  const columns = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [columns[i]!, cell])));
}

it('says what is missing or wrong before it does anything', async () => {
  expect(await start('--steps', 'nope')).toMatchObject({
    status: 2,
    stderr: 'Stopped: there is no step nope\n',
  });
  expect(await start('--preset', 'nope')).toMatchObject({ status: 2 });
  expect(await start('--limit-gb', '-1')).toMatchObject({ status: 2 });
  expect((await start('--surprise')).stderr).toContain('Usage:');
  for (const [step, said] of Object.entries({
    fetch: 'selected',
    curate: 'fetched',
    train: 'selected',
    evaluate: 'labelled',
  })) {
    const { status, stderr } = await start('--steps', step, '--preset', 'starter');
    expect([step, status, stderr.includes(`nothing has been ${said} yet`)]).toEqual([step, 2, true]);
  }
  const { status } = await start('--steps', 'select', '--table', path.join(scratch, 'nowhere.parquet'));
  expect(status).toBe(3);
});

it('shows the selection in a dry run and fetches nothing', async () => {
  const { status, stderr } = await start('--dry-run', '--table', table);
  expect(status).toBe(0);
  expect(stderr).toContain('nothing was fetched');
  expect(store.requests).toEqual([]);
  expect(fs.readdirSync(work)).toEqual(['selection.json']);
});

it('selects, fetches, curates and labels, and evaluates the shipped bundle by collection', async () => {
  const args = ['--table', table, '--endpoint', store.endpoint, '--preset', 'shipped', '--seed', '1'];
  const { status, stderr } = await start(...args);
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);

  const { series } = JSON.parse(fs.readFileSync(path.join(work, 'selection.json'), 'utf8')) as {
    series: { series: string; collection_id: string; split: string; patient: string }[];
  };
  const described = new Map(rows.map((row) => [row.SeriesInstanceUID, row.SeriesDescription ?? '']));
  const chosen = series.map((row) => described.get(row.series));
  expect(chosen).toEqual(expect.arrayContaining(['HEAD WO 5MM ZZTEST', 'AX CHEST 5MM ZZTEST']));
  expect(chosen.some((text) => /SCOUT|MIP|BOLUS|Screen/.test(text!))).toBe(false);

  const truth = [...readTable('truth-train.csv'), ...readTable('truth-evaluate.csv')];
  expect(truth.length).toBeGreaterThan(6);
  const external = readTable('truth-evaluate.csv').filter(({ split }) => split === 'external');
  expect(new Set(external.map(({ dataset }) => dataset))).toEqual(new Set(['lidc_idri']));
  const axes = new Set(truth.map(({ axis }) => axis));
  expect([...axes]).toEqual(expect.arrayContaining(['axial', 'coronal', 'sagittal']));
  // One of the demo's headers lies about its plane.
  expect(readTable('dropped.csv').map(({ task, reason }) => `${task} ${reason}`)).toEqual([
    'axis axis-header-conflicts',
  ]);

  const trained = new Set(readTable('truth-train.csv').map(({ patient }) => patient));
  expect(readTable('truth-evaluate.csv').some(({ patient }) => trained.has(patient))).toBe(false);

  const result = JSON.parse(fs.readFileSync(path.join(work, 'evaluation-shipped/evaluation.json'), 'utf8'));
  expect(JSON.stringify(result)).toContain('lidc_idri');

  // No identifier of the archive in what was written from the run on.
  for (const name of ['truth-train.csv', 'truth-evaluate.csv', 'dropped.csv']) {
    expect(fs.readFileSync(path.join(work, name), 'utf8')).not.toMatch(/ZZTEST|ZZ-/);
  }

  const asked = store.requests.length;
  const again = await start(...args);
  expect(again.status).toBe(0);
  expect(store.requests).toHaveLength(asked);
}, 600_000);

it.skipIf(findTrainingPython() === null)(
  'hands the weak truth to serieswise train, which deals the patients',
  async () => {
    // Three patients cannot be dealt: the refusal is that of the command, after it has read run and truth.
    const { status, stderr } = await start('--steps', 'train', '--preset', 'starter', '--epochs', '1');
    expect(status).toBe(2);
    expect(stderr).toContain('Patients are dealt 70/20/10');
    const { describeSources } = await loadExample<{ describeSources(rows: unknown): string }>('commands.mjs');
    const selection = JSON.parse(fs.readFileSync(path.join(work, 'selection.json'), 'utf8')) as {
      series: unknown;
    };
    expect(describeSources(selection.series)).toBe(
      'NCI Imaging Data Commons, weak labels from headers: zztest_one (doi zztest/doi, CC BY 4.0)',
    );
  },
);

it('labels the same tensors with another bundle and evaluates it by collection beside the shipped one', async () => {
  const bundle = path.join(work, 'bundles/starter');
  fs.cpSync(path.join(repositoryRoot, 'models/bundles/starter'), bundle, { recursive: true });
  const { status, stderr } = await start('--steps', 'evaluate', '--preset', 'starter');
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  const read = (preset: string): string =>
    fs.readFileSync(path.join(work, `evaluation-${preset}/evaluation.json`), 'utf8');
  expect(read('starter')).toContain('lidc_idri');
  // The same network under another path: no difference between the two.
  expect(JSON.parse(read('starter')).tasks).toEqual(JSON.parse(read('shipped')).tasks);
}, 600_000);
