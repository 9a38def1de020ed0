/** A profile in words, for documentation and listings. */
import { formatTag, isPrivateTag, lookUpTag, tag } from '../../dicom/tags.ts';
import {
  CONFIDENTIALITY_OPTIONS,
  CONFIDENTIALITY_TABLE,
  type ConfidentialityRow,
  confidentialityOf,
} from './confidentiality.ts';
import { DESCRIPTOR_WORDS } from './descriptors.ts';
import type { ResolvedProfile } from './profile.ts';
import type { ProfileAction, ProfileRow, ValueGrammar } from './profiles/profile-table.ts';
import { TERMS } from './profiles/terms.ts';
import { VENDORS } from './profiles/vendors.ts';

/** One line of a listing. */
export interface ExplainedRow {
  path: string;
  /** `(0018,0060)`, of the last keyword of the path. */
  tag: string;
  vr: string;
  action: ProfileAction;
  /** The action in words. */
  does: string;
  /** What values may look like. */
  values: string;
  /** The same for programs. Vocabularies are spelt out, patterns are JavaScript's. */
  grammar: object | null;
  /** What becomes of a value that does not fit. */
  otherwise: string;
  reason: string;
  basicProfile: BasicProfile | null;
}

/** What PS3.15 table E.1-1 says of an attribute: the Basic Profile's action, and those of options by their names. */
export interface BasicProfile {
  action: string;
  options: Record<string, string>;
}

/** An attribute and what becomes of it. */
export interface ExplainedAttribute {
  tag: string;
  keyword: string | null;
  vr: string | null;
  /** In every place where it may stay; empty: it is removed everywhere. */
  rows: ExplainedRow[];
  /** What becomes of it in all other places. */
  elsewhere: 'remove';
  basicProfile: BasicProfile | null;
  /** In words, why it is removed where no row lists it. */
  why: string;
}

const ACTIONS: Record<ProfileAction, string> = {
  keep: 'keep if it matches',
  map: 'map through a vocabulary',
  pseudonym: 'pseudonym',
  shift: 'shift',
  empty: 'empty',
  items: 'keep the items, each by its own list',
  concepts: 'keep known codes, in the vocabulary’s words',
  pixels: 'keep',
};

/** Every row of a profile, in its order. */
export function explainProfile(profile: ResolvedProfile): ExplainedRow[] {
  return profile.rows.map((row) => {
    const keyword = row.path.slice(row.path.lastIndexOf('>') + 1);
    const number = keyword === 'FunctionalGroups' ? tag('SharedFunctionalGroupsSequence') : tag(keyword);
    return {
      path: row.path,
      tag: formatTag(number),
      vr: lookUpTag(number)!.vrs.join(' or '),
      action: row.action,
      does: ACTIONS[row.action],
      values: row.grammar === null ? '' : explainGrammar(row.grammar),
      grammar: row.grammar === null ? null : spellOut(row.grammar),
      otherwise: explainOtherwise(row),
      reason: row.reason,
      basicProfile: basicProfileOf(confidentialityOf(number)),
    };
  });
}

/** Private attributes that stay, with creator and element as their path. */
export function explainSafePrivate(profile: ResolvedProfile): ExplainedRow[] {
  return [...profile.safePrivate.values()].map(({ tag: number, vrs, row }) => ({
    path: row.path,
    tag: formatTag(number).replace(/,..(..)\)$/, ',xx$1)'),
    vr: vrs.join(' or '),
    action: row.action,
    does: ACTIONS[row.action],
    values: row.grammar === null ? '' : explainGrammar(row.grammar),
    grammar: row.grammar,
    otherwise: explainOtherwise(row),
    reason: row.reason,
    basicProfile: basicProfileOf(confidentialityOf(number)),
  }));
}

/** What a profile does with one attribute of the dictionary, or with a private or unknown one. */
export function explainAttribute(profile: ResolvedProfile, tagNumber: number): ExplainedAttribute {
  const entry = lookUpTag(tagNumber);
  const basicProfile = basicProfileOf(confidentialityOf(tagNumber));
  const rows = explainProfile(profile).filter(({ tag: own }) => own === formatTag(tagNumber));
  // The functional groups share one row; they are two sequences.
  if (entry?.keyword === 'PerFrameFunctionalGroupsSequence')
    rows.push(...explainProfile(profile).filter(({ path }) => path === 'FunctionalGroups'));
  return {
    tag: formatTag(tagNumber),
    keyword: entry?.keyword ?? null,
    vr: entry?.vrs.join(' or ') ?? null,
    rows,
    elsewhere: 'remove',
    basicProfile,
    why: whyRemoved(tagNumber, basicProfile),
  };
}

function whyRemoved(tagNumber: number, basicProfile: BasicProfile | null): string {
  const group = tagNumber >>> 16;
  if (group === 0x0002) return 'The File Meta Information is written anew.';
  if ((tagNumber & 0xffff) === 0) return 'Group lengths are removed.';
  if (isPrivateTag(tagNumber))
    return 'Private attributes are removed; retain_safe_private keeps numbers of the safe list.';
  if (basicProfile === null)
    return 'It is not on the white-list. PS3.15 table E.1-1 does not list it: tools that follow the table keep it.';
  return 'It is not on the white-list, and PS3.15 table E.1-1 asks for its protection.';
}

/** Attributes of table E.1-1 that no row of the profile lists, in the table's order. */
export function listRemoved(
  profile: ResolvedProfile,
): { tag: string; keyword: string | null; basicProfile: BasicProfile }[] {
  const listed = new Set(explainProfile(profile).map((row) => row.tag));
  return CONFIDENTIALITY_TABLE.flatMap((row) => {
    const digits = /^[0-9A-F]{8}$/.test(row.pattern) ? Number.parseInt(row.pattern, 16) : null;
    const name = digits === null ? row.pattern : formatTag(digits);
    if (listed.has(name)) return [];
    const keyword = digits === null ? null : (lookUpTag(digits)?.keyword ?? null);
    return [{ tag: name, keyword, basicProfile: basicProfileOf(row)! }];
  });
}

function basicProfileOf(row: ConfidentialityRow | null): BasicProfile | null {
  if (row === null) return null;
  const options = (Object.keys(CONFIDENTIALITY_OPTIONS) as (keyof typeof CONFIDENTIALITY_OPTIONS)[]).flatMap(
    (option) => {
      const action = row.options[option];
      return action === undefined ? [] : [[CONFIDENTIALITY_OPTIONS[option], action]];
    },
  );
  return { action: row.action, options: Object.fromEntries(options) };
}

function spellOut(grammar: ValueGrammar): object {
  switch (grammar.kind) {
    case 'terms':
      return { ...grammar, values: [...TERMS[grammar.terms]] };
    case 'vendor': {
      const { exact, patterns } = VENDORS[grammar.vendor];
      return { ...grammar, values: [...exact], patterns: patterns.map((pattern) => pattern.source) };
    }
    case 'descriptor':
      return { ...grammar, values: [...DESCRIPTOR_WORDS] };
    default:
      return grammar;
  }
}

function explainGrammar(grammar: ValueGrammar): string {
  switch (grammar.kind) {
    case 'number':
      return `${explainCount(grammar.count)}number from ${grammar.min} to ${grammar.max}`;
    case 'integer':
      return `${explainCount(grammar.count)}whole number from ${grammar.min} to ${grammar.max}`;
    case 'terms':
      return `${explainCount(grammar.count)}one of ${TERMS[grammar.terms].size} terms (\`${grammar.terms}\`)`;
    case 'vendor': {
      const { exact, patterns } = VENDORS[grammar.vendor];
      const also = patterns.length === 0 ? '' : `, or one of ${patterns.length} patterns`;
      return `${explainCount(grammar.count)}one of ${exact.size} known values${also} (\`${grammar.vendor}\`)`;
    }
    case 'image-type':
      return 'enumerated values, then known flavours';
    case 'pixel-presentation':
      return 'MONOCHROME or TRUE_COLOR; COLOR and MIXED read MONOCHROME';
    case 'patient-orientation':
      return 'two directions of the letters A, F, H, L, P, R';
    case 'age':
      return 'an age; over 89 years reads 090Y';
    case 'date':
      return 'a date of the calendar';
    case 'time':
      return 'a time of day';
    case 'datetime':
      return 'a date with or without time';
    case 'tags':
      return 'tags of the standard';
    case 'digits':
      return 'up to four digits';
    case 'standard-uid':
      return 'a UID that the standard defines';
    case 'uid':
      return 'a valid UID';
    case 'permitted':
      return `one of ${grammar.values.length} values that the pipeline permits`;
    case 'ratio':
      return 'a ratio to one';
    case 'descriptor':
      return `some of ${DESCRIPTOR_WORDS.size} words, each once, in their order`;
  }
}

function explainCount([least, most]: readonly [number, number]): string {
  if (least === 1 && most === 1) return '';
  return least === most ? `${least} times ` : `${least} to ${most} times `;
}

function explainOtherwise({ action, grammar, otherwise }: ProfileRow): string {
  if (grammar?.kind === 'uid') return 'its pseudonym';
  if (grammar?.kind === 'descriptor') return 'removed';
  if (action === 'map') return otherwise === 'refuse' ? 'OTHER, or the instance is quarantined' : 'OTHER';
  switch (otherwise) {
    case 'empty':
      return 'emptied';
    case 'refuse':
      return 'the instance is quarantined';
    case 'drop-item':
      return 'the item is dropped';
    default:
      return 'removed';
  }
}
