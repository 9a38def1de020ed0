/**
 * Who works on an output in a bucket: one object there, made and renewed by conditional PUTs, so that of two machines
 * one has the output. No clock of one machine is compared with another's: a lease that does not change for a while,
 * as its observer counts, has no owner any more. Folders have the lock of their state (`run-lock.ts`).
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StageFailure } from '../activities/failures.ts';
import { readIfExists, writeFileAtomic } from '../activities/store/atomic.ts';
import { isBucketLocation } from '../activities/store/locations.ts';
import { openBucket } from '../activities/store/open-store.ts';
import type { S3Store } from '../activities/store/s3-store.ts';

export interface OutputLease {
  /** Aborted once another machine has taken the output over. */
  lost: AbortSignal;
  release(): Promise<void>;
}

export interface LeaseRequest {
  output: string;
  /** File of this machine that remembers its lease: that of a killed process is taken over at once. */
  memory: string;
  say(text: string): void;
  /** Apart from tests: every 5 s, and 20 s. */
  renewMs?: number;
  stillMs?: number;
}

const LEASE = '.serieswise-lease.json';

/** Content of the object; each renewal changes it. */
interface Lease {
  owner: string;
  renewal: string;
}

/** What a second run is told. */
export function outputBusy(): StageFailure {
  const message =
    'Another machine is working on this output. Wait for its end, or stop it there; see: serieswise status.';
  return new StageFailure('output-busy', 'environment', message);
}

/**
 * @returns null for an output that is a folder
 * @throws StageFailure `output-busy` when another machine has it
 */
export async function takeOutputLease(request: LeaseRequest): Promise<OutputLease | null> {
  const { output, memory, renewMs = 5_000, stillMs = 20_000 } = request;
  if (!isBucketLocation(output)) return null;
  const store = await openBucket(output);
  const owner = randomBytes(8).toString('hex');
  let seen = await store.readTagged(LEASE);
  if (seen !== null && ownerOf(seen.bytes) !== readIfExists(memory)?.toString()) {
    request.say('Another machine may be working on this output; waiting for a sign of life.');
    seen = await untilStill(store, seen, stillMs);
  }
  writeFileAtomic(memory, owner, { mode: 0o600, flush: false });
  if (!(await store.writeIf(LEASE, leaseOf(owner), seen?.tag ?? null))) throw outputBusy();
  const lost = new AbortController();
  let renewing: Promise<void> | null = null;
  const timer = setInterval(() => {
    renewing ??= renew(store, owner, lost).finally(() => {
      renewing = null;
    });
  }, renewMs);
  timer.unref();
  return {
    lost: lost.signal,
    async release() {
      clearInterval(timer);
      await renewing;
      const current = await store.readTagged(LEASE);
      if (current !== null && ownerOf(current.bytes) === owner) await store.remove(LEASE);
    },
  };
}

/** Read first: a store that does not know conditions lets two write, and then the first one learns of it here. */
async function renew(store: S3Store, owner: string, lost: AbortController): Promise<void> {
  try {
    const current = await store.readTagged(LEASE);
    if (current !== null && ownerOf(current.bytes) !== owner) lost.abort();
    // Refused: by a write of our own whose answer was lost, or by another owner. The next turn tells.
    else await store.writeIf(LEASE, leaseOf(owner), current?.tag ?? null);
  } catch {
    // Out of reach: whoever cannot renew cannot write the output either, and the tag decides afterwards.
  }
}

/**
 * @returns the lease once it has not changed for `stillMs`, or null when its owner has given it back
 * @throws StageFailure `output-busy` at a sign of life
 */
async function untilStill(
  store: S3Store,
  seen: { bytes: Buffer; tag: string },
  stillMs: number,
): Promise<{ bytes: Buffer; tag: string } | null> {
  for (const began = performance.now(); performance.now() - began < stillMs; ) {
    await sleep(stillMs / 20);
    const current = await store.readTagged(LEASE);
    if (current === null) return null;
    if (!current.bytes.equals(seen.bytes)) throw outputBusy();
  }
  return seen;
}

const leaseOf = (owner: string) =>
  JSON.stringify({ owner, renewal: randomBytes(8).toString('hex') } satisfies Lease);

function ownerOf(bytes: Buffer): string | null {
  try {
    return (JSON.parse(bytes.toString('utf8')) as Lease).owner;
  } catch {
    return null;
  }
}
