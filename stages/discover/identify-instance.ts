import { DicomError } from '../../dicom/errors.ts';
import { readDicom } from '../../dicom/read.ts';
import { TAGS } from '../../dicom/tags.ts';
import { getUid } from '../../dicom/values.ts';

/** Which study and instance a file claims to be; both empty when it claims nothing. */
export interface InstanceIdentity {
  studyInstanceUid: string;
  sopInstanceUid: string;
}

const NO_IDENTITY: InstanceIdentity = { studyInstanceUid: '', sopInstanceUid: '' };

/**
 * Reads the identity from the beginning of a file, whatever its name.
 * @param prefix the first bytes of the file
 * @param complete whether `prefix` is the whole file
 * @returns the identity (empty for what is not readable DICOM), or null: give more bytes
 */
export function identifyInstance(prefix: Uint8Array, complete: boolean): InstanceIdentity | null {
  try {
    const file = readDicom(
      prefix,
      complete ? { untilPixelData: true, allowTruncated: true } : { partial: true },
    );
    // Study Instance UID (0020,000D) comes after SOP Instance UID (0008,0018): with it there, both are.
    const studyInstanceUid = getUid(file, file.dataset, TAGS.StudyInstanceUID) ?? '';
    if (studyInstanceUid === '' && !complete && !file.reachedPixelData) return null;
    return { studyInstanceUid, sopInstanceUid: getUid(file, file.dataset, TAGS.SOPInstanceUID) ?? '' };
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
    // A prefix may cut what the whole file has; what is no DICOM at its beginning stays so.
    return complete || error.code === 'not-dicom' ? NO_IDENTITY : null;
  }
}
