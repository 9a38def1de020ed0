import { createHash } from 'node:crypto';

const FILES_PER_BATCH = 512;
const MAX_BATCHES = 8_192;

/**
 * Into how many batches an archive is cut: a power of two, so that a few more files seldom move a study.
 * It follows from the number of files alone, never from the machine: batches decide which rows share a file.
 */
export function batchCountFor(fileCount: number): number {
  let batches = 1;
  while (batches < MAX_BATCHES && batches * FILES_PER_BATCH < fileCount) batches *= 2;
  return batches;
}

/** The batch of a study (or of a file without one): a whole study is always in one batch. */
export function batchOf(studyKey: string, batchCount: number): number {
  return createHash('sha256').update(studyKey).digest().readUInt32BE(0) % batchCount;
}

/**
 * Instances that are claimed by more than one study: neither claim can be trusted, and no batch sees both.
 * @param claims pairs of 64-bit hashes of SOP Instance UID and Study Instance UID, any order
 * @returns hashes of the SOP Instance UIDs, ascending
 */
export function findContestedInstances(claims: { sop: BigUint64Array; study: BigUint64Array }): bigint[] {
  const sorted = claims.sop.slice().sort();
  const repeated = new Set<bigint>();
  for (let index = 1; index < sorted.length; index += 1) {
    if (sorted[index] === sorted[index - 1]) repeated.add(sorted[index]!);
  }
  if (repeated.size === 0) return [];
  const studies = new Map<bigint, bigint>();
  const contested = new Set<bigint>();
  for (const [index, sop] of claims.sop.entries()) {
    if (!repeated.has(sop)) continue;
    const study = claims.study[index]!;
    if ((studies.get(sop) ?? study) !== study) contested.add(sop);
    studies.set(sop, study);
  }
  return [...contested].sort((a, b) => (a < b ? -1 : 1));
}

/** 64-bit hash of a pseudonym, to compare instances over batches. */
export function hash64(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64BE(0);
}
