import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { extract } from 'tar-stream';
import { afterAll, expect, it } from 'vitest';
import type { Sample } from '../../cohorts/select-cohort.ts';
import { type ShardSample, writeParquetShard, writeTarShard } from '../../cohorts/write-shard.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-shard-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const LABELS = { axis: ['axial', 'coronal', 'sagittal'] };
const npy = Uint8Array.of(1, 2, 3);

async function* samplesOf(...rows: Sample[]): AsyncGenerator<ShardSample> {
  for (const sample of rows) yield { sample, split: 'train', npy };
}

async function readTar(name: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const tar = extract();
  fs.createReadStream(path.join(folder, name)).pipe(tar);
  for await (const entry of tar) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    files[entry.header.name] = Buffer.concat(chunks).toString('latin1');
  }
  return files;
}

it('gives every sample the same files: class -1 without a label, a score of 1 as 1.0', async () => {
  const rows = [
    { series_unit: 'sua', axis_resolved: 'sagittal', axis_score: 1 },
    { series_unit: 'sub', axis_resolved: null, axis_score: 0.25 },
  ];
  await writeTarShard(folder, 'a.tar', samplesOf(...rows), LABELS);
  expect(await readTar('a.tar')).toEqual({
    'sua.npy': '\x01\x02\x03',
    'sua.json': '{"series_unit":"sua","axis_resolved":"sagittal","axis_score":1.0,"split":"train"}\n',
    'sua.axis.cls': '2',
    'sub.npy': '\x01\x02\x03',
    'sub.json': '{"series_unit":"sub","axis_resolved":null,"axis_score":0.25,"split":"train"}\n',
    'sub.axis.cls': '-1',
  });
});

it.each([
  [
    'tar',
    (name: string, samples: AsyncIterable<ShardSample>) => writeTarShard(folder, name, samples, LABELS),
  ],
  [
    'parquet',
    (name: string, samples: AsyncIterable<ShardSample>) => writeParquetShard(folder, name, samples, ''),
  ],
] as const)('writes the same bytes again, none without samples, and no half of a %s', async (kind, write) => {
  const rows = [{ series_unit: 'sua', axis_resolved: 'axial' }];
  const first = await write(`b.${kind}`, samplesOf(...rows));
  const second = await write(`c.${kind}`, samplesOf(...rows));
  expect(second?.sha256).toBe(first?.sha256);
  expect(first?.bytes).toBe(fs.statSync(path.join(folder, `b.${kind}`)).size);
  expect(await write(`d.${kind}`, samplesOf())).toBeNull();
  async function* fail(): AsyncGenerator<ShardSample> {
    yield* samplesOf(...rows);
    throw new Error('disk is gone');
  }
  await expect(write(`e.${kind}`, fail())).rejects.toThrow('disk is gone');
  expect(fs.readdirSync(folder).filter((name) => /^\.|^[de]/.test(name))).toEqual([]);
});
