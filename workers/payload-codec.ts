/**
 * Encryption of everything that client and workers give to a Temporal server to keep: arguments, results, memos, query
 * answers and failures. Histories hold no patient data without it (ADR 0003); with it they hold nothing readable but
 * names of workflows, activities and task queues, run keys, search attributes (stage, batches done) and times.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { StageFailure } from '../activities/failures.ts';

const ENCODING = 'binary/encrypted';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key of the codec and the name under which payloads refer to it, which tells nothing of the key. */
export interface PayloadKey {
  id: string;
  key: Buffer;
}

/**
 * The keys of `SERIESWISE_PAYLOAD_KEY_FILE`: 64 hexadecimal digits a line. The first one encrypts, all of them decrypt,
 * so a key is rotated by a new first line.
 * @returns null when the variable is not set
 * @throws StageFailure `payload-key-unusable`
 */
export function payloadKeysFromEnvironment(): PayloadKey[] | null {
  const file = process.env.SERIESWISE_PAYLOAD_KEY_FILE;
  if (file === undefined || file === '') return null;
  let lines: string[];
  try {
    lines = fs.readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    throw unusable('cannot be read');
  }
  const keys = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0 || !keys.every((key) => /^[0-9a-f]{64}$/i.test(key))) {
    throw unusable('does not hold lines of 64 hexadecimal digits (make one with: openssl rand -hex 32)');
  }
  return keys.map((digits) => derivePayloadKey(Buffer.from(digits, 'hex')));
}

function unusable(problem: string): StageFailure {
  return new StageFailure(
    'payload-key-unusable',
    'environment',
    `The file of SERIESWISE_PAYLOAD_KEY_FILE ${problem}.`,
  );
}

/** The codec's key from 32 bytes of a file, which may be the project key's: the two share nothing. */
export function derivePayloadKey(secret: Uint8Array): PayloadKey {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'serieswise temporal payloads v1', 32));
  return { key, id: createHash('sha256').update('key id').update(key).digest('hex').slice(0, 16) };
}

/**
 * AES-256-GCM over whole payloads, metadata included. Payloads that are not encrypted are let pass, so that runs from
 * before can end.
 * @param keys the first one encrypts
 */
export function createPayloadCodec(keys: readonly PayloadKey[]): PayloadCodec {
  const [current] = keys;
  if (current === undefined) throw new RangeError('A payload codec needs a key.');
  const byId = new Map(keys.map((key) => [key.id, key]));
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(current, payload)),
    decode: async (payloads) =>
      payloads.map((payload) => {
        if (metadataOf(payload, 'encoding') !== ENCODING) return payload;
        const key = byId.get(metadataOf(payload, 'encryption-key-id'));
        if (key === undefined) {
          throw new StageFailure(
            'payload-key-unknown',
            'environment',
            'A payload was encrypted with a key that SERIESWISE_PAYLOAD_KEY_FILE does not hold.',
          );
        }
        return decrypt(key, payload);
      }),
  };
}

/** What client and workers need to have the codec, or undefined when no key is set. */
export function dataConverterFromEnvironment(): DataConverter | undefined {
  const keys = payloadKeysFromEnvironment();
  if (keys === null) return undefined;
  return {
    payloadCodecs: [createPayloadCodec(keys)],
    // The SDK loads it by itself, so from its source too it must be the built file.
    failureConverterPath: fileURLToPath(new URL('./failure-converter.js', import.meta.url)).replace(
      /(?<!\/dist)\/workers\/failure-converter\.js$/,
      '/dist/workers/failure-converter.js',
    ),
  };
}

function metadataOf(payload: Payload, name: string): string {
  return Buffer.from(payload.metadata?.[name] ?? []).toString();
}

function encrypt({ id, key }: PayloadKey, payload: Payload): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(Buffer.from(id));
  const data = Buffer.concat([nonce, cipher.update(pack(payload)), cipher.final(), cipher.getAuthTag()]);
  const metadata = { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(id) };
  return { metadata, data };
}

function decrypt({ id, key }: PayloadKey, payload: Payload): Payload {
  const data = Buffer.from(payload.data ?? []);
  try {
    const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(id));
    decipher.setAuthTag(data.subarray(data.length - TAG_BYTES));
    const body = data.subarray(NONCE_BYTES, data.length - TAG_BYTES);
    return unpack(Buffer.concat([decipher.update(body), decipher.final()]));
  } catch {
    throw new StageFailure('payload-damaged', 'permanent', 'An encrypted payload was changed.');
  }
}

/** Length of the metadata as JSON, that JSON with values in Base64, the data. */
function pack({ metadata, data }: Payload): Buffer {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value).toString('base64'),
  ]);
  const head = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, data ?? new Uint8Array(0)]);
}

function unpack(bytes: Buffer): Payload {
  const end = 4 + bytes.readUInt32LE();
  const entries = Object.entries(JSON.parse(bytes.toString('utf8', 4, end)) as Record<string, string>);
  const metadata = Object.fromEntries(
    entries.map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))]),
  );
  return { metadata, data: new Uint8Array(bytes.subarray(end)) };
}
