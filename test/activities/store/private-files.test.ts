import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toStageFailure } from '../../../activities/failures.ts';
import { isTemporaryName, writeFileAtomic } from '../../../activities/store/atomic.ts';
import { RunFiles, runKeyOf } from '../../../activities/store/run-files.ts';
import { createSealer } from '../../../activities/store/sealed.ts';
import { openState } from '../../../activities/store/state.ts';
import { makeFolder } from '../../e2e/run-folders.ts';

let folder: string;
beforeEach(() => {
  folder = makeFolder('state');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

it('makes state folder and key for their owner alone, and finds the key again', () => {
  const where = path.join(folder, 'state');
  const { key } = openState(where);
  expect(fs.statSync(where).mode & 0o777).toBe(0o700);
  expect(fs.statSync(path.join(where, 'project.key')).mode & 0o777).toBe(0o600);
  expect(openState(where).key).toEqual(key);
});

it('opens what it sealed, and nothing that was changed or sealed with another key', () => {
  const sealer = createSealer(Buffer.alloc(32, 1));
  const sealed = sealer.seal(Buffer.from('ZZTEST^CANARY'));
  expect(sealer.open(sealed).toString()).toBe('ZZTEST^CANARY');
  expect(sealed.includes('CANARY')).toBe(false);
  const changed = Buffer.from(sealed);
  changed[20] = (changed[20] ?? 0) ^ 1;
  expect(() => sealer.open(changed)).toThrow('cannot be opened');
  expect(() => createSealer(Buffer.alloc(32, 2)).open(sealed)).toThrow('cannot be opened');
});

it('keeps the settings of a run sealed, by output folder', async () => {
  const state = openState(path.join(folder, 'state'));
  const open = (name: string) => RunFiles.open(state, runKeyOf(state, path.join(folder, name)));
  const files = await open('out');
  await files.writeSettings({ input: '/ZZTEST/in', output: folder, bundleFolder: '/b' });
  expect((await (await open('out')).readSettings()).input).toBe('/ZZTEST/in');
  expect(fs.readFileSync(files.localPath('settings.sealed')).includes('ZZTEST')).toBe(false);
  await expect((await open('other')).readSettings()).rejects.toThrow('does not know');
});

it('leaves the old file and nothing else when a write fails', () => {
  const file = path.join(folder, 'file');
  writeFileAtomic(file, 'old');
  const broken = [Buffer.from('new'), 'not bytes' as unknown as Uint8Array];
  expect(() => writeFileAtomic(file, broken)).toThrow();
  expect(fs.readFileSync(file, 'utf8')).toBe('old');
  expect(fs.readdirSync(folder)).toEqual(['file']);
  expect(isTemporaryName('.file.tmp-0123456789ab')).toBe(true);
});

it('names failures without paths', () => {
  let error: unknown;
  try {
    fs.writeFileSync(path.join(folder, 'ZZTEST', 'missing'), '');
  } catch (caught) {
    error = caught;
  }
  expect(toStageFailure(error)).toMatchObject({ code: 'internal-error', kind: 'transient' });
  expect(toStageFailure(error).message).not.toContain('ZZTEST');
  const full = Object.assign(new Error('ENOSPC: /ZZTEST'), { code: 'ENOSPC' });
  expect(toStageFailure(full)).toMatchObject({ code: 'disk-full', kind: 'environment' });
});
