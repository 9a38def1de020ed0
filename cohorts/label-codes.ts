/** Codes of what a label report says. Each label has codes of its own, so that it can be told from them. */
import type { CodedConcept } from '../dicom/content-items.ts';
import type { Axis, BodyPart, Contrast, Task } from '../models/labels.ts';

/** Designator of the codes that no standard has. PS3.3 section 8.2 wants a private one to begin with 99. */
export const PRIVATE_SCHEME = '99SERIESWISE';

const sct = (value: string, meaning: string): CodedConcept => ({ value, scheme: 'SCT', meaning });
const dcm = (value: string, meaning: string): CodedConcept => ({ value, scheme: 'DCM', meaning });
const own = (value: string, meaning: string): CodedConcept => ({ value, scheme: PRIVATE_SCHEME, meaning });

const HEAD = sct('69536005', 'Head');
const FACE = sct('89545001', 'Face');

/** CID 4031 Common Anatomic Region, else CID 4028; two labels have no code of their own and are told by their parts. */
const BODY_PART_CODES: Record<BodyPart, readonly CodedConcept[]> = {
  head: [HEAD],
  'head-and-face': [HEAD, FACE],
  'face-orbits-sinus': [FACE, sct('363654007', 'Orbital structure'), sct('2095001', 'Paranasal sinus')],
  'temporal-bone': [sct('60911003', 'Temporal bone')],
  'head-and-neck': [sct('774007', 'Head and Neck')],
  neck: [sct('45048000', 'Neck')],
  'c-spine': [sct('122494005', 'Cervical spine')],
  'c-and-t-spine': [sct('1217257000', 'Cervico-thoracic spine')],
  't-spine': [sct('122495006', 'Thoracic spine')],
  't-and-l-spine': [sct('1217256009', 'Thoraco-lumbar spine')],
  'l-spine': [sct('122496007', 'Lumbar spine')],
  chest: [sct('816094009', 'Chest')],
  'chest-abdomen-pelvis': [sct('416775004', 'Chest, Abdomen and Pelvis')],
  abdomen: [sct('818981001', 'Abdomen')],
  'abdomen-pelvis': [sct('818982008', 'Abdomen and Pelvis')],
  pelvis: [sct('816092008', 'Pelvis')],
};

/** CID 6312 Cross-sectional Scan Plane Orientation. */
const AXIS_CODES: Record<Axis, readonly CodedConcept[]> = {
  axial: [sct('24422004', 'Axial')],
  coronal: [sct('81654009', 'Coronal')],
  sagittal: [sct('30730003', 'Sagittal')],
};

/** CID 230 Yes-No. */
const CONTRAST_CODES: Record<Contrast, readonly CodedConcept[]> = {
  no: [sct('373067005', 'No')],
  yes: [sct('373066001', 'Yes')],
};

/** Concept name and labels of a task. */
export const TASK_CODES: Record<
  Task,
  { name: CodedConcept; labels: Readonly<Record<string, readonly CodedConcept[]>> }
> = {
  body_part: { name: dcm('123014', 'Target Region'), labels: BODY_PART_CODES },
  axis: { name: dcm('130546', 'Cross-sectional scan plane orientation'), labels: AXIS_CODES },
  contrast: { name: own('iv-contrast', 'Intravenous contrast'), labels: CONTRAST_CODES },
};

/** Where a label is from, and the values of the columns `*_source`. */
export const LABEL_SOURCE = own('label-source', 'Source of label');
export const LABEL_SOURCE_CODES: Readonly<Record<string, CodedConcept>> = {
  predicted: own('predicted', 'Predicted by the algorithm'),
  review: own('review', 'Decided by readers'),
  adjudication: own('adjudication', 'Decided by an adjudicator'),
  disputed: own('disputed', 'Predicted by the algorithm, readers differ'),
};

/** "The level of certainty that a device places upon a finding". PS3.16 annex D */
export const CERTAINTY = dcm('111012', 'Certainty of Finding');
export const ZERO_TO_ONE: CodedConcept = { value: '{0:1}', scheme: 'UCUM', meaning: 'range: 0:1' };
