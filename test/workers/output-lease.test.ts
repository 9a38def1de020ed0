import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openInput } from '../../activities/store/open-store.ts';
import { takeOutputLease } from '../../workers/output-lease.ts';
import { makeFolder } from '../e2e/run-folders.ts';
import { findS3Server, type S3Server, startS3Server } from '../fixtures/s3-server.ts';

const executable = findS3Server();
/** rclone ignores conditions: of several that begin at once, the renewals leave one. */
const decides = executable?.endsWith('versitygw') === true;

describe.skipIf(executable === null)('the lease of an output in a bucket', () => {
  const folder = makeFolder('lease');
  let s3: S3Server;
  let output = '';
  let count = 0;

  /** Takes the lease as a machine of its own does, or as the one of that name. */
  const take = (machine = `machine-${++count}`, stillMs = 600) =>
    takeOutputLease({
      output,
      memory: path.join(folder, machine),
      say: () => {},
      renewMs: 100,
      stillMs,
    });
  const newOutput = () => {
    output = `s3://${s3.bucket}/output-${++count}`;
  };
  const key = () => `${output.split('/').at(-1)}/.serieswise-lease.json`;
  const write = (text: string) =>
    s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: key(), Body: text }));
  const isThere = () =>
    s3.client.send(new GetObjectCommand({ Bucket: s3.bucket, Key: key() })).then(
      () => true,
      () => false,
    );

  beforeAll(async () => {
    s3 = await startS3Server(executable!, path.join(folder, 'store'));
    for (const [name, value] of Object.entries(s3.env)) vi.stubEnv(name, value);
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await s3?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('is refused to a second machine while the first one renews it, and given back', async () => {
    newOutput();
    const lease = await take();
    await expect(take()).rejects.toMatchObject({ code: 'output-busy', kind: 'environment' });
    expect(lease!.lost.aborted).toBe(false);
    await lease!.release();
    expect(await isThere()).toBe(false);
    await (await take())!.release();
  });

  it('of an owner that is gone is taken over, by its own machine at once', async () => {
    newOutput();
    await write(JSON.stringify({ owner: 'gone', renewal: '1' }));
    const began = performance.now();
    await (await take())!.release();
    expect(performance.now() - began).toBeGreaterThan(600);
    await write(JSON.stringify({ owner: 'killed', renewal: '1' }));
    fs.writeFileSync(path.join(folder, 'same-machine'), 'killed');
    const again = performance.now();
    await (await take('same-machine', 60_000))!.release();
    expect(performance.now() - again).toBeLessThan(10_000);
  });

  it('tells its owner when another one has taken it, and leaves it to that one', async () => {
    newOutput();
    const lease = await take();
    await write(JSON.stringify({ owner: 'other', renewal: '1' }));
    for (let waited = 0; !lease!.lost.aborted && waited < 5_000; waited += 50) await sleep(50);
    expect(lease!.lost.aborted).toBe(true);
    await lease!.release();
    expect(await isThere()).toBe(true);
  });

  it('goes to one of several that ask at once', async () => {
    for (const isDead of [false, true]) {
      newOutput();
      if (isDead) await write(JSON.stringify({ owner: 'gone', renewal: '1' }));
      const asked = await Promise.allSettled(Array.from({ length: 8 }, () => take()));
      const got = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value!] : []));
      for (const each of asked)
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'output-busy' });
      if (decides) expect(got).toHaveLength(1);
      const kept = () => got.filter((lease) => !lease.lost.aborted);
      for (let waited = 0; kept().length > 1 && waited < 5_000; waited += 50) await sleep(50);
      await sleep(300);
      expect(kept()).toHaveLength(1);
      for (const lease of got) await lease.release();
    }
  });

  it('does not concern an output that is a folder', async () => {
    const memory = path.join(folder, 'folder');
    expect(await takeOutputLease({ output: folder, memory, say: () => {} })).toBeNull();
  });

  it('is not all that tags are for: they tell objects of one size and second apart', async () => {
    const put = async (text: string) => {
      await s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: 'input/a.dcm', Body: text }));
      const time = new Date(1_700_000_000_000);
      fs.utimesSync(path.join(s3.folder, 'input/a.dcm'), time, time);
      return (await openInput(`s3://${s3.bucket}/input`)).store.stat('a.dcm');
    };
    const before = await put('one');
    const after = await put('two');
    expect({ ...after, tag: null }).toEqual({ ...before, tag: null });
    expect(after!.tag).not.toBe(before!.tag);
  });
});
