import type { Random } from '../demo/random.ts';
import { tag } from '../dicom/tags.ts';
import type { Check, Place } from './answer-key.ts';
import { type EditableDataset, setValue } from './edit-dataset.ts';
import {
  categoryOf,
  IDENTIFIER_KINDS,
  type Identifier,
  type IdentifierKind,
  type SyntheticPatient,
} from './identifiers.ts';
import type { ProofSource } from './proof-source.ts';

/** How text gets into pixels: as an object that says so itself, or in an image that is silent about it. */
export type Burned = 'header-says-so' | 'secondary-capture' | 'screen-save' | 'silent';

/** Which image of a patient a file is. */
export interface ImagePlace {
  study: number;
  slice: number;
  /** Of the study. */
  slices: number;
  date: Date;
  /** Null: an image that must come out. */
  burned: Burned | null;
}

const KINDS = Object.keys(IDENTIFIER_KINDS) as IdentifierKind[];

/** A file while it is planted: its header, and what must become of what was put there so far. */
export class FileDraft {
  readonly patient: SyntheticPatient;
  readonly random: Random;
  readonly source: ProofSource;
  readonly place: ImagePlace;
  readonly dataset: EditableDataset;
  readonly checks: Check[] = [];
  /** Attributes that hold something planted. */
  readonly touched = new Set<number>();

  constructor(patient: SyntheticPatient, random: Random, source: ProofSource, place: ImagePlace) {
    this.patient = patient;
    this.random = random;
    this.source = source;
    this.place = place;
    this.dataset = new Map(source.dataset);
  }

  identifier(kind: IdentifierKind): Identifier {
    return this.patient.identifiers[kind];
  }

  /** One of the patient's identifiers, drawn by chance. */
  any(): Identifier {
    return this.identifier(KINDS[this.random.integer(0, KINDS.length - 1)]!);
  }

  /** The identifier stands there, and must not come out. */
  expectRemoved(place: Place, where: string, { kind, token }: Identifier): void {
    const rule = IDENTIFIER_KINDS[kind];
    this.checks.push({
      action: 'text_removed',
      category: categoryOf(kind),
      rule,
      place,
      where,
      value: token,
      kind,
    });
  }

  set(keyword: string, value: string | number | EditableDataset[]): void {
    setValue(this.dataset, keyword, value);
    this.touched.add(tag(keyword));
  }

  /** SOP Instance UID of an image of the patient. */
  uid(study: number, slice: number): string {
    return `${this.patient.uidRoot}.${study + 1}.1.${slice + 1}`;
  }
}
