/** PS3.15 table E.1-1, the Basic Application Level Confidentiality Profile and its options, by attribute. */
import { CONFIDENTIALITY_ROWS } from '../../dicom/confidentiality.generated.ts';
import { isPrivateTag } from '../../dicom/tags.ts';

/** Options of PS3.15 annex E.3 as the table's columns, with their names in the standard. */
export const CONFIDENTIALITY_OPTIONS = {
  retainSafePrivate: 'Retain Safe Private Option',
  retainUids: 'Retain UIDs Option',
  retainDeviceIdentity: 'Retain Device Identity Option',
  retainInstitutionIdentity: 'Retain Institution Identity Option',
  retainPatientCharacteristics: 'Retain Patient Characteristics Option',
  retainLongFullDates: 'Retain Longitudinal Temporal Information Full Dates Option',
  retainLongModifiedDates: 'Retain Longitudinal Temporal Information Modified Dates Option',
  cleanDescriptors: 'Clean Descriptors Option',
  cleanStructuredContent: 'Clean Structured Content Option',
  cleanGraphics: 'Clean Graphics Option',
} as const;

export type ConfidentialityOption = keyof typeof CONFIDENTIALITY_OPTIONS;

/** A row of the table. */
export interface ConfidentialityRow {
  /** Eight hexadecimal digits with `x` for any digit, or `private`. */
  pattern: string;
  /** Of the Basic Profile: D dummy, Z empty or dummy, X remove, K keep, C clean, U new UID; `X/Z` as the type asks. */
  action: string;
  /** What an option asks for instead: K keep, C clean. */
  options: Partial<Record<ConfidentialityOption, string>>;
}

/** Every row, in the table's order. */
export const CONFIDENTIALITY_TABLE: readonly ConfidentialityRow[] = CONFIDENTIALITY_ROWS.split('\n').map(
  (line) => {
    const [pattern, action, ...options] = line.split(' ') as [string, string, ...string[]];
    return { pattern, action, options: Object.fromEntries(options.map((option) => option.split('='))) };
  },
);

let exact: Map<string, ConfidentialityRow> | undefined;
let repeating: { pattern: RegExp; row: ConfidentialityRow }[] = [];

/** The table's row for a tag, repeating groups and private attributes included; null where it has none. */
export function confidentialityOf(tagNumber: number): ConfidentialityRow | null {
  if (exact === undefined) {
    exact = new Map(CONFIDENTIALITY_TABLE.map((row) => [row.pattern, row]));
    repeating = CONFIDENTIALITY_TABLE.filter(({ pattern }) => pattern.includes('x')).map((row) => ({
      pattern: new RegExp(`^${row.pattern.replaceAll('x', '[0-9A-F]')}$`),
      row,
    }));
  }
  const digits = (tagNumber >>> 0).toString(16).toUpperCase().padStart(8, '0');
  const found = exact.get(digits);
  if (found !== undefined) return found;
  if (isPrivateTag(tagNumber)) return exact.get('private') ?? null;
  return repeating.find(({ pattern }) => pattern.test(digits))?.row ?? null;
}
