/** Splits by patient: no patient is in two parts, and data that comes later moves nobody. */
import { createHash } from 'node:crypto';
import { CohortError } from './cohort-error.ts';

export interface Split {
  name: string;
  /** Share of the patients, 0 to 1. */
  share: number;
}

/**
 * Reads `train=0.7,validation=0.2,test=0.1`.
 * @throws CohortError `split-invalid` unless names differ, hold nothing but a-z, 0-9 and _ (what the libraries that read
 *   shards and cards take), and shares are positive and add up to 1
 */
export function parseSplits(text: string): Split[] {
  const splits = text.split(',').map((part) => {
    const [name = '', share = ''] = part.split('=').map((word) => word.trim());
    return { name, share: Number(share) };
  });
  const sum = splits.reduce((total, { share }) => total + share, 0);
  const valid =
    splits.every(({ name, share }) => /^[a-z][a-z0-9_]*$/.test(name) && share > 0) &&
    new Set(splits.map(({ name }) => name)).size === splits.length &&
    Math.abs(sum - 1) < 1e-9;
  if (!valid) {
    throw new CohortError(
      'split-invalid',
      `"${text}" is no split: names of a-z, 0-9 and _ with shares that add up to 1 are wanted, such as train=0.7,validation=0.2,test=0.1.`,
    );
  }
  return splits;
}

/** The part that a patient belongs to: it follows from the pseudonym and the seed alone. */
export function splitOf(patientId: string, splits: readonly Split[], seed: number): string {
  const digest = createHash('sha256').update(`split\0${seed}\0${patientId}`).digest();
  const place = digest.readUIntBE(0, 6) / 2 ** 48;
  let upTo = 0;
  for (const { name, share } of splits) {
    upTo += share;
    if (place < upTo) return name;
  }
  return splits.at(-1)?.name ?? '';
}
