import { createHmac, hash, randomBytes } from 'node:crypto';
import { createPseudonymizer, type Pseudonymizer } from '../stages/deidentify/pseudonyms.ts';
import { shiftDate, shiftDateTime } from '../stages/deidentify/shift-dates.ts';

export interface UidCheck {
  count: number;
  collisions: number;
  invalid: number;
  sharedWithOtherKey: number;
}

/** 2.25 and 128 bits in decimal without leading zeros, 64 characters at most. PS3.5 section 9 and B.2 */
const UUID_DERIVED = /^2\.25\.(0|[1-9]\d{0,38})$/;

/** Pseudonyms of `count` UIDs that differ in their last component, under two keys. */
export function checkUids(mine: Pseudonymizer, other: Pseudonymizer, count: number): UidCheck {
  const seen = new Set<string>();
  const check: UidCheck = { count, collisions: 0, invalid: 0, sharedWithOtherKey: 0 };
  const sourceOf = (index: number) => `2.999.77.${(index % 997) + 1}.${index}`;
  for (let index = 0; index < count; index += 1) {
    const uid = mine.uid(sourceOf(index));
    if (seen.has(uid)) check.collisions += 1;
    seen.add(uid);
    const isValid = UUID_DERIVED.test(uid) && uid.length <= 64 && BigInt(uid.slice(5)) < 1n << 128n;
    if (!isValid) check.invalid += 1;
  }
  for (let index = 0; index < count; index += 1) {
    if (seen.has(other.uid(sourceOf(index)))) check.sharedWithOtherKey += 1;
  }
  return check;
}

export interface ShiftCheck {
  patients: number;
  /** Pairs of dates of one patient. */
  intervals: number;
  /** Of those, how many are others in days, or in seconds where there is a time, than before. */
  changed: number;
  /** Dates that stayed where they were, or that are no dates any more. */
  unmoved: number;
  /** Different numbers of days that the patients moved by. */
  shifts: number;
}

/**
 * Moves dates (DA) and dates with times (DT) of many patients, over centuries, leap years and ends of months, and
 * compares the interval between any two of a patient with what it was.
 */
export function checkShifts(pseudonymizer: Pseudonymizer, patients: number, datesEach: number): ShiftCheck {
  const check: ShiftCheck = { patients, intervals: 0, changed: 0, unmoved: 0, shifts: 0 };
  const shifts = new Set<number>();
  for (let patient = 0; patient < patients; patient += 1) {
    const days = pseudonymizer.dateShiftDays(String(patient).padStart(7, '0'), null, '');
    shifts.add(days);
    const moments = Array.from({ length: datesEach }, (_, index) => {
      // A walk with a step of no period that a calendar has.
      const seconds = ((patient * datesEach + index) * 7_919_873) % (180 * 365 * 86_400);
      const text = new Date(Date.UTC(1880, 0, 1) + 1000 * seconds)
        .toISOString()
        .replace(/\D/g, '')
        .slice(0, 14);
      const before = index % 2 === 0 ? text : text.slice(0, 8);
      const after = index % 2 === 0 ? shiftDateTime(before, days) : shiftDate(before, days);
      if (after === null || after === before) check.unmoved += 1;
      return [secondsOf(before), secondsOf(after ?? '')] as const;
    });
    for (const [index, [before, after]] of moments.entries()) {
      for (const [otherBefore, otherAfter] of moments.slice(index + 1)) {
        check.intervals += 1;
        if (otherAfter - after !== otherBefore - before) check.changed += 1;
      }
    }
  }
  check.shifts = shifts.size;
  return check;
}

/** Of `YYYYMMDD` or `YYYYMMDDHHMMSS`; NaN of anything else. */
function secondsOf(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?$/.exec(text);
  if (match === null) return Number.NaN;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  return Date.UTC(year!, month! - 1, day!, hour, minute, second) / 1000;
}

export interface AttackOptions {
  pseudonymizer: Pseudonymizer;
  /** Record numbers 0 … numbers - 1, seven digits each. */
  numbers: number;
  /** How many of them are patients whose pseudonyms the attacker holds. */
  patients: number;
  /** Told of each way when it has been gone to its end. */
  onWay?: (way: AttackWay) => void;
}

/** A way to get from a record number to a pseudonym, and how many patients it gave away. */
export interface AttackWay {
  way: string;
  recovered: number;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * Somebody who holds the pseudonyms and this program's source, but not the key, tries every record number: hashes
 * without a key over the number and over the very text that this program hashes, and the program itself with keys that
 * people choose (zeros, ones, one drawn at random).
 */
export function attackRecordNumbers(options: AttackOptions): { ways: AttackWay[]; recoveredWithKey: number } {
  const { pseudonymizer, numbers, patients } = options;
  const recordNumber = (index: number) => String(index).padStart(7, '0');
  const step = Math.floor(numbers / patients);
  const victims = Array.from({ length: patients }, (_, patient) =>
    recordNumber(patient * step + (patient % step)),
  );
  const pseudonyms = new Set(victims.map((number) => pseudonymizer.patientId(number, null, '')));
  // The 80 bits that a pseudonym shows, as hashes are printed.
  const digests = new Set([...pseudonyms].map((pseudonym) => decodeBase32(pseudonym.slice(2))));
  const count = (targets: ReadonlySet<string>, guess: (number: string) => readonly string[]): number => {
    const recovered = new Set<string>();
    for (let index = 0; index < numbers; index += 1) {
      for (const text of guess(recordNumber(index))) if (targets.has(text)) recovered.add(text);
    }
    return recovered.size;
  };
  const wordings = (number: string) => [number, `7:patient7:${number}0:`];
  const hashed = (name: string, number: string) =>
    wordings(number).map((text) => hash(name, text, 'hex').slice(0, 20));
  const purpose = (number: string) =>
    wordings(number).map((text) =>
      createHmac('sha256', 'serieswise/1/patient').update(text).digest('hex').slice(0, 20),
    );
  const program = (key: Uint8Array) => {
    const wrong = createPseudonymizer(key);
    return (number: string) => [wrong.patientId(number, null, '')];
  };
  const ways: [way: string, targets: ReadonlySet<string>, guess: (number: string) => readonly string[]][] = [
    ['MD5 without a key', digests, (number) => hashed('md5', number)],
    ['SHA-1 without a key', digests, (number) => hashed('sha1', number)],
    ['SHA-256 without a key', digests, (number) => hashed('sha256', number)],
    ["HMAC with the program's name for its purpose as the key", digests, purpose],
    ['this program with zeros for a key', pseudonyms, program(new Uint8Array(32))],
    ['this program with another random key', pseudonyms, program(randomBytes(32))],
  ];
  const results = ways.map(([way, targets, guess]) => {
    const result = { way, recovered: count(targets, guess) };
    options.onWay?.(result);
    return result;
  });
  // An attack that finds nothing with the key either would show nothing: with it, the victims' own numbers suffice.
  const withKey = victims.filter((number) => pseudonyms.has(pseudonymizer.patientId(number, null, '')));
  return { ways: results, recoveredWithKey: withKey.length };
}

/** The bits of a pseudonym, five a character, as hexadecimal digits. */
function decodeBase32(text: string): string {
  let bits = 0n;
  for (const character of text) bits = (bits << 5n) | BigInt(BASE32.indexOf(character));
  return bits.toString(16).padStart(20, '0');
}
