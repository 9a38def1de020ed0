/**
 * Synthetic identifiers: of the shape that real ones have, so that a grammar that lets those pass lets these pass too,
 * and of no living person: names begin with `Zz`, phone numbers are 555-01xx, social security numbers begin with 9, UIDs
 * with 2.999, hosts are example.org, addresses of RFC 5737.
 */
import type { Random } from '../demo/random.ts';
import type { Category } from './answer-key.ts';

export interface Identifier {
  kind: IdentifierKind;
  /** What is written. */
  text: string;
  /** What is looked for: a part of `text` that says who it is. */
  token: string;
}

/** Kinds, with the HIPAA letter (45 CFR 164.514(b)(2)(i)) or, for people and places of the hospital, PS3.15. */
export const IDENTIFIER_KINDS = {
  'patient-name': 'A',
  address: 'B',
  date: 'C',
  phone: 'D',
  fax: 'E',
  email: 'F',
  'social-security-number': 'G',
  'record-number': 'H',
  'insurance-number': 'I',
  'account-number': 'J',
  'licence-number': 'K',
  'vehicle-number': 'L',
  'device-serial': 'M',
  url: 'N',
  'ip-address': 'O',
  'accession-number': 'R',
  physician: 'PS3.15',
  institution: 'PS3.15',
  station: 'PS3.15',
} as const;
export type IdentifierKind = keyof typeof IDENTIFIER_KINDS;

export function categoryOf(kind: IdentifierKind): Category {
  return IDENTIFIER_KINDS[kind] === 'PS3.15' ? 'dicom' : 'hipaa';
}

/** One synthetic patient. Every token is of this patient alone. */
export interface SyntheticPatient {
  number: number;
  familyName: string;
  givenName: string;
  recordNumber: string;
  sex: 'F' | 'M';
  /** Eight digits. */
  birthDate: string;
  uidRoot: string;
  identifiers: Record<IdentifierKind, Identifier>;
}

const SYLLABLES =
  'ba be bo da de do fa fi ga go ka ke ko la le lo ma mi mo na ne no pa po ra re ro sa so ta'.split(' ');
const GIVEN = ['Testine', 'Mockbert', 'Fakira', 'Sampleton', 'Dummina', 'Placeholda'];
const STREETS = ['Nowhere Lane', 'Imaginary Avenue', 'Fictional Road', 'Invented Street'];
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** A word that belongs to a number: the same number, the same word; other numbers, other words. */
function wordOf(number: number, syllables: number): string {
  let rest = number;
  let word = '';
  for (let index = 0; index < syllables; index += 1) {
    word += SYLLABLES[rest % SYLLABLES.length];
    rest = Math.floor(rest / SYLLABLES.length);
  }
  return word;
}

export function makePatient(number: number, random: Random): SyntheticPatient {
  const digits = (count: number) => Array.from({ length: count }, () => random.integer(0, 9)).join('');
  const serial = String(number).padStart(4, '0');
  const word = wordOf(number, 4);
  const familyName = `Zz${word}`;
  const givenName = GIVEN[number % GIVEN.length]!;
  const year = random.integer(1931, 1989);
  const month = random.integer(1, 12);
  const day = random.integer(1, 28);
  const two = (value: number) => String(value).padStart(2, '0');
  const recordNumber = `99${serial}${digits(4)}`;
  const same = (text: string) => ({ text, token: text });
  const area = 200 + (number % 700);
  const texts: Record<IdentifierKind, { text: string; token: string }> = {
    'patient-name': { text: `${familyName}^${givenName}`, token: familyName },
    address: {
      text: `${serial}${digits(2)} Zz${word} ${STREETS[number % STREETS.length]}, Testville`,
      token: `Zz${word} ${STREETS[number % STREETS.length]}`,
    },
    date: same(`${day}-${MONTHS[month - 1]}-${year}`),
    phone: same(`(${area}) 555-01${digits(2)}-${serial}`),
    fax: same(`+1 ${area} 555 01${digits(2)} ${serial}`),
    email: same(`${word}.${serial}@example.org`),
    'social-security-number': same(`9${digits(2)}-${digits(2)}-${serial}`),
    'record-number': same(recordNumber),
    'insurance-number': same(`HP${serial}-${digits(6)}`),
    'account-number': same(`AC${serial}${digits(5)}`),
    'licence-number': same(`DL-${serial}-${digits(5)}`),
    'vehicle-number': same(`TST-${serial}${digits(2)}`),
    'device-serial': same(`SN${serial}${digits(6)}`),
    url: same(`https://portal.example.org/p/${serial}${digits(6)}`),
    'ip-address': same(`192.0.2.${number % 256}/${serial}${digits(2)}`),
    'accession-number': same(`ACC${serial}${digits(6)}`),
    physician: { text: `Zzdoc${word}^Refera^^Dr`, token: `Zzdoc${word}` },
    institution: { text: `Zzhosp${word} General Hospital`, token: `Zzhosp${word}` },
    station: same(`ZZST${serial}${digits(4)}`),
  };
  return {
    number,
    familyName,
    givenName,
    recordNumber,
    sex: number % 2 === 0 ? 'F' : 'M',
    birthDate: `${year}${two(month)}${two(day)}`,
    uidRoot: `2.999.${number + 1}`,
    identifiers: Object.fromEntries(
      Object.entries(texts).map(([kind, value]) => [kind, { kind, ...value }]),
    ) as SyntheticPatient['identifiers'],
  };
}

/** An identifier in the alphabet of a VR, or null where that cannot hold it. */
export function fitIdentifier(identifier: Identifier, vr: string): Identifier | null {
  const { kind, token } = identifier;
  switch (vr) {
    case 'PN':
    case 'LO':
    case 'ST':
    case 'LT':
    case 'UT':
    case 'UC':
    // Longer than 16 characters, as real files write them too.
    case 'SH':
      return identifier;
    case 'CS':
    case 'AE': {
      const upper = token.toUpperCase();
      return upper.length <= 16 && /^[A-Z0-9 _]+$/.test(upper) ? { kind, text: upper, token: upper } : null;
    }
    case 'UR':
      return kind === 'url' ? identifier : null;
    default:
      return null;
  }
}
