/**
 * Coded concepts that may stay: an item of a code sequence is kept when its scheme and value are in here, and its
 * meaning is then the one in here. To a scanner the meaning is free text, so the source's own is never trusted.
 */
import { CONCEPT_ROWS } from './codes.generated.ts';

/** A concept of PS3.16. */
export interface CodedConcept {
  scheme: string;
  value: string;
  meaning: string;
}

/** By scheme and value, with a space between. */
export const CODED_CONCEPTS: ReadonlyMap<string, CodedConcept> = new Map(
  CONCEPT_ROWS.split('\n')
    .filter((row) => !row.startsWith('#'))
    .map((row) => {
      const [scheme, value, ...meaning] = row.split(' ') as [string, string, ...string[]];
      return [`${scheme} ${value}`, { scheme, value, meaning: meaning.join(' ') }];
    }),
);
