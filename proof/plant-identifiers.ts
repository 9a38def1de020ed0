import { makeRandom } from '../demo/random.ts';
import { TRANSFER_SYNTAXES } from '../dicom/uids.ts';
import type { AnswerKey, FileAnswers } from './answer-key.ts';
import { encodePlanted, textOf } from './edit-dataset.ts';
import { type Burned, FileDraft } from './file-draft.ts';
import { categoryOf, IDENTIFIER_KINDS, makePatient } from './identifiers.ts';
import { plantAround, plantGeometry, plantPath, plantPixels } from './plant-around.ts';
import {
  dropOldIdentity,
  plantDates,
  plantFreeText,
  plantNames,
  plantPatient,
  plantSmuggled,
  plantUids,
} from './plant-header.ts';
import { plantListed, plantPrivate, plantSequences } from './plant-nested.ts';
import type { ProofSource } from './proof-source.ts';
import { listRetention } from './retention.ts';

export interface PlantOptions {
  /** Same seed and sources, same files and answers. */
  seed: number;
  patients: number;
  /** Images of each study. */
  slices: number;
}

/**
 * Plants synthetic identifiers into real headers, and writes down what must become of them. Every patient has a study
 * of `slices` images; every fifth a second one, later, and every fourth an image with text burned in.
 * @param write takes each file as it is made
 */
export function plantIdentifiers(
  sources: readonly ProofSource[],
  { seed, patients, slices }: PlantOptions,
  write: (path: string, bytes: Uint8Array) => void,
): AnswerKey {
  if (sources.length === 0) throw new RangeError('no CT image to plant into');
  const files: FileAnswers[] = [];
  const identifiers: AnswerKey['identifiers'] = [];
  for (let number = 0; number < patients; number += 1) {
    const random = makeRandom(seed, number);
    const patient = makePatient(number, random);
    for (const { kind, token } of Object.values(patient.identifiers)) {
      const rule = IDENTIFIER_KINDS[kind];
      identifiers.push({ patient: number, kind, category: categoryOf(kind), rule, text: token });
    }
    const studies = number % 5 === 0 ? 2 : 1;
    const day = Date.UTC(random.integer(2015, 2022), random.integer(0, 11), random.integer(1, 28));
    for (let study = 0; study < studies; study += 1) {
      const source = sources[(number + study * 7) % sources.length]!;
      const date = new Date(day + study * random.integer(20, 400) * 86_400_000);
      for (let slice = 0; slice < slices; slice += 1) {
        const file = plantFile(
          new FileDraft(patient, random, source, {
            study,
            slice,
            slices,
            date,
            burned: null,
          }),
        );
        write(file.answers.path, file.bytes);
        files.push(file.answers);
      }
    }
    if (number % 4 === 0) {
      const ways: Burned[] = ['header-says-so', 'secondary-capture', 'screen-save', 'silent'];
      const burned = ways[(number / 4) % ways.length]!;
      const source = sources[number % sources.length]!;
      const place = { study: 0, slice: 900, slices, date: new Date(day), burned };
      const file = plantFile(new FileDraft(patient, random, source, place));
      write(file.answers.path, file.bytes);
      files.push(file.answers);
    }
  }
  return { seed, patients, files, identifiers };
}

/** Makes one file of a patient, and its answers. */
function plantFile(draft: FileDraft): { answers: FileAnswers; bytes: Uint8Array } {
  const { burned, study, slice } = draft.place;
  dropOldIdentity(draft);
  plantPatient(draft);
  plantUids(draft);
  plantDates(draft);
  plantGeometry(draft);
  plantNames(draft);
  plantFreeText(draft);
  plantSmuggled(draft);
  plantSequences(draft);
  plantPrivate(draft);
  plantListed(draft);
  const pixels = plantPixels(draft);
  const around = plantAround(draft);
  const path = plantPath(draft);
  if (burned === null) {
    draft.checks.push(...listRetention(draft.source.dataset, draft.dataset, draft.touched, pixels));
  }
  const bytes = encodePlanted({
    ...around,
    dataset: draft.dataset,
    pixels,
    transferSyntaxUid: transferSyntaxOf(draft),
    sopClassUid: textOf(draft.dataset, 'SOPClassUID') ?? '',
    sopInstanceUid: draft.uid(study, slice),
  });
  const answers = { path, patient: draft.patient.number, mustHide: burned !== null, checks: draft.checks };
  return { answers, bytes };
}

/** As the source has it; every tenth patient's explicit files are deflated. */
function transferSyntaxOf({ source, patient }: FileDraft): string {
  if (!source.explicitVr) return TRANSFER_SYNTAXES.implicitVrLittleEndian;
  return patient.number % 10 === 3
    ? TRANSFER_SYNTAXES.deflatedExplicitVrLittleEndian
    : TRANSFER_SYNTAXES.explicitVrLittleEndian;
}
