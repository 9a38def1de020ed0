import { CONFIDENTIALITY_ROWS } from '../../dicom/confidentiality.generated.ts';
import { lookUpTag, tag } from '../../dicom/tags.ts';
import { type Judgement, judgeText } from './grammars.ts';
import { CT_RESEARCH } from './profiles/ct-research.ts';
import type { ProfileRow, ProfileTable, ValueGrammar } from './profiles/profile-table.ts';
import { remember } from './remember.ts';

/** What a pipeline says under `deidentify`. */
export interface ProfileSpec {
  profile: 'ct-research';
  dates: 'remove' | 'shift';
  whitelist: { add: readonly string[]; remove: readonly string[] };
}

/** A row of the profile at its place, ready to be applied to an element. */
export interface ResolvedRule {
  tag: number;
  /** Of the dictionary; the first one is written where a value is written anew. */
  vrs: readonly string[];
  row: ProfileRow;
  /** Judges the text of a value field; remembers the last answers. */
  judge: (text: string) => Judgement;
  /** Rules for the items of a sequence. */
  children: ReadonlyMap<number, ResolvedRule>;
}

/** A profile with the pipeline's wishes in it. What has no rule is removed. */
export interface ResolvedProfile {
  name: string;
  version: number;
  dates: 'remove' | 'shift';
  /** Rules of the data set, by tag. */
  rules: ReadonlyMap<number, ResolvedRule>;
  /** Of `rules`, those that must be present, if only empty. */
  required: readonly ResolvedRule[];
  /** Rows in force, for documentation and listings. */
  rows: readonly ProfileRow[];
  /** CID 7050: what this profile does. */
  methodCodes: readonly { value: string; meaning: string }[];
}

/** A profile that cannot be built as asked; every problem at once. Messages hold words of the pipeline alone. */
export class ProfileError extends Error {
  readonly code = 'profile-invalid';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the de-identification profile cannot be built: ${problems.join('; ')}`);
    this.name = 'ProfileError';
    this.problems = problems;
  }
}

const TABLES: Record<ProfileSpec['profile'], ProfileTable> = { 'ct-research': CT_RESEARCH };
const FUNCTIONAL_GROUPS = ['SharedFunctionalGroupsSequence', 'PerFrameFunctionalGroupsSequence'];
const PATIENT_CHARACTERISTICS = ['PatientAge', 'PatientSex', 'PatientSize', 'PatientWeight'];

/**
 * Puts the pipeline's additions and removals into the profile.
 * @throws ProfileError with every problem: unknown words, attributes that PS3.15 table E.1-1 removes, attributes whose
 * values no grammar can check
 */
export function resolveProfile(spec: ProfileSpec): ResolvedProfile {
  const table = TABLES[spec.profile];
  const problems: string[] = [];
  let rows: ProfileRow[] = [...table.rows];
  for (const keyword of spec.whitelist.add) {
    if (rows.some((row) => row.path === keyword)) continue;
    const added = addRow(keyword, spec.dates);
    if (typeof added === 'string') problems.push(`whitelist.add: ${keyword} ${added}`);
    else rows.push(added);
  }
  for (const keyword of spec.whitelist.remove) {
    const problem = checkRemoval(rows, keyword);
    if (problem !== null) problems.push(`whitelist.remove: ${keyword} ${problem}`);
    else rows = removeRows(rows, keyword);
  }
  if (problems.length > 0) throw new ProfileError(problems);

  if (spec.dates === 'remove') {
    rows = rows.flatMap((row) => (row.action !== 'shift' ? [row] : row.required ? [emptied(row)] : []));
  }
  const rules = buildRules(rows);
  return {
    name: table.name,
    version: table.version,
    dates: spec.dates,
    rules,
    required: [...rules.values()].filter(({ row }) => row.required),
    rows,
    methodCodes: methodCodesOf(rows, spec.dates),
  };
}

const NUMERIC: Record<string, ValueGrammar> = Object.fromEntries([
  ...['DS', 'FD', 'FL'].map((vr) => [vr, { kind: 'number', min: -1e9, max: 1e9, count: [1, 64] }]),
  ...['IS', 'US', 'SS', 'UL', 'SL'].map((vr) => [
    vr,
    { kind: 'integer', min: -1e9, max: 1e9, count: [1, 64] },
  ]),
]);
const TEMPORAL: Record<string, ValueGrammar> = {
  DA: { kind: 'date' },
  TM: { kind: 'time' },
  DT: { kind: 'datetime' },
};

/** A row for an attribute that the pipeline adds, or why it cannot be added. */
function addRow(keyword: string, dates: ProfileSpec['dates']): ProfileRow | string {
  const number = tagOf(keyword);
  const entry = number === null ? undefined : lookUpTag(number);
  if (number === null || entry === undefined) return 'is not an attribute of PS3.6';
  if (number >>> 16 <= 0x0002) return 'belongs to the File Meta Information, which is always written anew';
  const listed = confidentialityOf(number);
  const row = {
    path: keyword,
    otherwise: 'remove',
    required: false,
    reason: 'Added by the pipeline',
  } as const;
  const temporal = TEMPORAL[entry.vr];
  if (temporal !== undefined) {
    if (dates === 'remove') return 'is a date or a time: say `dates: shift` to have those';
    if (listed !== null && !listed.includes('retainLongModifiedDates='))
      return 'is removed by PS3.15 table E.1-1, modified dates or not';
    return { ...row, action: 'shift', grammar: temporal };
  }
  if (entry.vr === 'UI') return { ...row, action: 'pseudonym', grammar: null };
  if (listed !== null) return `is removed by PS3.15 table E.1-1 (action ${listed.split(' ')[1]})`;
  const grammar = NUMERIC[entry.vr];
  if (grammar === undefined)
    return `is of VR ${entry.vr}: no value grammar can tell its values from a name or a number of the patient`;
  return { ...row, action: 'keep', grammar };
}

function checkRemoval(rows: readonly ProfileRow[], keyword: string): string | null {
  if (tagOf(keyword) === null) return 'is not an attribute of PS3.6';
  const row = rows.find(({ path }) => lastOf(path) === keyword);
  if (row === undefined) return 'is not in the profile';
  const essential = row.otherwise === 'refuse' || row.action === 'pixels' || ESSENTIAL.has(keyword);
  return essential ? 'cannot be left out: an image without it is not valid' : null;
}

/** Type 1 of mandatory modules, without which an image is nothing. */
const ESSENTIAL = new Set([
  'StudyInstanceUID',
  'SeriesInstanceUID',
  'SOPInstanceUID',
  'FrameOfReferenceUID',
  'PatientID',
  'ImagePositionPatient',
  'ImageOrientationPatient',
  'PixelSpacing',
  'RescaleIntercept',
  'RescaleSlope',
  'RescaleType',
  'NumberOfFrames',
  'PlanarConfiguration',
  'SharedFunctionalGroupsSequence',
  'PerFrameFunctionalGroupsSequence',
]);

/** Required ones stay, without a value; the rest goes, with all that is below it. */
function removeRows(rows: readonly ProfileRow[], keyword: string): ProfileRow[] {
  return rows.flatMap((row) => {
    if (!row.path.split('>').includes(keyword)) return [row];
    return row.required ? [emptied(row)] : [];
  });
}

function emptied(row: ProfileRow): ProfileRow {
  return { ...row, action: 'empty', grammar: null, reason: 'Type 2: present, without a value' };
}

function buildRules(rows: readonly ProfileRow[]): Map<number, ResolvedRule> {
  const root = new Map<number, ResolvedRule>();
  for (const row of rows) {
    for (const path of expandPath(row.path)) {
      const keywords = path.split('>');
      let level = root;
      for (const keyword of keywords.slice(0, -1)) {
        const parent = level.get(tag(keyword));
        if (parent === undefined) throw new ProfileError([`${path} stands before its sequence`]);
        level = parent.children as Map<number, ResolvedRule>;
      }
      const number = tag(keywords.at(-1)!);
      if (level.has(number)) throw new ProfileError([`${path} is listed twice`]);
      level.set(number, resolveRow(number, row));
    }
  }
  return root;
}

function resolveRow(number: number, row: ProfileRow): ResolvedRule {
  const { vrs } = lookUpTag(number)!;
  const { grammar, action } = row;
  const judge = remember(
    (text) => ({
      judgement: grammar === null ? null : judgeText(grammar, vrs[0]!, text, action === 'map'),
    }),
    64,
  );
  return { tag: number, vrs, row, judge: (text) => judge(text).judgement, children: new Map() };
}

function expandPath(path: string): string[] {
  if (path !== 'FunctionalGroups' && !path.startsWith('FunctionalGroups>')) return [path];
  return FUNCTIONAL_GROUPS.map((sequence) => sequence + path.slice('FunctionalGroups'.length));
}

/** Only for what is really done: nothing of the cleaning options, since what they would clean is removed. */
function methodCodesOf(
  rows: readonly ProfileRow[],
  dates: ProfileSpec['dates'],
): { value: string; meaning: string }[] {
  const retainsCharacteristics = rows.some(
    (row) => PATIENT_CHARACTERISTICS.includes(row.path) && row.action === 'keep',
  );
  return [
    { value: '113100', meaning: 'Basic Application Confidentiality Profile' },
    ...(dates === 'shift'
      ? [{ value: '113107', meaning: 'Retain Longitudinal Temporal Information Modified Dates Option' }]
      : []),
    ...(retainsCharacteristics
      ? [{ value: '113108', meaning: 'Retain Patient Characteristics Option' }]
      : []),
  ];
}

let confidentiality: Map<string, string> | undefined;

/** The row of PS3.15 table E.1-1 for a tag (tag, action, options), or null. */
function confidentialityOf(number: number): string | null {
  if (confidentiality === undefined) {
    confidentiality = new Map(CONFIDENTIALITY_ROWS.split('\n').map((row) => [row.split(' ')[0]!, row]));
  }
  const digits = number.toString(16).toUpperCase().padStart(8, '0');
  const repeating = `${digits.slice(0, 2)}xx${digits.slice(4)}`;
  return confidentiality.get(digits) ?? confidentiality.get(repeating) ?? null;
}

function tagOf(keyword: string): number | null {
  try {
    return tag(keyword);
  } catch {
    return null;
  }
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('>') + 1);
}
