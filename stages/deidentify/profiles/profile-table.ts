/** The vocabulary in which profiles are written: data that code reads, so that people can review it line by line. */
import type { TermsName } from './terms.ts';
import type { VendorsName } from './vendors.ts';

/** Fewest and most values of an attribute. */
export type ValueCount = readonly [least: number, most: number];

/** What the value of a kept attribute must look like. Everything else is not that attribute's value, but cargo. */
export type ValueGrammar =
  /** DS, FD, FL: finite numbers within a range. */
  | { kind: 'number'; min: number; max: number; count: ValueCount }
  /** IS, US, SS, UL, SL: whole numbers within a range. */
  | { kind: 'integer'; min: number; max: number; count: ValueCount }
  /** CS, and LO with few words: each value is in a closed vocabulary. */
  | { kind: 'terms'; terms: TermsName; count: ValueCount }
  /** LO, SH: each value is in a vendor vocabulary. */
  | { kind: 'vendor'; vendor: VendorsName; count: ValueCount }
  /** CS: value 1 and 2 of the standard, then flavours. PS3.3 C.7.6.1.1.2 */
  | { kind: 'image-type' }
  /** CS: color tables are not kept, so what needs them (COLOR, MIXED) is written MONOCHROME. PS3.3 C.8.16.2.1.1 */
  | { kind: 'pixel-presentation' }
  /** CS: the directions in which rows and columns run, of the letters A F H L P R. PS3.3 C.7.6.1.1.1 */
  | { kind: 'patient-orientation' }
  /** AS; PS3.5 section 6.2. Over 89 years reads 090Y. */
  | { kind: 'age' }
  | { kind: 'date' }
  | { kind: 'time' }
  | { kind: 'datetime' }
  /** AT: tags of the standard, no private ones. */
  | { kind: 'tags'; count: ValueCount }
  /** SH: digits, four at most. */
  | { kind: 'digits' }
  /** UI: one of the standard's own. */
  | { kind: 'standard-uid' }
  /** UI of any root, valid by PS3.5 section 9.1; one that is not becomes its pseudonym. */
  | { kind: 'uid' }
  /** LO, SH, ST, UI: one of the values that the pipeline itself names. */
  | { kind: 'permitted'; values: readonly string[] }
  /** SH: `n.nnn:1`. */
  | { kind: 'ratio' }
  /** LO: written anew, in a closed vocabulary, from what the text says of it. */
  | { kind: 'descriptor' };

/**
 * - `keep`: to the byte, if every value fits the grammar
 * - `map`: through a vocabulary; values that do not fit read OTHER, texts (`descriptor`) are written anew
 * - `pseudonym`: keyed; UIDs and the patient's identity
 * - `shift`: a date moves by the patient's number of days; only when the pipeline says `dates: shift`
 * - `empty`: zero length, whatever the source says
 * - `items`: a sequence; its items hold what the table lists below it, and nothing else
 * - `concepts`: a code sequence; items in the vocabulary of coded concepts (with what the table lists below), the rest
 *   dropped
 * - `pixels`: Pixel Data and its offset tables, to the byte
 */
export type ProfileAction =
  | 'keep'
  | 'map'
  | 'pseudonym'
  | 'shift'
  | 'empty'
  | 'items'
  | 'concepts'
  | 'pixels';

/**
 * What becomes of a value that does not fit. `refuse`: the instance is quarantined as `not-permitted`; `drop-item`: the
 * item of the sequence goes, with all that is in it.
 */
export type Otherwise = 'remove' | 'empty' | 'refuse' | 'drop-item';

export interface ProfileRow {
  /** Keywords from the data set down, with `>` between. */
  path: string;
  action: ProfileAction;
  grammar: ValueGrammar | null;
  otherwise: Otherwise;
  /** Type 2 of a mandatory module: written empty where the source has none. */
  required: boolean;
  /** Why it may stay; goes into the documentation. */
  reason: string;
}

/** A profile as data: closed, so that what no row names is removed. */
export interface ProfileTable {
  name: string;
  version: number;
  rows: readonly ProfileRow[];
}
