import { createHash } from 'node:crypto';
import { type DicomElement, type DicomFile, readDicom } from '../dicom/read.ts';
import { TAGS, tag } from '../dicom/tags.ts';
import { effectiveVr, getNumber, getUid, valueBytes } from '../dicom/values.ts';
import type { AnswerKey, Category, Check, FileAnswers } from './answer-key.ts';
import { createTokenFinder } from './token-finder.ts';
import { comparableValue } from './values.ts';

/** What became of a planted file. */
export interface FileOutcome {
  disposition: string;
  reason: string | null;
  /** The published instance; null when there is none. */
  output: Uint8Array | null;
}

/** A check that did not come out as it must. */
export interface Failure extends Check {
  path: string;
  patient: number;
  problem: string;
}

export interface Verdict {
  check: Check;
  passed: boolean;
}

export interface Scored {
  verdicts: Verdict[];
  failures: Failure[];
}

/** Patients seen so far: what one name became must be what it becomes everywhere. */
interface Memory {
  uids: Map<string, string>;
  sourcesOfUids: Map<string, string>;
  patients: Map<string, string>;
  sourcesOfPatients: Map<string, string>;
  shifts: Map<number, number>;
}

interface Opened {
  file: DicomFile;
  found: ReadonlySet<string>;
}

/**
 * Scores what a run made of the planted files: every required action, passed or not. It knows neither the profile nor
 * the key of the project: consistency is judged from the outputs alone.
 * @param outcomes by path of the planted file
 * @param elsewhere planted texts that were found outside of the published instances, and where
 */
export function scoreActions(
  key: AnswerKey,
  outcomes: ReadonlyMap<string, FileOutcome>,
  elsewhere: ReadonlyMap<string, readonly string[]>,
): Scored {
  const scored: Scored = { verdicts: [], failures: [] };
  const memory: Memory = {
    uids: new Map(),
    sourcesOfUids: new Map(),
    patients: new Map(),
    sourcesOfPatients: new Map(),
    shifts: new Map(),
  };
  const note = (check: Check, problem: string | null, path: string, patient: number) => {
    scored.verdicts.push({ check, passed: problem === null });
    if (problem !== null) scored.failures.push({ ...check, path, patient, problem });
  };
  for (const answers of key.files) {
    const outcome = outcomes.get(answers.path);
    const opened = outcome?.output == null ? null : open(outcome.output, answers);
    for (const check of answers.checks) {
      const problem =
        outcome === undefined
          ? 'the run does not account for the file'
          : opened === null
            ? judgeAbsence(check, outcome)
            : judge(check, opened, answers, memory);
      note(check, problem, answers.path, answers.patient);
    }
  }
  for (const { patient, kind, category, rule, text } of key.identifiers) {
    const places = elsewhere.get(text);
    const check: Check = {
      action: 'text_removed',
      category: category as Category,
      rule,
      place: 'anywhere-else',
      where: 'tables, names, pictures, logs, state, histories',
      value: text,
      kind,
    };
    note(check, places === undefined ? null : `stands in ${places.join(', ')}`, '', patient);
  }
  return scored;
}

function open(output: Uint8Array, answers: FileAnswers): Opened {
  const tokens = answers.checks
    .filter(
      ({ action }) => action === 'text_removed' || action === 'uid_changed' || action === 'patid_consistent',
    )
    .map(({ value }) => value);
  return { file: readDicom(output), found: createTokenFinder(tokens).find(output) };
}

/** Nothing was published: nothing survives, and nothing is kept either. */
function judgeAbsence({ action }: Check, { disposition, reason }: FileOutcome): string | null {
  if (action === 'text_removed' || action === 'uid_changed' || action === 'pixels_hidden') return null;
  return `no instance was published: ${disposition}${reason === null ? '' : `, ${reason}`}`;
}

/** @returns what is wrong, or null */
function judge(check: Check, opened: Opened, answers: FileAnswers, memory: Memory): string | null {
  const { file, found } = opened;
  const element = elementAt(file, check.where);
  switch (check.action) {
    case 'text_removed':
      return found.has(check.value) ? 'stands in the published instance' : null;
    case 'uid_changed':
      return found.has(check.value) ? 'the UID of the source stands in the published instance' : null;
    case 'tag_retained':
      return element === null ? 'the attribute is gone' : null;
    case 'text_notnull':
      return element === null || element.length === 0 ? 'has no value' : null;
    case 'text_retained':
      return judgeText(check, file, element);
    case 'uid_consistent':
      return judgeUid(check, file, memory);
    case 'patid_consistent':
      return judgePatient(check, opened, element, memory);
    case 'date_shifted':
      return judgeDate(check, file, element, answers.patient, memory);
    case 'pixels_retained':
      return digestOfPixels(file) === check.value ? null : 'the pixels are others';
    case 'pixels_hidden':
      return isTextHidden(file) ? null : 'the text stands in the published image';
  }
}

function judgeText(check: Check, file: DicomFile, element: DicomElement | null): string | null {
  if (element === null) return 'the attribute is gone';
  const value = comparableValue(effectiveVr(element), valueBytes(file, element));
  // Of a description, the words that say nothing about a person.
  if (check.place === 'free-text')
    return value.replaceAll('-', ' ').includes(check.value) ? null : 'words are gone';
  return value === check.value ? null : 'has another value';
}

function judgeUid({ where, value }: Check, file: DicomFile, memory: Memory): string | null {
  const uid = uidAt(file, where);
  if (uid === null) return 'there is no UID';
  if (uid === value) return 'the UID is that of the source';
  return judgePair(value, uid, memory.uids, memory.sourcesOfUids);
}

function judgePatient(
  { value }: Check,
  { file, found }: Opened,
  element: DicomElement | null,
  memory: Memory,
): string | null {
  if (element === null || element.length === 0) return 'there is no Patient ID';
  if (found.has(value)) return 'the record number stands in the published instance';
  const text = Buffer.from(valueBytes(file, element)).toString('latin1').trim();
  return judgePair(value, text, memory.patients, memory.sourcesOfPatients);
}

/** One source, one pseudonym, and the other way round. */
function judgePair(
  source: string,
  pseudonym: string,
  pseudonyms: Map<string, string>,
  sources: Map<string, string>,
): string | null {
  const before = pseudonyms.get(source);
  if (before !== undefined && before !== pseudonym) return 'became something else in another file';
  const other = sources.get(pseudonym);
  if (other !== undefined && other !== source) return 'two of the source became one';
  pseudonyms.set(source, pseudonym);
  sources.set(pseudonym, source);
  return null;
}

/** HIPAA asks that the date does not come out, best practice that intervals can be told. */
function judgeDate(
  { value, category }: Check,
  file: DicomFile,
  element: DicomElement | null,
  patient: number,
  memory: Memory,
): string | null {
  if (element === null || element.length === 0) return category === 'hipaa' ? null : 'the date is gone';
  const text = Buffer.from(valueBytes(file, element))
    .toString('latin1')
    .replace(/[ \0]+$/, '');
  const days = daysOf(text) - daysOf(value);
  if (!Number.isInteger(days)) return 'is no date';
  if (days === 0) return 'is the date of the source';
  if (text.slice(8) !== value.slice(8)) return 'the time of day is another';
  const before = memory.shifts.get(patient) ?? days;
  memory.shifts.set(patient, before);
  return before === days ? null : "moved by another number of days than the patient's other dates";
}

function daysOf(text: string): number {
  const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)].map(Number);
  return Date.UTC(year!, month! - 1, day!) / 86_400_000;
}

/** The element at a path of keywords, in the first item of each sequence. */
function elementAt(file: DicomFile, where: string): DicomElement | null {
  let { dataset } = file;
  const keywords = where.split('>');
  for (const [depth, keyword] of keywords.entries()) {
    const element = /^[A-Z]\w+$/.test(keyword) ? dataset.elements.get(tagOf(keyword)) : undefined;
    if (element === undefined) return null;
    if (depth === keywords.length - 1) return element;
    const item = element.items?.[0];
    if (item === undefined) return null;
    dataset = item.dataset;
  }
  return null;
}

function uidAt(file: DicomFile, where: string): string | null {
  const element = elementAt(file, where);
  if (element === null) return null;
  const dataset = { ...file.dataset, elements: new Map([[element.tag, element]]) };
  return getUid(file, dataset, element.tag) ?? null;
}

function tagOf(keyword: string): number {
  try {
    return tag(keyword);
  } catch {
    // Places that are no attribute have names too.
    return -1;
  }
}

function digestOfPixels(file: DicomFile): string {
  const element = file.dataset.elements.get(TAGS.PixelData);
  if (element === undefined) return '';
  return createHash('sha256').update(valueBytes(file, element)).digest('hex');
}

/** Rows in which the text was drawn. */
const TEXT_ROWS = { from: 8, to: 62 } as const;

/** Every pixel of the lines of text has one value: they were blanked. */
function isTextHidden(file: DicomFile): boolean {
  const element = file.dataset.elements.get(TAGS.PixelData);
  const columns = getNumber(file, file.dataset, TAGS.Columns) ?? 0;
  if (element === undefined || columns === 0) return true;
  const bytes = valueBytes(file, element);
  const lines = bytes.subarray(TEXT_ROWS.from * columns * 2, TEXT_ROWS.to * columns * 2);
  return lines.every((byte, index) => byte === lines[index % 2]);
}
