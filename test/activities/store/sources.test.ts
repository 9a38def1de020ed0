import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { openInput } from '../../../activities/store/open-store.ts';
import { type ListingCounts, listSources, SourceReader } from '../../../activities/store/sources.ts';
import type { SourceEntry } from '../../../stages/records.ts';
import { makeFolder } from '../../e2e/run-folders.ts';

let folder: string;
let spooled: Map<string, Buffer>;

beforeEach(() => {
  folder = makeFolder('sources');
  spooled = new Map();
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

async function list(): Promise<{ entries: SourceEntry[]; counts: ListingCounts }> {
  const counts: ListingCounts = { files: 0, bytes: 0, archives: 0, skippedLinks: 0 };
  const entries: SourceEntry[] = [];
  const sourceKey = (file: string, member: string | null) => `${file}|${member ?? ''}`;
  const spool = (key: string, data: Buffer) => {
    spooled.set(key, data);
  };
  for await (const entry of listSources({ input: await openInput(folder), sourceKey, spool }, counts))
    entries.push(entry);
  return { entries, counts };
}

function zipOf(members: Record<string, string | Buffer>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(members)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  return buffer(zip.outputStream as unknown as AsyncIterable<Buffer>);
}

function tarOf(members: [name: string, content: string][]): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of members) tar.entry({ name }, content);
  tar.finalize();
  return buffer(tar);
}

const write = (name: string, content: string | Buffer) => {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
};

const reader = async () =>
  new SourceReader({ input: await openInput(folder), spooled: (key) => spooled.get(key) ?? null });

it('opens archives by content and reads their members, whole or in part', async () => {
  write('a/one.dcm', 'plain file');
  write('looks-like.dcm', await zipOf({ 'x/inner.dcm': 'zipped content', 'empty.dcm': '' }));
  write('t.tar', await tarOf([['inner.dcm', 'tarred content']]));
  write('t.tgz', gzipSync(await tarOf([['inner.dcm', 'packed content']])));
  const { entries, counts } = await list();
  expect(counts).toMatchObject({ files: 5, archives: 3, skippedLinks: 0 });
  const read = await reader();
  const contents: Record<string, string> = {};
  for (const entry of entries) {
    const bytes = await read.read(entry);
    contents[entry.sourceKey] = typeof bytes === 'string' ? `! ${bytes}` : bytes.toString();
  }
  expect(contents).toEqual({
    'a/one.dcm|': 'plain file',
    'looks-like.dcm|x/inner.dcm': 'zipped content',
    'looks-like.dcm|empty.dcm': '! empty-file',
    't.tar|inner.dcm': 'tarred content',
    't.tgz|inner.dcm': 'packed content',
  });
  const [first] = entries.filter(({ member }) => member === 'x/inner.dcm');
  expect((await read.read(first!, 6)).toString()).toBe('zipped');
  read.close();
});

it('keeps a row for what cannot be unpacked, and the members before the damage', async () => {
  const zip = await zipOf({ 'a.dcm': 'content of a file' });
  write('cut.zip', zip.subarray(0, zip.length - 30));
  const encrypted = Buffer.from(zip);
  encrypted.writeUInt16LE(encrypted.readUInt16LE(6) | 1, 6);
  const central = encrypted.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  encrypted.writeUInt16LE(encrypted.readUInt16LE(central + 8) | 1, central + 8);
  write('encrypted.zip', encrypted);
  const tar = await tarOf([
    ['a.dcm', 'whole'],
    ['b.dcm', 'x'.repeat(2000)],
  ]);
  write('cut.tar', tar.subarray(0, 1700));
  const { entries } = await list();
  expect(entries.map(({ path: file, member, problem }) => [file, member, problem])).toEqual([
    ['cut.tar', 'a.dcm', null],
    ['cut.tar', null, 'archive-damaged'],
    ['cut.zip', null, 'archive-damaged'],
    ['encrypted.zip', 'a.dcm', 'archive-encrypted'],
  ]);
});

it('refuses a bomb without unpacking it', async () => {
  write('bomb.zip', await zipOf({ 'zeros.dcm': Buffer.alloc(100_000_000) }));
  const { entries } = await list();
  expect(entries.map(({ problem }) => problem)).toEqual(['archive-refused']);
});

it('gives members of one name keys of their own', async () => {
  write(
    't.tar',
    await tarOf([
      ['same.dcm', 'first'],
      ['same.dcm#2', 'another'],
      ['same.dcm', 'second'],
      ['same.dcm', 'third'],
    ]),
  );
  const { entries } = await list();
  expect(entries.map(({ member }) => member)).toEqual(['same.dcm', 'same.dcm#2', 'same.dcm#3', 'same.dcm#4']);
});

it('follows links to files, not to folders, and skips pipes', async () => {
  write('real/a.dcm', 'content');
  fs.symlinkSync(path.join(folder, 'real/a.dcm'), path.join(folder, 'link.dcm'));
  fs.symlinkSync(folder, path.join(folder, 'loop'));
  fs.symlinkSync(path.join(folder, 'gone'), path.join(folder, 'dangling'));
  fs.symlinkSync('circle', path.join(folder, 'circle'));
  const { entries, counts } = await list();
  expect(entries.map(({ path: file }) => file)).toEqual(['link.dcm', 'real/a.dcm']);
  expect(counts.skippedLinks).toBe(3);
});

it('reads files whose names are no valid text', async () => {
  const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff, 0xfe])]);
  fs.writeFileSync(name, 'content');
  const { entries } = await list();
  const read = await reader();
  expect((await read.read(entries[0]!)).toString()).toBe('content');
});

it('says read-failed of a file that is gone since it was listed', async () => {
  fs.writeFileSync(path.join(folder, 'gone'), 'bytes');
  const { entries } = await list();
  fs.rmSync(path.join(folder, 'gone'));
  const sources = await reader();
  expect(await sources.read(entries[0]!, 100)).toBe('read-failed');
  sources.close();
});

it('takes a full disk of the run for no fault of the archive', async () => {
  write('t.tar', await tarOf([['inner.dcm', 'tarred content']]));
  const counts: ListingCounts = { files: 0, bytes: 0, archives: 0, skippedLinks: 0 };
  const spool = () => {
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  };
  const listing = listSources({ input: await openInput(folder), sourceKey: () => 'key', spool }, counts);
  const listAll = async () => {
    for await (const _entry of listing);
  };
  await expect(listAll()).rejects.toMatchObject({ code: 'ENOSPC' });
});
