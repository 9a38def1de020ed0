/** Writes shards for training: model inputs of several units with their labels in one file. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SchemaElement } from 'hyparquet';
import { pack } from 'tar-stream';
import { temporaryNameFor } from '../activities/store/atomic.ts';
import { createParquetFile } from '../manifest/parquet-file.ts';
import { SAMPLE_COLUMNS, type Sample } from './select-cohort.ts';
import type { WrittenFile } from './write-unit.ts';

/** A unit with its model input. */
export interface ShardSample {
  sample: Sample;
  split: string | null;
  /** Bytes of an NPY file: uint8 `[slice, row, column]`. */
  npy: Uint8Array;
}

/** Labels of each task in a fixed order: the place of a label, from 0, is its class. */
export type LabelOrder = Readonly<Record<string, readonly string[]>>;

/**
 * A TAR as WebDataset reads it: `KEY.npy`, `KEY.json` with the sample's columns, and `KEY.TASK.cls` with the class of
 * each task, -1 where it has none: readers want the same files of every sample. https://github.com/webdataset/webdataset
 * @returns null, and no file, when there is no sample
 */
export async function writeTarShard(
  target: string,
  relative: string,
  samples: AsyncIterable<ShardSample>,
  labels: LabelOrder,
): Promise<WrittenFile | null> {
  const file = path.join(target, relative);
  const temporary = temporaryNameFor(file);
  const hash = createHash('sha256');
  let bytes = 0;
  let count = 0;
  const tar = pack();
  const add = (name: string, content: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      // Times and owners stay out of the bytes.
      const header = { name, mode: 0o644, mtime: new Date(0) };
      tar.entry(header, Buffer.from(content), (error) => (error ? reject(error) : resolve()));
    });
  async function fill(): Promise<void> {
    for await (const { sample, split, npy } of samples) {
      const key = String(sample.series_unit);
      await add(`${key}.npy`, npy);
      await add(`${key}.json`, Buffer.from(renderSample({ ...sample, split })));
      for (const [task, order] of Object.entries(labels)) {
        const index = order.indexOf(String(sample[`${task}_resolved`]));
        await add(`${key}.${task}.cls`, Buffer.from(String(index)));
      }
      count += 1;
    }
    tar.finalize();
  }
  async function* measure(chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  try {
    fill().catch((error: Error) => tar.destroy(error));
    await pipeline(Readable.from(tar), measure, fs.createWriteStream(temporary, { flush: true }));
    if (count === 0) return null;
    fs.renameSync(temporary, file);
    return { path: relative, bytes, sha256: hash.digest('hex') };
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** A line of JSON in which a score of 1 is 1.0: readers that infer types take the whole number for another one. */
function renderSample(row: Sample): string {
  const floats = new Set<string>(SHARD_COLUMNS.flatMap(({ name, type }) => (type === 'FLOAT' ? name : [])));
  const fields = Object.entries(row).map(([name, value]) => {
    const isWhole = floats.has(name) && Number.isInteger(value);
    return `${JSON.stringify(name)}:${isWhole ? Number(value).toFixed(1) : JSON.stringify(value)}`;
  });
  return `{${fields.join(',')}}\n`;
}

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;
const SHARD_COLUMNS: SchemaElement[] = [
  ...[...SAMPLE_COLUMNS, { name: 'split', type: 'string' }].map(
    ({ name, type }): SchemaElement => ({
      name,
      ...(type === 'float' ? { type: 'FLOAT' } : TEXT),
      repetition_type: 'OPTIONAL',
    }),
  ),
  { name: 'tensor', type: 'BYTE_ARRAY', repetition_type: 'REQUIRED' },
];
const SHARD_SCHEMA = [{ name: 'serieswise', num_children: SHARD_COLUMNS.length }, ...SHARD_COLUMNS];

/**
 * A Parquet file with the sample's columns, `split`, and the NPY file as the binary column `tensor`; one row group a
 * unit, so that readers and writer need memory for one.
 * @returns null, and no file, when there is no sample
 */
export async function writeParquetShard(
  target: string,
  relative: string,
  samples: AsyncIterable<ShardSample>,
  pipelineDigest: string,
): Promise<WrittenFile | null> {
  const file = await createParquetFile(path.join(target, relative), SHARD_SCHEMA, {
    'serieswise.pipeline_digest': pipelineDigest,
  });
  let count = 0;
  try {
    for await (const { sample, split, npy } of samples) {
      const columns = SAMPLE_COLUMNS.map(({ name }) => ({ name, data: [sample[name] ?? null] }));
      const tensor = { name: 'tensor', data: [npy], isBlob: true };
      await file.write([...columns, { name: 'split', data: [split] }, tensor], 1);
      count += 1;
    }
    return count === 0 ? null : { path: relative, ...(await file.finish()) };
  } finally {
    await file.abort();
  }
}
