/** The vocabulary of the proof: what was planted where, and what must have become of it. */

/** The ten actions of MIDI-B, the benchmark of TCIA for image de-identification (2024). */
export const ACTIONS = [
  'tag_retained',
  'text_notnull',
  'text_retained',
  'text_removed',
  'date_shifted',
  'uid_changed',
  'uid_consistent',
  'patid_consistent',
  'pixels_hidden',
  'pixels_retained',
] as const;
export type Action = (typeof ACTIONS)[number];

/** Why an action is asked for: the 18 identifiers of HIPAA, DICOM (PS3.3 and PS3.15), or usefulness. */
export const CATEGORIES = ['hipaa', 'dicom', 'best-practice'] as const;
export type Category = (typeof CATEGORIES)[number];

/** Where an identifier was put. */
export const PLACES = [
  'attribute',
  'any-e1-1-attribute',
  'free-text',
  'kept-attribute',
  'sequence',
  'private',
  'file-meta',
  'preamble',
  'trailing-padding',
  'file-name',
  'pixels',
  'anywhere-else',
] as const;
export type Place = (typeof PLACES)[number];

/** One required action on one attribute (or other place) of one file. */
export interface Check {
  action: Action;
  category: Category;
  /** HIPAA letter (A to R), or what of DICOM or of best practice asks for it. */
  rule: string;
  place: Place;
  /** Keywords with `>` between, or words where there is no attribute. */
  where: string;
  /** The planted text, the source's value or UID; hexadecimal digest for pixels. */
  value: string;
  /** What kind of identifier was planted; null where none was. */
  kind: string | null;
}

/** The answers of one planted file. */
export interface FileAnswers {
  /** Relative to the planted archive. */
  path: string;
  /** Number of the synthetic patient. */
  patient: number;
  /** A file that must not come out as an image at all, since text is burned into it. */
  mustHide: boolean;
  checks: Check[];
}

/** Made by the seeding, before anything is run. */
export interface AnswerKey {
  seed: number;
  patients: number;
  files: FileAnswers[];
  /** Every planted text of a patient, for the search of everything else that a run writes. */
  identifiers: { patient: number; kind: string; category: Category; rule: string; text: string }[];
}
