import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { provideArchive } from '../../demo/provide-archive.ts';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'provide-archive-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const options = { seed: 1, series: 2, slices: 2 };
const identityOf = (folder: string): number => fs.statSync(folder).ino;

it('makes an archive once, and anew when the recipe changes', async () => {
  const folder = path.join(scratch, 'archive');
  const made = await provideArchive(folder, options);
  expect(made).toMatchObject({ seed: 1, files: 4, series: 2, expected: { kept: 4 } });
  const inode = identityOf(folder);

  expect(await provideArchive(folder, options)).toEqual(made);
  expect(identityOf(folder)).toBe(inode);

  const other = await provideArchive(folder, { ...options, seed: 2 });
  expect(other.recipe).not.toBe(made.recipe);
  expect(identityOf(folder)).not.toBe(inode);
  expect(fs.readdirSync(scratch).sort()).toEqual(['archive', 'archive.json']);
});

it('touches no folder that holds something else', async () => {
  const folder = path.join(scratch, 'mine');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'thesis.txt'), 'mine');
  await expect(provideArchive(folder, options)).rejects.toThrow('something else');

  const changed = path.join(scratch, 'changed');
  await provideArchive(changed, options);
  fs.writeFileSync(path.join(changed, 'thesis.txt'), 'mine');
  await expect(provideArchive(changed, { ...options, seed: 3 })).rejects.toThrow('something else');
  expect(fs.readFileSync(path.join(folder, 'thesis.txt'), 'utf8')).toBe('mine');
  expect(fs.readFileSync(path.join(changed, 'thesis.txt'), 'utf8')).toBe('mine');
});

it('leaves nothing behind when the options are wrong', async () => {
  await expect(provideArchive(path.join(scratch, 'none'), { seed: -1 })).rejects.toThrow(RangeError);
  expect(fs.readdirSync(scratch).filter((name) => name.startsWith('none'))).toEqual([]);
});
