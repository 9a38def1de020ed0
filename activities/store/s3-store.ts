/**
 * A prefix of an S3 bucket as a store. Region, endpoint and credentials come from the usual AWS environment and files
 * (`AWS_REGION`, `AWS_ENDPOINT_URL_S3`, `AWS_ACCESS_KEY_ID` …, `AWS_SHARED_CREDENTIALS_FILE`); an endpoint of one's own
 * is addressed by path (`AWS_S3_FORCE_PATH_STYLE=false` for names in front of it).
 *
 * An object appears whole with the end of its PUT, so that no reader sees half of one.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { StageFailure } from '../failures.ts';
import { parseBucketLocation } from './locations.ts';
import type { Store, StoredFile } from './store.ts';

const PARALLEL = 16;
const KEYS_PER_REMOVAL = 1_000;

// The SDK tells every process on an older Node.js of its own future, on standard error.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

let client: S3Client | null = null;

/** One client a thread: it holds the connections. */
function sharedClient(): S3Client {
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const pathStyle = process.env.AWS_S3_FORCE_PATH_STYLE;
  client ??= new S3Client({
    region: process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1',
    forcePathStyle: pathStyle === undefined ? endpoint !== undefined : pathStyle === 'true',
    maxAttempts: 5,
    // Checksums beyond what a call needs are not known to every S3-compatible server.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return client;
}

/** @param location `s3://bucket/prefix` */
export function createS3Store(location: string): S3Store {
  const { bucket, prefix } = parseBucketLocation(location);
  return new S3Store(sharedClient(), bucket, prefix);
}

export class S3Store implements Store {
  readonly parallel = PARALLEL;
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;

  constructor(s3: S3Client, bucket: string, prefix: string) {
    this.client = s3;
    this.bucket = bucket;
    this.prefix = prefix;
  }

  async isThere(): Promise<boolean> {
    for await (const _any of this.list('')) return true;
    return false;
  }

  async read(name: string): Promise<Buffer | null> {
    return orNull(async () => this.download(name));
  }

  async readRange(name: string, offset: number, bytes: number): Promise<Buffer> {
    if (bytes === 0) return Buffer.alloc(0);
    try {
      return await this.download(name, `bytes=${offset}-${offset + bytes - 1}`);
    } catch (error) {
      // Beyond the end of the object.
      if (statusOf(error) === 416) return Buffer.alloc(0);
      throw toFailure(error);
    }
  }

  stream(name: string, range?: { from: number; to: number }): Readable {
    const through = new PassThrough();
    const wanted = range === undefined ? undefined : `bytes=${range.from}-${range.to - 1}`;
    const copy = async () => {
      const { Body } = await this.client.send(new GetObjectCommand({ ...this.at(name), Range: wanted }));
      await pipeline(Body as Readable, through);
    };
    copy().catch((error: unknown) => through.destroy(toFailure(error)));
    return through;
  }

  async stat(name: string): Promise<StoredFile | null> {
    return orNull(async () => {
      const found = await this.client.send(new HeadObjectCommand(this.at(name)));
      return describe(name, found.ContentLength, found);
    });
  }

  async *list(folder: string): AsyncGenerator<StoredFile> {
    const below = [this.prefix, toKey(folder)].filter((part) => part !== '').join('/');
    const start = this.prefix === '' ? 0 : this.prefix.length + 1;
    let token: string | undefined;
    do {
      const page = await this.client
        .send(
          new ListObjectsV2Command({
            Bucket: this.bucket,
            Prefix: below === '' ? undefined : `${below}/`,
            ContinuationToken: token,
          }),
        )
        .catch((error: unknown) => {
          throw toFailure(error);
        });
      for (const object of page.Contents ?? []) {
        const key = object.Key ?? '';
        // Consoles make empty objects to show folders.
        if (key.endsWith('/')) continue;
        yield describe(toName(key.slice(start)), object.Size, object);
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async write(name: string, bytes: Uint8Array | string | readonly Uint8Array[]): Promise<void> {
    await this.put(name, bytes);
  }

  /** An object with the tag by which `writeIf` knows it again; null when there is none. */
  async readTagged(name: string): Promise<{ bytes: Buffer; tag: string } | null> {
    return orNull(async () => {
      const { Body, ETag: tag = '*' } = await this.client.send(new GetObjectCommand(this.at(name)));
      return { bytes: Buffer.from(await Body!.transformToByteArray()), tag };
    });
  }

  /**
   * Puts an object in place of the one that was seen.
   * @param seen its tag; null: there was none
   * @returns false when another writer was first
   */
  async writeIf(name: string, bytes: string, seen: string | null): Promise<boolean> {
    const condition = seen === null ? { IfNoneMatch: '*' } : { IfMatch: seen };
    try {
      await this.client.send(new PutObjectCommand({ ...this.at(name), Body: bytes, ...condition }));
      return true;
    } catch (error) {
      const status = statusOf(error) ?? 0;
      if (CONDITION_FAILED.has(status) && (error as Error).name !== 'NoSuchBucket') return false;
      throw toFailure(error);
    }
  }

  async writeFrom<Result>(name: string, produce: (file: string) => Promise<Result>): Promise<Result> {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-write-'));
    try {
      const file = path.join(scratch, path.posix.basename(name));
      const result = await produce(file);
      await this.put(name, fs.readFileSync(file));
      return result;
    } finally {
      fs.rmSync(scratch, { recursive: true, force: true });
    }
  }

  /** Copied by the server. A second attempt finds that the first one did it. */
  async move(from: string, to: string): Promise<void> {
    const source = [this.bucket, ...this.keyOf(from).split('/')].map(encodeURIComponent).join('/');
    const copy = new CopyObjectCommand({ ...this.at(to), CopySource: source });
    const copied = await orNull(() => this.client.send(copy));
    if (copied === null && (await this.stat(to)) === null) {
      throw new StageFailure('store-changed', 'transient', 'An object that was just written is gone.');
    }
    await this.remove(from);
  }

  async settle(): Promise<void> {}

  async remove(name: string): Promise<void> {
    await orNull(() => this.client.send(new DeleteObjectCommand(this.at(name))));
  }

  async removeAll(folder: string): Promise<void> {
    let keys: string[] = [];
    const flush = async () => {
      if (keys.length === 0) return;
      const Objects = keys.map((Key) => ({ Key }));
      keys = [];
      const command = new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects, Quiet: true } });
      await orNull(() => this.client.send(command));
    };
    for await (const { name } of this.list(folder)) {
      keys.push(this.keyOf(name));
      if (keys.length === KEYS_PER_REMOVAL) await flush();
    }
    await flush();
  }

  async tidy(): Promise<void> {}

  async localFile(name: string, scratch: () => string): Promise<string> {
    const bytes = await this.read(name);
    if (bytes === null)
      throw new StageFailure('store-changed', 'transient', 'An object that was just seen is gone.');
    const file = path.join(scratch(), randomBytes(8).toString('hex'));
    fs.writeFileSync(file, bytes, { mode: 0o600 });
    return file;
  }

  private async download(name: string, range?: string): Promise<Buffer> {
    const { Body } = await this.client.send(new GetObjectCommand({ ...this.at(name), Range: range }));
    return Buffer.from(await Body!.transformToByteArray());
  }

  private async put(name: string, bytes: Uint8Array | string | readonly Uint8Array[]): Promise<void> {
    const body = Array.isArray(bytes) ? Buffer.concat(bytes) : (bytes as Uint8Array | string);
    try {
      await this.client.send(new PutObjectCommand({ ...this.at(name), Body: body }));
    } catch (error) {
      throw toFailure(error);
    }
  }

  private at(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: this.keyOf(name) };
  }

  private keyOf(name: string): string {
    return this.prefix === '' ? toKey(name) : `${this.prefix}/${toKey(name)}`;
  }
}

/** The object is another one, is just being written by somebody else, or is gone. */
const CONDITION_FAILED = new Set([412, 409, 404]);

/** Times are in seconds: only the tag tells two objects of one second apart. */
function describe(
  name: string,
  bytes: number | undefined,
  { LastModified: modified, ETag: tag }: { LastModified?: Date | undefined; ETag?: string | undefined },
): StoredFile {
  const tagged = tag === undefined || tag === '' ? {} : { tag };
  return { name, bytes: bytes ?? 0, modifiedMs: modified?.getTime() ?? 0, ...tagged };
}

/** Keys are Unicode; names have one character a byte. */
const toKey = (name: string) => Buffer.from(name, 'latin1').toString('utf8');
const toName = (key: string) => Buffer.from(key, 'utf8').toString('latin1');

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

async function orNull<Result>(call: () => Promise<Result>): Promise<Result | null> {
  try {
    return await call();
  } catch (error) {
    if (statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket') return null;
    throw toFailure(error);
  }
}

const REFUSED =
  /^(AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|CredentialsProviderError|ExpiredToken|NoSuchBucket|Forbidden)$/;

/** The SDK's messages name buckets and keys, so none of them is repeated. */
function toFailure(error: unknown): StageFailure {
  if (error instanceof StageFailure) return error;
  const { name } = error as Error;
  const status = statusOf(error);
  if (REFUSED.test(name) || status === 401 || status === 403) {
    const message =
      'The object store refuses: check bucket, credentials and permissions of the AWS environment.';
    return new StageFailure('store-refused', 'environment', message);
  }
  if (status === 404)
    return new StageFailure('store-changed', 'transient', 'An object is not there (any more).');
  if (status === 507)
    return new StageFailure('disk-full', 'environment', 'The object store has no space left.');
  const message = 'The object store cannot be reached or does not answer as it should; check the endpoint.';
  return new StageFailure('store-unreachable', 'environment', message);
}
