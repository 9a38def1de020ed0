import fs from 'node:fs';
import path from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPayloadCodec,
  derivePayloadKey,
  payloadKeysFromEnvironment,
} from '../../workers/payload-codec.ts';
import { makeFolder } from '../e2e/run-folders.ts';

const first = derivePayloadKey(Buffer.alloc(32, 1));
const second = derivePayloadKey(Buffer.alloc(32, 2));
const value = { name: 'ZZTEST^CANARY', list: [1, 2, 3], empty: null };
const payload = () => defaultPayloadConverter.toPayload(value)!;

describe('the payload codec', () => {
  it('gives every payload back, and shows nothing of it', async () => {
    const codec = createPayloadCodec([first]);
    const payloads = [payload(), defaultPayloadConverter.toPayload(new Uint8Array([1, 0, 255]))!, {}];
    const encoded = await codec.encode(payloads);
    const bytes = Buffer.concat(
      encoded.flatMap(({ metadata, data }) =>
        [...Object.values(metadata!), data!].map((each) => Buffer.from(each)),
      ),
    );
    expect(bytes.includes('CANARY')).toBe(false);
    expect(bytes.includes('json/plain')).toBe(false);
    const decoded = await codec.decode(encoded);
    expect(defaultPayloadConverter.fromPayload(decoded[0]!)).toEqual(value);
    expect(defaultPayloadConverter.fromPayload(decoded[1]!)).toEqual(new Uint8Array([1, 0, 255]));
    expect((await codec.encode([payload()]))[0]!.data).not.toEqual(encoded[0]!.data);
  });

  it('names the key, so that a new first key still opens what an older one closed', async () => {
    const old = await createPayloadCodec([first]).encode([payload()]);
    expect(Buffer.from(old[0]!.metadata!['encryption-key-id']!).toString()).toBe(first.id);
    const rotated = createPayloadCodec([second, first]);
    expect(defaultPayloadConverter.fromPayload((await rotated.decode(old))[0]!)).toEqual(value);
    const anew = await rotated.encode([payload()]);
    expect(Buffer.from(anew[0]!.metadata!['encryption-key-id']!).toString()).toBe(second.id);
    await expect(createPayloadCodec([first]).decode(anew)).rejects.toMatchObject({
      code: 'payload-key-unknown',
    });
  });

  it('refuses what was changed, and lets pass what was never encrypted', async () => {
    const codec = createPayloadCodec([first]);
    const [encoded] = await codec.encode([payload()]);
    const data = Buffer.from(encoded!.data!);
    data[20]! ^= 1;
    await expect(codec.decode([{ ...encoded, data }])).rejects.toMatchObject({ code: 'payload-damaged' });
    await expect(codec.decode([{ ...encoded, data: data.subarray(0, 5) }])).rejects.toMatchObject({
      code: 'payload-damaged',
    });
    const plain = payload();
    expect((await codec.decode([plain]))[0]).toBe(plain);
  });
});

describe('SERIESWISE_PAYLOAD_KEY_FILE', () => {
  let folder: string;
  beforeEach(() => {
    folder = makeFolder('payload-keys');
    process.env.SERIESWISE_PAYLOAD_KEY_FILE = path.join(folder, 'keys');
  });
  afterEach(() => {
    delete process.env.SERIESWISE_PAYLOAD_KEY_FILE;
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('holds a key a line, the first one in use', () => {
    fs.writeFileSync(path.join(folder, 'keys'), `# new\n${'02'.repeat(32)}\n\n${'01'.repeat(32)}\r\n`);
    expect(payloadKeysFromEnvironment()).toEqual([second, first]);
  });

  it('is refused when it is missing or holds something else, without showing it', () => {
    expect(() => payloadKeysFromEnvironment()).toThrow('cannot be read');
    for (const text of ['', 'secret', `${'01'.repeat(32)}\nsecret`]) {
      fs.writeFileSync(path.join(folder, 'keys'), text);
      expect(() => payloadKeysFromEnvironment()).toThrow('64 hexadecimal digits');
      expect(() => payloadKeysFromEnvironment()).not.toThrow('secret');
    }
    delete process.env.SERIESWISE_PAYLOAD_KEY_FILE;
    expect(payloadKeysFromEnvironment()).toBeNull();
  });
});
