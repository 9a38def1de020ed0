import { DicomError } from '../../dicom/errors.ts';
import { type DicomFile, readDicom } from '../../dicom/read.ts';
import { formatTag, TAGS } from '../../dicom/tags.ts';
import { isMultiFrameCtImageStorage, isValidUid } from '../../dicom/uids.ts';
import { getString } from '../../dicom/values.ts';
import { completeHeader, saysDefaced } from './complete-header.ts';
import { sopClassOf } from './decide-instance.ts';
import { filterDataset } from './filter-dataset.ts';
import type { ResolvedProfile } from './profile.ts';
import { isStandardUid } from './standard-uids.ts';

/** Something in a published file that the profile would not have let pass. Tags alone, never a value. */
export interface AuditProblem {
  /** `(0010,0010)`, or the place where there is no tag. */
  where: string;
  problem: string;
}

const PSEUDONYM = /^SW[A-Z2-7]{16}$/;
const META_TAGS: ReadonlySet<number> = new Set([
  0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013,
]);

/**
 * Checks that a published instance holds nothing but what the profile lets pass, without the key: filtering it once
 * more, with its pseudonyms as they are, must give every element again to the byte.
 * @returns an empty list when nothing is wrong
 */
export function auditInstance(bytes: Uint8Array, profile: ResolvedProfile): AuditProblem[] {
  let file: DicomFile;
  try {
    file = readDicom(bytes);
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
    return [{ where: 'file', problem: `cannot be read: ${error.code}` }];
  }
  const problems: AuditProblem[] = [];
  if (!file.hasPreamble || bytes.subarray(0, 128).some((byte) => byte !== 0)) {
    problems.push({ where: 'preamble', problem: 'is not 128 zero bytes' });
  }
  for (const tag of file.meta.elements.keys()) {
    if (!META_TAGS.has(tag))
      problems.push({ where: formatTag(tag), problem: 'does not belong in the File Meta' });
  }
  const patientId = getString(file, file.dataset, TAGS.PatientID) ?? '';
  if (!PSEUDONYM.test(patientId))
    problems.push({ where: formatTag(TAGS.PatientID), problem: 'is no pseudonym' });
  const expected = filterAgain(file, profile, patientId);
  if (expected === null)
    return [...problems, { where: 'file', problem: 'has a value that the profile refuses' }];
  const mayBeEmpty = new Set(profile.required.map(({ tag }) => tag));
  let end = file.bodyOffset;
  for (const element of file.dataset.elements.values()) {
    end = Math.max(end, element.endOffset);
    if (element.tag === TAGS.PixelData) continue;
    // Type 2 attributes that the source did not have.
    if (element.length === 0 && mayBeEmpty.has(element.tag)) continue;
    const again = expected.get(element.tag);
    const found = file.bytes.subarray(element.headerOffset, element.endOffset);
    if (again === undefined) {
      problems.push({ where: formatTag(element.tag), problem: 'is not on the white-list' });
    } else if (Buffer.compare(found, again) !== 0) {
      problems.push({
        where: formatTag(element.tag),
        problem: 'has a value that the white-list does not allow',
      });
    }
  }
  if (end !== file.bytes.length)
    problems.push({ where: 'end of file', problem: 'is followed by further bytes' });
  return problems;
}

function filterAgain(
  file: DicomFile,
  profile: ResolvedProfile,
  patientId: string,
): Map<number, Uint8Array> | null {
  const encoding = { explicitVr: file.explicitVr, littleEndian: file.littleEndian };
  const pseudonymOfUid = (uid: string) =>
    /^2\.25\.\d{1,39}$/.test(uid) || isStandardUid(uid) || (profile.retainsUids && isValidUid(uid))
      ? uid
      : '2.25.0';
  const filtered = filterDataset(
    { file, encoding, patientId, shiftDays: 0, pseudonymOfUid },
    file.dataset,
    profile.rules,
    profile.safePrivate,
  );
  if ('refused' in filtered) return null;
  const elements = new Map(filtered.map((element) => [element.tag, element.bytes]));
  const isMultiFrame = isMultiFrameCtImageStorage(sopClassOf(file));
  completeHeader(elements, {
    file,
    encoding,
    profile,
    isMultiFrame,
    patientId,
    frameOfReferenceUid: '2.25.0',
    isDefaced: saysDefaced(file),
  });
  return elements;
}
