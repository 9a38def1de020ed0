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
