/** Writes one Parquet file row group by row group: zstd, deterministic bytes, never half a file under its name. */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { compress, init } from '@bokuweb/zstd-wasm';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';

const ZSTD_LEVEL = 3;

/** The values of one column, in the order of the rows. */
export interface ColumnData {
  name: string;
  data: readonly unknown[];
  /** Each value as it is, without a dictionary or statistics: for large binaries. */
  isBlob?: boolean;
}

/** A finished file. */
export interface WrittenFile {
  sha256: string;
  bytes: number;
}

export interface ParquetFile {
  /** Writes rows as groups of at most `groupRows`. */
  write(columns: readonly ColumnData[], groupRows: number): Promise<void>;
  /** Completes, flushes and renames the file. */
  finish(): Promise<WrittenFile>;
  /** Gives up and removes what was written. Does nothing after `finish`. */
  abort(): Promise<void>;
}

let zstd: Promise<void> | undefined;

/** A hyparquet writer that empties itself into a file after each row group. */
class FileWriter extends ByteWriter {
  readonly hash = createHash('sha256');
  readonly file: fs.FileHandle;

  constructor(file: fs.FileHandle) {
    super(1 << 16);
    this.file = file;
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes().slice();
    this.index = 0;
    this.hash.update(bytes);
    await this.file.appendFile(bytes);
  }

  override finish(): Promise<void> {
    return this.flush();
  }
}

/**
 * Opens a file at `target`, whose folder must exist.
 * @param schema depth first, the root before its columns
 * @param metadata key-value pairs that the file carries
 */
export async function createParquetFile(
  target: string,
  schema: SchemaElement[],
  metadata: Readonly<Record<string, string>>,
): Promise<ParquetFile> {
  zstd ??= init();
  await zstd;
  const temporary = path.join(
    path.dirname(target),
    `.${path.basename(target)}.tmp-${randomBytes(6).toString('hex')}`,
  );
  const file = await fs.open(temporary, 'wx', 0o666);
  const bytes = new FileWriter(file);
  const parquet = new ParquetWriter({
    writer: bytes,
    schema,
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => compress(input, ZSTD_LEVEL) },
    // The default of 16 bytes makes statistics on UIDs useless: they all begin alike.
    statisticsTruncateLength: 64,
    createdBy: 'serieswise',
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  let ended = false;

  async function close(remove: boolean): Promise<void> {
    if (ended) return;
    ended = true;
    await file.close();
    if (remove) await fs.rm(temporary, { force: true });
  }

  return {
    async write(columns, groupRows) {
      const columnData = columns.map(({ name, data, isBlob = false }) => ({
        name,
        data: [...data],
        ...(isBlob ? { encoding: 'PLAIN' as const, statistics: false } : {}),
      }));
      await parquet.write({ columnData, rowGroupSize: groupRows });
    },
    async finish() {
      try {
        await parquet.finish();
        await file.sync();
        await close(false);
        await fs.rename(temporary, target);
      } catch (error) {
        await close(true);
        await fs.rm(temporary, { force: true });
        throw error;
      }
      await syncFolder(path.dirname(target));
      await removeLeftovers(target);
      return { sha256: bytes.hash.digest('hex'), bytes: bytes.offset };
    },
    abort: () => close(true),
  };
}

/**
 * Removes what earlier attempts at `target` left when they were killed. An attempt that still runs loses its file and
 * fails at its rename: it was superseded, and its result would have been the same bytes.
 */
async function removeLeftovers(target: string): Promise<void> {
  const folder = path.dirname(target);
  const prefix = `.${path.basename(target)}.tmp-`;
  for (const name of await fs.readdir(folder)) {
    if (name.startsWith(prefix)) await fs.rm(path.join(folder, name), { force: true });
  }
}

/** Makes a rename durable. Windows cannot open folders; there the rename is durable by itself or not at all. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
