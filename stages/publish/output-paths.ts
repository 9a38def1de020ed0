/** `dicom/PATIENT/STUDY/SERIES/INSTANCE.dcm`, all pseudonyms; relative to the output folder. */
export function instanceOutputPath(instance: {
  patientId: string;
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sopInstanceUid: string;
}): string {
  const { patientId, studyInstanceUid, seriesInstanceUid, sopInstanceUid } = instance;
  return `dicom/${patientId}/${studyInstanceUid}/${seriesInstanceUid}/${sopInstanceUid}.dcm`;
}

export const thumbnailPathOf = (seriesUnit: string) => `thumbnails/${seriesUnit}.png`;
export const tensorPathOf = (seriesUnit: string) => `tensors/${seriesUnit}.npy`;

const UID = '[0-2](?:\\.\\d+)+';
const INSTANCE_PATH = new RegExp(`^dicom/[A-Z0-9]+/${UID}/${UID}/${UID}\\.dcm$`);

/** Whether a path that a table gives is one of these: a table from elsewhere may name any file. */
export const isInstancePath = (relative: string): boolean => INSTANCE_PATH.test(relative);

/** Whether a key that a table gives is one of a series unit, and may be part of a file's name. */
export const isSeriesUnitKey = (key: string): boolean => /^su[0-9a-f]{24}$/.test(key);
