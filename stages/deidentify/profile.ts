import { remember } from '../../dicom/remember.ts';
import { lookUpTag, tag } from '../../dicom/tags.ts';
import { CONFIDENTIALITY_OPTIONS, confidentialityOf } from './confidentiality.ts';
import { type Judgement, judgeText } from './grammars.ts';
import {
  activeOptions,
  applyOptions,
  checkOptions,
  type MethodCode,
  methodCodesOf,
  methodTextsOf,
  type OptionsSpec,
} from './profile-options.ts';
import { CT_RESEARCH } from './profiles/ct-research.ts';
import type { ProfileRow, ProfileTable, ValueGrammar } from './profiles/profile-table.ts';
import { SAFE_PRIVATE } from './profiles/safe-private.ts';

/** What a pipeline says under `deidentify`. */
export interface ProfileSpec {
  profile: 'ct-research';
  dates: 'remove' | 'shift' | 'keep';
  whitelist: { add: readonly string[]; remove: readonly string[] };
  /** Options of PS3.15 annex E.3; without it Retain Patient Characteristics and Clean Descriptors. */
  options?: OptionsSpec | undefined;
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
  dates: ProfileSpec['dates'];
  /** UIDs stay where they are valid: pseudonyms must be made by a pseudonymizer that knows it. */
  retainsUids: boolean;
  /** Rules of the data set, by tag. */
  rules: ReadonlyMap<number, ResolvedRule>;
  /** Of `rules`, those that must be present, if only empty. */
  required: readonly ResolvedRule[];
  /** Rules of private attributes, by `safePrivateKey`; empty without Retain Safe Private. */
  safePrivate: ReadonlyMap<string, ResolvedRule>;
  /** Rows in force, for documentation and listings. */
  rows: readonly ProfileRow[];
  /** CID 7050: what this profile does. */
  methodCodes: readonly MethodCode[];
  /** Further values of De-identification Method, for what differs from the profile as it is shipped. */
  methodTexts: readonly string[];
}

/** One thing that cannot be had, and where the pipeline asks for it, below `deidentify`. */
export interface ProfileProblem {
  path: readonly (string | number)[];
  message: string;
}

/** A profile that cannot be built as asked; every problem at once. Messages hold words of the pipeline alone. */
export class ProfileError extends Error {
  readonly code = 'profile-invalid';
  readonly problems: readonly ProfileProblem[];

  constructor(problems: readonly ProfileProblem[]) {
    super(
      `the de-identification profile cannot be built: ${problems.map(({ message }) => message).join('; ')}`,
    );
    this.name = 'ProfileError';
    this.problems = problems;
  }
}

const TABLES: Record<ProfileSpec['profile'], ProfileTable> = { 'ct-research': CT_RESEARCH };
const FUNCTIONAL_GROUPS = ['SharedFunctionalGroupsSequence', 'PerFrameFunctionalGroupsSequence'];

/**
 * Puts the pipeline's options, additions and removals into the profile.
 * @throws ProfileError with every problem: options that contradict each other, unknown words, attributes that PS3.15
 * table E.1-1 removes, attributes whose values no grammar can check
 */
export function resolveProfile(spec: ProfileSpec): ResolvedProfile {
  const table = TABLES[spec.profile];
  const problems: ProfileProblem[] = [...checkOptions(spec)];
  let rows: ProfileRow[] = applyOptions([...table.rows], spec);
  for (const [index, keyword] of spec.whitelist.add.entries()) {
    const isRefused = problems.some(({ path }) => path[1] === 'add' && path[2] === index);
    if (isRefused || rows.some((row) => row.path === keyword)) continue;
    const added = addRow(keyword, spec);
    if (typeof added === 'string')
      problems.push({
        path: ['whitelist', 'add', index],
        message: `whitelist.add: ${keyword} ${added}`,
      });
    else rows.push(added);
  }
  for (const [index, keyword] of spec.whitelist.remove.entries()) {
    const problem = checkRemoval(rows, keyword);
    if (problem !== null)
      problems.push({
        path: ['whitelist', 'remove', index],
        message: `whitelist.remove: ${keyword} ${problem}`,
      });
    else rows = removeRows(rows, keyword);
  }
  if (problems.length > 0) throw new ProfileError(problems);

  if (spec.dates === 'remove') {
    rows = rows.flatMap((row) => (row.action !== 'shift' ? [row] : row.required ? [emptied(row)] : []));
  } else if (spec.dates === 'keep') {
    rows = rows.map((row) => (row.action === 'shift' ? { ...row, action: 'keep' } : row));
  }
  const rules = buildRules(rows);
  return {
    name: table.name,
    version: table.version,
    dates: spec.dates,
    retainsUids: spec.options?.retain_uids === true,
    rules,
    required: [...rules.values()].filter(({ row }) => row.required),
    safePrivate: spec.options?.retain_safe_private === true ? safePrivateRules() : new Map(),
    rows,
    methodCodes: methodCodesOf(rows, spec),
    methodTexts: methodTextsOf(spec),
  };
}

/** What a private attribute is known by, whatever block its creator was given. PS3.5 section 7.8.1 */
export function safePrivateKey(creator: string, group: number, element: number): string {
  return `${group.toString(16)} ${(element & 0xff).toString(16)} ${creator}`;
}

function safePrivateRules(): Map<string, ResolvedRule> {
  return new Map(
    SAFE_PRIVATE.map(({ creator, group, element, vr, grammar, name }) => {
      const row: ProfileRow = {
        path: `(${group.toString(16).padStart(4, '0')},${creator},${element.toString(16).padStart(2, '0')})`,
        action: 'keep',
        grammar,
        otherwise: 'remove',
        required: false,
        reason: `Safe private attribute of PS3.15 table E.3.10-1: ${name}`,
      };
      const number = ((group << 16) | element) >>> 0;
      return [safePrivateKey(creator, group, element), makeRule(number, [vr], row)];
    }),
  );
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
function addRow(keyword: string, spec: ProfileSpec): ProfileRow | string {
  const { dates } = spec;
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
    if (dates === 'remove') return 'is a date or a time: say `dates: shift` or `dates: keep` to have those';
    const option = dates === 'shift' ? 'retainLongModifiedDates' : 'retainLongFullDates';
    if (listed !== null && listed.options[option] === undefined)
      return 'is removed by PS3.15 table E.1-1, whatever is done with dates';
    return { ...row, action: 'shift', grammar: temporal };
  }
  if (entry.vr === 'UI') return { ...row, action: 'pseudonym', grammar: null };
  const kept = activeOptions(spec).some((option) => listed?.options[option] === 'K');
  if (listed !== null && !kept) {
    const wanting = (Object.keys(listed.options) as (keyof typeof CONFIDENTIALITY_OPTIONS)[])
      .filter((option) => listed.options[option] === 'K')
      .map((option) => CONFIDENTIALITY_OPTIONS[option]);
    const hint = wanting.length === 0 ? '' : `; the standard keeps it under the ${wanting.join(' or the ')}`;
    return `is removed by PS3.15 table E.1-1 (action ${listed.action})${hint}`;
  }
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
        if (parent === undefined) throw new RangeError(`${path} stands before its sequence`);
        level = parent.children as Map<number, ResolvedRule>;
      }
      const number = tag(keywords.at(-1)!);
      if (level.has(number)) throw new RangeError(`${path} is listed twice`);
      level.set(number, resolveRow(number, row));
    }
  }
  return root;
}

function resolveRow(number: number, row: ProfileRow): ResolvedRule {
  return makeRule(number, lookUpTag(number)!.vrs, row);
}

function makeRule(number: number, vrs: readonly string[], row: ProfileRow): ResolvedRule {
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
