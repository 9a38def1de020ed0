/** discover: what is there. Writes inventory shards, sealed; nothing that it returns names a source. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { isRetrieved } from '../pipelines/source-kinds.ts';
import { batchCountFor, batchOf, findContestedInstances, hash64 } from '../stages/discover/assign-batches.ts';
import { identifyInstance } from '../stages/discover/identify-instance.ts';
import type { SourceEntry } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { StageFailure } from './failures.ts';
import { readRetrievals, tidyRetrieved } from './retrieve.ts';
import type { RunFiles } from './store/run-files.ts';
import { type ListingCounts, listSources, placeOfRun, SourceReader } from './store/sources.ts';
import { TextSet } from './store/text-set.ts';
import { workAhead } from './store/work-ahead.ts';

const ENTRIES_PER_SHARD = 2_000;
const FIRST_READ_BYTES = 16 * 1024;
const CONTESTED = 'contested.json';

/** What a listing found: references, never names. */
export interface Listing extends ListingCounts {
  shardCount: number;
}

/** A listed file and what decides its batch: pseudonyms' hashes as decimal text. */
interface IdentifiedEntry {
  entry: SourceEntry;
  studyKey: string;
  sop: string;
  study: string;
}

/** Lists the input into shards. Any earlier listing of the run is replaced. */
export async function listSourceFiles(context: StageContext): Promise<Listing> {
  const { files, input, pseudonymizer } = context;
  for (const folder of ['listing', 'headers', 'spool']) await files.store.removeAll(folder);
  const counts: ListingCounts = { files: 0, bytes: 0, archives: 0, skippedLinks: 0 };
  let shard: SourceEntry[] = [];
  let shardCount = 0;
  const flush = async () => {
    await files.writeSealed(files.names.listing(shardCount), shard);
    shard = [];
    shardCount += 1;
  };
  const spool = (sourceKey: string, data: Buffer) =>
    files.write(files.names.spool(sourceKey), files.sealer.seal(data));
  const { sourceKey } = pseudonymizer;
  const entries = isRetrieved(context.pipeline.source)
    ? listRetrieved(context, counts)
    : listSources({ input, sourceKey, spool }, counts);
  for await (const entry of entries) {
    shard.push(entry);
    if (shard.length === ENTRIES_PER_SHARD) await flush();
  }
  if (shard.length > 0) await flush();
  return { ...counts, shardCount };
}

/** What a PACS gave, each instance once though two requests may name its study; what nobody names any more goes. */
async function* listRetrieved(context: StageContext, counts: ListingCounts): AsyncGenerator<SourceEntry> {
  const requestsOf = new Map<string, number>();
  for await (const { studies } of readRetrievals(context))
    for (const { studyUid } of studies) requestsOf.set(studyUid, (requestsOf.get(studyUid) ?? 0) + 1);
  const named = new TextSet();
  const repeated = new Set<string>();
  for await (const { studies } of readRetrievals(context)) {
    for (const { studyUid, series } of studies) {
      for (const { sourceKey, path: name, bytes, mtimeMs } of series.flatMap(({ instances }) => instances)) {
        if (repeated.has(sourceKey)) continue;
        if (requestsOf.get(studyUid) !== 1) repeated.add(sourceKey);
        named.add(sourceKey);
        counts.files += 1;
        counts.bytes += bytes;
        yield { sourceKey, path: name, member: null, bytes, mtimeMs, problem: null, isRetrieved: true };
      }
    }
  }
  tidyRetrieved(context, (sourceKey) => named.has(sourceKey));
}

/** Reads the beginnings of the files of one shard to learn which study each belongs to. */
export async function scanHeaders(context: StageContext, shard: number): Promise<{ files: number }> {
  const { files, pseudonymizer } = context;
  const entries = await files.readSealed<SourceEntry[]>(files.names.listing(shard));
  if (entries === null)
    throw new StageFailure('listing-missing', 'transient', 'A shard of the listing is missing.');
  const reader = new SourceReader(placeOfRun(context));
  try {
    const identified: IdentifiedEntry[] = [];
    const identifyNext = (entry: SourceEntry) => identify(reader, entry);
    for await (const [entry, identity] of workAhead(entries, context.input.store.parallel, identifyNext)) {
      const { studyInstanceUid, sopInstanceUid } = identity;
      const study = studyInstanceUid === '' ? '' : pseudonymizer.uid(studyInstanceUid);
      const sop = sopInstanceUid === '' ? '' : pseudonymizer.uid(sopInstanceUid);
      identified.push({
        entry,
        studyKey: study === '' ? entry.sourceKey : study,
        study: study === '' ? '' : String(hash64(study)),
        sop: sop === '' ? '' : String(hash64(sop)),
      });
    }
    await files.writeSealed(files.names.headers(shard), identified);
    return { files: identified.length };
  } finally {
    reader.close();
  }
}

async function identify(
  reader: SourceReader,
  entry: SourceEntry,
): Promise<{ studyInstanceUid: string; sopInstanceUid: string }> {
  for (let bytes = FIRST_READ_BYTES; ; bytes *= 16) {
    const prefix = await reader.read(entry, bytes);
    if (typeof prefix === 'string') return { studyInstanceUid: '', sopInstanceUid: '' };
    const identity = identifyInstance(prefix, prefix.length < bytes || prefix.length >= entry.bytes);
    if (identity !== null) return identity;
  }
}

/**
 * Sorts the inventory into batches: a study is never cut in two. A batch's entries are in order of their keys, so
 * that nothing later depends on the order of arrival.
 */
export async function planBatches(
  context: StageContext,
  listing: { shardCount: number; files: number },
): Promise<{ batchCount: number }> {
  const { files } = context;
  const batchCount = batchCountFor(listing.files);
  // An attempt that the server gave up may go on for a moment: each has a folder of its own.
  const spill = files.localPath(`spill/${randomBytes(6).toString('hex')}`);
  fs.mkdirSync(spill, { recursive: true, mode: 0o700 });
  try {
    return await sortIntoBatches(files, listing, batchCount, spill);
  } finally {
    // Also after a failure: on a full disk each attempt would leave more.
    fs.rmSync(spill, { recursive: true, force: true });
  }
}

async function sortIntoBatches(
  files: RunFiles,
  listing: { shardCount: number; files: number },
  batchCount: number,
  spill: string,
): Promise<{ batchCount: number }> {
  const sop = new BigUint64Array(listing.files);
  const study = new BigUint64Array(listing.files);
  const batchOfClaim = new Uint16Array(listing.files);
  let claims = 0;
  for (let shard = 0; shard < listing.shardCount; shard += 1) {
    const identified = await files.readSealed<IdentifiedEntry[]>(files.names.headers(shard));
    if (identified === null)
      throw new StageFailure('listing-missing', 'transient', 'A shard of the headers is missing.');
    const byBatch = new Map<number, SourceEntry[]>();
    for (const item of identified) {
      const batch = batchOf(item.studyKey, batchCount);
      const list = byBatch.get(batch);
      if (list === undefined) byBatch.set(batch, [item.entry]);
      else list.push(item.entry);
      if (item.sop === '' || item.study === '') continue;
      sop[claims] = BigInt(item.sop);
      study[claims] = BigInt(item.study);
      batchOfClaim[claims] = batch;
      claims += 1;
    }
    for (const [batch, entries] of byBatch) appendSealed(files, path.join(spill, String(batch)), entries);
  }
  await takeOverRecords(files, batchCount);
  for (let batch = 0; batch < batchCount; batch += 1) {
    const entries = readAppended(files, path.join(spill, String(batch)));
    entries.sort((a, b) => (a.sourceKey < b.sourceKey ? -1 : 1));
    await files.writeSealed(files.names.entries(batch), entries);
  }
  await removeBatchesFrom(files, batchCount);
  const contested = findContestedInstances({
    sop: sop.subarray(0, claims),
    study: study.subarray(0, claims),
  });
  const batchesOf = new Map(contested.map((hash) => [hash, new Set<number>()]));
  for (let claim = 0; claim < claims; claim += 1) batchesOf.get(sop[claim]!)?.add(batchOfClaim[claim]!);
  const byBatch: Record<number, string[]> = {};
  for (const [hash, batches] of batchesOf) {
    for (const batch of batches) {
      byBatch[batch] ??= [];
      byBatch[batch].push(String(hash));
    }
  }
  await files.writeJson(CONTESTED, byBatch);
  return { batchCount };
}

/**
 * Hashes of the SOP Instance UIDs of a batch that several studies claim, in a fixed order. Of this batch alone, so that
 * a conflict elsewhere leaves its rows good.
 */
export async function readContested({ files }: StageContext, batch: number): Promise<string[]> {
  return (await files.readJson<Record<number, string[]>>(CONTESTED))?.[batch] ?? [];
}

/**
 * When an archive outgrows its cut, the studies of a new batch come from the batch whose number is the same modulo the
 * old count: its records go along, so that they are not made again.
 */
async function takeOverRecords(files: RunFiles, batchCount: number): Promise<void> {
  const known = new Set(await files.listBatches());
  for (let batch = 1; batch < batchCount; batch += 1) {
    if (known.has(batch)) continue;
    let from = batch;
    for (let cut = batchCount / 2; cut >= 1 && !known.has(from); cut /= 2) from = batch % cut;
    if (!known.has(from)) continue;
    for (const nameOf of [files.names.times, files.names.groups, files.names.instances]) {
      const bytes = await files.store.read(nameOf(from));
      if (bytes !== null) await files.write(nameOf(batch), bytes);
    }
  }
}

/** Batches of an earlier, larger cut of the same run would add rows of their own. */
async function removeBatchesFrom(files: RunFiles, batchCount: number): Promise<void> {
  for (const batch of await files.listBatches())
    if (batch >= batchCount) await files.store.removeAll(files.names.batch(batch));
}

function appendSealed(files: RunFiles, file: string, entries: SourceEntry[]): void {
  const sealed = files.sealer.seal(Buffer.from(JSON.stringify(entries)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(sealed.length);
  fs.appendFileSync(file, Buffer.concat([length, sealed]), { mode: 0o600 });
}

function readAppended(files: RunFiles, file: string): SourceEntry[] {
  if (!fs.existsSync(file)) return [];
  const bytes = fs.readFileSync(file);
  const entries: SourceEntry[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const length = bytes.readUInt32LE(offset);
    const sealed = bytes.subarray(offset + 4, offset + 4 + length);
    entries.push(...(JSON.parse(files.sealer.open(sealed).toString('utf8')) as SourceEntry[]));
    offset += 4 + length;
  }
  return entries;
}
