/**
 * Clean Descriptors, PS3.15 E.3.6, in this house's way: no word of a description is copied. What the text says in a closed
 * vocabulary is written in its place: each word once, in the vocabulary's order, and never a number. So nothing but a
 * set of known words can be in the output, however a name, a date or a number is woven into the text.
 */
import type { Axis, BodyPart } from '../../models/labels.ts';
import { describeHeaders, NO_HEADER_WORDS } from '../evidence/header-evidence.ts';
import { foldText } from '../evidence/term-table.ts';
import { DESCRIPTOR_TERMS, DESCRIPTOR_TOPICS } from './descriptor-terms.ts';

/** Keyed by type, so that a label that the vocabulary gains is missed by the compiler, not by people. */
const LABELS: Record<BodyPart | Axis, true> = {
  head: true,
  'head-and-face': true,
  'face-orbits-sinus': true,
  'temporal-bone': true,
  'head-and-neck': true,
  neck: true,
  'c-spine': true,
  'c-and-t-spine': true,
  't-spine': true,
  't-and-l-spine': true,
  'l-spine': true,
  chest: true,
  'chest-abdomen-pelvis': true,
  abdomen: true,
  'abdomen-pelvis': true,
  pelvis: true,
  axial: true,
  coronal: true,
  sagittal: true,
};
const CONTRAST = { yes: 'with-contrast', no: 'without-contrast' } as const;
/** Of header evidence; `non-contrast` says no more than `without-contrast`. */
const PHASES = ['arterial', 'portal-venous', 'delayed'] as const;

/** Everything that a cleaned description may consist of, in the order in which it is written. */
export const DESCRIPTOR_WORDS: ReadonlySet<string> = new Set([
  ...Object.keys(LABELS),
  ...Object.values(CONTRAST),
  ...PHASES,
  ...DESCRIPTOR_TOPICS,
]);
const RANKS: ReadonlyMap<string, number> = new Map([...DESCRIPTOR_WORDS].map((word, rank) => [word, rank]));
/** Characters of an LO. PS3.5 section 6.2 */
const MAX_CHARACTERS = 64;

/**
 * @param text one character a byte, without padding
 * @returns `true` for a text that is cleaned already, the words to write, or `null` when it says nothing known
 */
export function judgeDescriptor(text: string): true | string | null {
  if (isCleaned(text)) return true;
  const { bodyPart, axis, contrast, phase } = describeHeaders({
    ...NO_HEADER_WORDS,
    seriesDescription: text,
  });
  const topics = new Set(DESCRIPTOR_TERMS.find(foldText(text)));
  const words = [
    bodyPart,
    axis,
    contrast === null ? null : CONTRAST[contrast],
    phase === 'non-contrast' ? null : phase,
    ...DESCRIPTOR_TOPICS.filter((topic) => topics.has(topic)),
  ].filter((word) => word !== null);
  let written = '';
  for (const word of words) {
    const longer = written === '' ? word : `${written} ${word}`;
    if (longer.length > MAX_CHARACTERS) break;
    written = longer;
  }
  return written === '' ? null : written;
}

function isCleaned(text: string): boolean {
  let last = -1;
  for (const word of text.split(' ')) {
    const rank = RANKS.get(word);
    if (rank === undefined || rank <= last) return false;
    last = rank;
  }
  return text.length <= MAX_CHARACTERS;
}

/**
 * The text without the words of names that stand elsewhere in the header: who is called Chest is not to be told by a
 * description, although the vocabulary has that word.
 * @param names in upper case
 */
export function withoutNames(text: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return text;
  return text.replace(WORD, (word) => (names.has(word.toUpperCase()) ? '' : word));
}

/** Words of a person name of two letters and more, in upper case; one character a byte. PS3.5 section 6.2.1 */
export function wordsOfName(text: string): string[] {
  return (text.match(WORD) ?? []).filter((word) => word.length > 1).map((word) => word.toUpperCase());
}

/** Bytes of other character sets count as letters. */
const WORD = /[A-Za-z\x80-\xff]+/g;
