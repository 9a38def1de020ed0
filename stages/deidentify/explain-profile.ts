/** A profile in words, for documentation and listings. */
import { formatTag, lookUpTag, tag } from '../../dicom/tags.ts';
import type { ResolvedProfile } from './profile.ts';
import type { ProfileRow, ValueGrammar } from './profiles/profile-table.ts';
import { TERMS } from './profiles/terms.ts';
import { VENDORS } from './profiles/vendors.ts';

/** One line of a listing. */
export interface ExplainedRow {
  path: string;
  /** `(0018,0060)`, of the last keyword of the path. */
  tag: string;
  vr: string;
  action: string;
  /** What values may look like. */
  values: string;
  /** What becomes of a value that does not fit. */
  otherwise: string;
  reason: string;
}

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
      values: row.grammar === null ? '' : explainGrammar(row.grammar),
      otherwise: explainOtherwise(row),
      reason: row.reason,
    };
  });
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
      return 'words of the label vocabulary alone';
  }
}

function explainCount([least, most]: readonly [number, number]): string {
  if (least === 1 && most === 1) return '';
  return least === most ? `${least} times ` : `${least} to ${most} times `;
}

function explainOtherwise({ action, otherwise }: ProfileRow): string {
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
