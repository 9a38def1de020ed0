/**
 * The closed vocabulary of reasons: why a source file or a series unit was not kept.
 * Every drop has one of these and a row in the manifest; tests and documentation are made from this table.
 */
export const REASONS = {
  'not-dicom': {
    disposition: 'unreadable',
    meaning: 'The file is not DICOM (by content, whatever its name).',
  },
  'empty-file': { disposition: 'unreadable', meaning: 'The file has no bytes.' },
  truncated: {
    disposition: 'unreadable',
    meaning: 'The file or its pixel data ends before its stated length.',
  },
  damaged: { disposition: 'unreadable', meaning: 'The file begins as DICOM but cannot be parsed.' },
  'too-deep': { disposition: 'unreadable', meaning: 'Sequences are nested deeper than the limit of 64.' },
  'too-large': {
    disposition: 'unreadable',
    meaning: 'Sizes or counts in the file exceed the limits of the reader.',
  },
  'read-failed': {
    disposition: 'unreadable',
    meaning: 'The operating system would not let the file be read.',
  },
  'archive-damaged': {
    disposition: 'unreadable',
    meaning: 'The archive, or this member of it, cannot be unpacked.',
  },
  'archive-encrypted': { disposition: 'unreadable', meaning: 'The archive member is encrypted.' },
  'archive-refused': {
    disposition: 'unreadable',
    meaning: 'The archive breaks a limit (size, ratio, nesting, count).',
  },

  dicomdir: {
    disposition: 'excluded',
    meaning: 'An index of a medium (media storage directory), not an image.',
  },
  'not-ct': { disposition: 'excluded', meaning: 'Another modality or an object that holds no CT image.' },
  localizer: { disposition: 'excluded', meaning: 'A localizer (scout, topogram, surview).' },
  'dose-report': { disposition: 'excluded', meaning: 'A dose report: structured report or captured page.' },
  'secondary-capture': { disposition: 'excluded', meaning: 'A secondary capture or scanned document.' },
  'screen-save': { disposition: 'excluded', meaning: 'A screen save of a workstation.' },
  'text-page': {
    disposition: 'excluded',
    meaning: 'A page of text by its pixels, under the name of a CT image.',
  },
  'post-processed': {
    disposition: 'excluded',
    meaning:
      'MIP, 3D rendering, perfusion map, subtraction; plain reformats are not post-processed in this sense.',
  },
  'ct-fluoroscopy': { disposition: 'excluded', meaning: 'CT fluoroscopy during an intervention.' },
  'bolus-tracking': { disposition: 'excluded', meaning: 'Timing or bolus-tracking slices at one position.' },
  phantom: { disposition: 'excluded', meaning: 'A phantom or a calibration scan.' },
  'too-few-slices': { disposition: 'excluded', meaning: 'Too few slices for a volume (group.min_slices).' },
  'odd-slice': { disposition: 'excluded', meaning: 'A slice that does not fit the stack of its series.' },
  'duplicate-position': {
    disposition: 'excluded',
    meaning: 'Another slice at the same position was taken by rule.',
  },
  'excluded-by-plugin': {
    disposition: 'excluded',
    meaning: 'A rule that the pipeline brings along says so (`plugins`); `why` names it.',
  },

  'duplicate-instance': {
    disposition: 'duplicate',
    meaning: 'The same instance, byte for byte, came before.',
  },

  'conflicting-instances': {
    disposition: 'quarantined',
    meaning: 'One SOP Instance UID stands for different contents; none of them is trusted.',
  },
  'patient-mismatch': { disposition: 'quarantined', meaning: 'One study names more than one patient.' },
  'identifiers-missing': {
    disposition: 'quarantined',
    meaning: 'Study, series or SOP Instance UID is missing or invalid.',
  },
  'pixel-data-missing': { disposition: 'quarantined', meaning: 'A CT image without pixel data.' },
  'pixel-data-damaged': { disposition: 'quarantined', meaning: 'The pixel data cannot be decoded.' },
  'pixel-format-unsupported': { disposition: 'quarantined', meaning: 'A pixel format that no CT image has.' },
  'transfer-syntax-unsupported': {
    disposition: 'quarantined',
    meaning: 'A transfer syntax that is not read here.',
  },
  'rescale-missing': { disposition: 'quarantined', meaning: 'No rescale to Hounsfield units is given.' },
  'rescale-not-hu': { disposition: 'quarantined', meaning: 'The rescale type is not Hounsfield units.' },
  'geometry-missing': {
    disposition: 'quarantined',
    meaning: 'Position, orientation or pixel spacing is missing or invalid.',
  },
  'geometry-inconsistent': {
    disposition: 'quarantined',
    meaning: 'The slices cannot be made one honest stack.',
  },
  'burned-in-annotation': {
    disposition: 'quarantined',
    meaning: 'Text is burned into the pixels, or the header says so.',
  },
  'overlay-in-pixels': {
    disposition: 'quarantined',
    meaning: 'Bits above Bits Stored are in use (embedded overlay).',
  },
  'recognizable-face': {
    disposition: 'quarantined',
    meaning:
      'The images may show a face, and the pipeline says `faces: quarantine`, or `faces: deface` and it could not be taken out.',
  },
  'text-in-codestream': {
    disposition: 'quarantined',
    meaning: 'Compressed pixel data holds a comment or application data of no known encoder.',
  },
  'plugin-failed': {
    disposition: 'quarantined',
    meaning: 'A rule that the pipeline brings along threw, or gave an answer that is none; `why` names it.',
  },
  'not-permitted': {
    disposition: 'quarantined',
    meaning: 'A required attribute has a value that the profile does not allow.',
  },
} as const satisfies Record<string, { disposition: Exclude<Disposition, 'kept'>; meaning: string }>;

/** What became of a source file or a series unit. */
export type Disposition = 'kept' | 'excluded' | 'duplicate' | 'quarantined' | 'unreadable';

export type Reason = keyof typeof REASONS;

/** The disposition that a reason stands for. */
export function dispositionOf(reason: Reason | null): Disposition {
  return reason === null ? 'kept' : REASONS[reason].disposition;
}
