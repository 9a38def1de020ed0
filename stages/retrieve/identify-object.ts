import { DicomError } from '../../dicom/errors.ts';
import { readDicom } from '../../dicom/read.ts';
import { TAGS } from '../../dicom/tags.ts';
import { isValidUid } from '../../dicom/uids.ts';
import { getString, getUid } from '../../dicom/values.ts';

/** Study, series and instance that an object claims to be. */
export interface ObjectIdentity {
  studyUid: string;
  seriesUid: string;
  sopUid: string;
  /** Modality (0008,0060), where it is a code such as CT. */
  modality: string | null;
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
    const modality = getString(file, file.dataset, TAGS.Modality) ?? '';
    return {
      studyUid: uid(TAGS.StudyInstanceUID),
      seriesUid: uid(TAGS.SeriesInstanceUID),
      sopUid: uid(TAGS.SOPInstanceUID),
      modality: /^[A-Z0-9]{2,16}$/.test(modality) ? modality : null,
    };
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
    return { studyUid: '', seriesUid: '', sopUid: '', modality: null };
  }
}
