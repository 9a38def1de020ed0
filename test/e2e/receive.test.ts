import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { inboxFile, inboxFolder, readInbox } from '../../activities/store/inbox.ts';
import { createSealer } from '../../activities/store/sealed.ts';
import { openState } from '../../activities/store/state.ts';
import { createPseudonymizer } from '../../stages/deidentify/pseudonyms.ts';
import { makeDataset, makeObject } from '../fixtures/dicom-objects.ts';
import { describeWithProgram } from '../fixtures/judges.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { makeFolder } from './run-folders.ts';

const ASSOCIATIONS = 4;
const INSTANCES = 240;
const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});

/** Starts `serieswise receive` on a free port. */
function startReceiving(state: string): Promise<{ child: ChildProcess; port: string }> {
  const program = path.join(repositoryRoot, 'bin/serieswise');
  const child = spawn(process.execPath, [program, 'receive', '--port', '0', '--state', state], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    let told = '';
    child.once('exit', () => reject(new Error(told)));
    child.stderr!.on('data', (chunk) => {
      told += String(chunk);
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(told)?.[1];
      if (port !== undefined) resolve({ child, port });
    });
  });
}

function send(port: string, folder: string): Promise<number | null> {
  return new Promise((resolve) => {
    const args = ['-aec', 'SERIESWISE', '+sd', '127.0.0.1', port, folder];
    const child = spawn('storescu', args, { stdio: 'ignore' });
    children.push(child);
    child.on('exit', resolve);
  });
}

const countInstances = (folder: string) =>
  fs.existsSync(folder)
    ? fs.readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.sealed')).length
    : 0;

describeWithProgram('storescu')('serieswise receive', () => {
  test('loses nothing when it is killed in the middle and the sender repeats', {
    timeout: 120_000,
  }, async () => {
    const home = makeFolder('receive');
    folders.push(home);
    const state = path.join(home, 'state');
    const uids = Array.from({ length: INSTANCES }, (_, index) => ({
      studyUid: `2.25.${index % ASSOCIATIONS}`,
      seriesUid: `2.25.${index % ASSOCIATIONS}.1`,
      sopUid: `2.25.${index % ASSOCIATIONS}.1.${index}`,
    }));
    for (const [index, each] of uids.entries()) {
      const folder = path.join(home, 'in', String(index % ASSOCIATIONS));
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(path.join(folder, `${index}.dcm`), makeObject(each, 100_000));
    }
    const inbox = inboxFolder(state, 'default');
    const senders = [...Array(ASSOCIATIONS).keys()].map((folder) => path.join(home, 'in', String(folder)));

    const first = await startReceiving(state);
    const broken = Promise.all(senders.map((folder) => send(first.port, folder)));
    while (countInstances(inbox) < INSTANCES / 4) await new Promise((resolve) => setTimeout(resolve, 5));
    first.child.kill('SIGKILL');
    expect(await broken).not.toEqual([0, 0, 0, 0]);
    expect(countInstances(inbox)).toBeLessThan(INSTANCES);

    const second = await startReceiving(state);
    expect(await Promise.all(senders.map((folder) => send(second.port, folder)))).toEqual([0, 0, 0, 0]);
    const stopped = new Promise((resolve) => second.child.once('exit', resolve));
    second.child.kill('SIGINT');
    expect(await stopped).toBe(0);

    const { key } = openState(state);
    const sealer = createSealer(key);
    const { sourceKey } = createPseudonymizer(key);
    const records = [...readInbox(inbox, sealer)].flat();
    expect(records.length).toBe(INSTANCES);
    expect(new Set(records.map(({ sopUid }) => sopUid))).toEqual(new Set(uids.map(({ sopUid }) => sopUid)));
    for (const { path: name, ...record } of records) {
      const object = sealer.open(fs.readFileSync(inboxFile(inbox, sourceKey(name, null))));
      expect(object.toString('latin1', 128, 132)).toBe('DICM');
      const dataset = makeDataset(record, 100_000);
      expect(object.subarray(object.length - dataset.length).equals(dataset)).toBe(true);
    }
  });
});
