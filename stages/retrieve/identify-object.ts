import { DicomError } from '../../dicom/errors.ts';
import { readDicom } from '../../dicom/read.ts';
import { TAGS } from '../../dicom/tags.ts';
import { isValidUid } from '../../dicom/uids.ts';
import { getUid } from '../../dicom/values.ts';

/** Study, series and instance that an object claims to be. */
export interface ObjectIdentity {
  studyUid: string;
  seriesUid: string;
  sopUid: string;
}

/**
 * Reads the UIDs from the beginning of an object. They become names, so what is no UID counts as missing.
 * @param complete whether `prefix` is all of it
 */
export function identifyObject(prefix: Uint8Array, complete: boolean): ObjectIdentity {
  try {
    const file = readDicom(
      prefix,
      complete ? { untilPixelData: true, allowTruncated: true } : { partial: true },
    );
    const uid = (tag: number) => {
      const value = getUid(file, file.dataset, tag) ?? '';
      return isValidUid(value) ? value : '';
    };
    return {
      studyUid: uid(TAGS.StudyInstanceUID),
      seriesUid: uid(TAGS.SeriesInstanceUID),
      sopUid: uid(TAGS.SOPInstanceUID),
    };
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
    return { studyUid: '', seriesUid: '', sopUid: '' };
  }
}
