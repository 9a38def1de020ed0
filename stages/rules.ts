/**
 * Every rule by which a file, a slice or a stack is not kept, declared once: verdicts name one, `why` explains it, and
 * the table of docs/series-units.md is made from here. `test` names the test file that shows the rule.
 */
import type { Reason } from './reasons.ts';

interface RuleDeclaration {
  readonly reason: Reason;
  /** What the rule looks at, and what it asks of it. */
  readonly looksAt: string;
  /** Section of the standard, vendor's habit, or a decision of this house. */
  readonly source: string;
  readonly test: string;
}

const RULE_TESTS = 'test/stages/group/rules.test.ts';
const GROUP_TESTS = 'test/stages/group/group-series.test.ts';
const PLUGIN_TESTS = 'test/stages/group/exclusion-plugins.test.ts';
const FILE_TESTS = 'test/stages/deidentify/real-files.test.ts';
const SOURCE_TESTS = 'test/activities/store/sources.test.ts';
const READ_TESTS = 'test/dicom/read.test.ts';
const DECODE_TESTS = 'test/dicom/pixels.test.ts';
const IMAGE_TYPE = 'Image Type (0008,0008), or Frame Type (0008,9007) of a frame';
const WORDS =
  'words of Series Description, Image Comments and Derivation Description (stages/evidence/hint-terms.ts)';

export const RULES = {
  'not-dicom': rule('not-dicom', 'content of the file', 'PS3.10 section 7.1; PS3.5 section 7', READ_TESTS),
  'empty-file': rule('empty-file', 'size', 'house', READ_TESTS),
  truncated: rule(
    'truncated',
    'lengths of elements, fragments and pixels against the bytes there',
    'PS3.5 section 7.1',
    READ_TESTS,
  ),
  damaged: rule('damaged', 'structure of the data set', 'PS3.5 section 7', READ_TESTS),
  'too-deep': rule('too-deep', 'depth of sequences, at most 64', 'house', READ_TESTS),
  'too-large': rule('too-large', 'sizes and counts against the limits of the reader', 'house', READ_TESTS),
  'read-failed': rule('read-failed', 'answer of the operating system', 'house', SOURCE_TESTS),
  'archive-damaged': rule('archive-damaged', 'structure of the archive', 'house', SOURCE_TESTS),
  'archive-encrypted': rule('archive-encrypted', 'flags of the member', 'house', SOURCE_TESTS),
  'archive-refused': rule('archive-refused', 'sizes, ratio, nesting and count', 'house', SOURCE_TESTS),

  dicomdir: rule(
    'dicomdir',
    'Media Storage SOP Class UID, or Directory Record Sequence without a SOP class',
    'PS3.3 annex F; PS3.10 section 8.6',
    FILE_TESTS,
  ),
  'other-object': rule(
    'not-ct',
    'SOP Class UID is none of the three CT image classes, or Modality is another',
    'PS3.4 table B.5-1; PS3.3 C.7.3.1.1.1',
    RULE_TESTS,
  ),
  'dose-report-class': rule(
    'dose-report',
    'SOP Class UID of a radiation dose SR, or a structured report with the title of one',
    'PS3.4 table B.5-1; PS3.16 TID 10001, 10011',
    RULE_TESTS,
  ),
  'dose-report-image-type': rule(
    'dose-report',
    `${IMAGE_TYPE} has DOSE_INFO, CT_SOM5 PROT, PROTOCOL …`,
    'GE (Dose Report, screen page), Siemens (Patient Protocol)',
    RULE_TESTS,
  ),
  'dose-report-words': rule('dose-report', WORDS, 'header words in several languages', RULE_TESTS),
  'screen-save-image-type': rule(
    'screen-save',
    `${IMAGE_TYPE} has SCREEN SAVE, SCREEN SHOT or CAPTURE`,
    'GE (SCREEN SAVE)',
    RULE_TESTS,
  ),
  'screen-save-words': rule('screen-save', WORDS, 'header words in several languages', RULE_TESTS),
  'scanned-document': rule(
    'secondary-capture',
    `words of a scanned paper, in ${IMAGE_TYPE} or ${WORDS}`,
    'header words in several languages',
    RULE_TESTS,
  ),
  'secondary-capture-class': rule(
    'secondary-capture',
    'SOP Class UID of a Secondary Capture image or an encapsulated document, or Conversion Type of a capture',
    'PS3.3 A.8 and C.8.6.1; PS3.4 table B.5-1',
    RULE_TESTS,
  ),
  'eight-bit-capture': rule(
    'secondary-capture',
    'Bits Stored of 8 or fewer in a CT class whose rescale spans less than 1000 HU: grey levels of a window',
    'PS3.3 table C.8-3 (CT: Bits Stored 12 to 16)',
    RULE_TESTS,
  ),
  'text-page': rule(
    'text-page',
    'pixels: three lines of letters or more and hardly anything else',
    'house, measured on real data',
    'test/activities/group.test.ts',
  ),
  'localizer-image-type': rule(
    'localizer',
    `${IMAGE_TYPE} has LOCALIZER, SCOUT, CT_SOM5 TOP …`,
    'PS3.3 C.8.2.1.1.1; GE, Siemens, Philips (SURVIEW)',
    RULE_TESTS,
  ),
  'localizer-acquisition': rule(
    'localizer',
    'Acquisition Type (0018,9302) is CONSTANT_ANGLE',
    'PS3.3 C.8.15.3.2',
    RULE_TESTS,
  ),
  'localizer-words': rule(
    'localizer',
    `${WORDS}; not where axial slices lie at min_slices positions or more`,
    'header words in several languages; house',
    RULE_TESTS,
  ),
  'localizer-geometry': rule(
    'localizer',
    'one or two original slices in a coronal or sagittal plane with no word for a reformat',
    'house',
    RULE_TESTS,
  ),
  'bolus-tracking-image-type': rule(
    'bolus-tracking',
    `${IMAGE_TYPE} has CT_SOM5 MON, SMARTPREP, TEST_BOLUS …`,
    'Siemens (Monitoring), GE (SmartPrep)',
    RULE_TESTS,
  ),
  'bolus-tracking-words': rule(
    'bolus-tracking',
    `${WORDS}; only below min_slices positions`,
    'GE, Siemens, Philips, Toshiba names of the method',
    RULE_TESTS,
  ),
  'bolus-tracking-position': rule(
    'bolus-tracking',
    'several original slices with different pixels at one position, and no other position',
    'house',
    RULE_TESTS,
  ),
  'fluoroscopy-flag': rule(
    'ct-fluoroscopy',
    'Fluoroscopy Flag (0018,9334) is YES',
    'PS3.3 C.8.15.3.2',
    RULE_TESTS,
  ),
  'fluoroscopy-image-type': rule('ct-fluoroscopy', `${IMAGE_TYPE} has FLUORO …`, 'Siemens', RULE_TESTS),
  'fluoroscopy-words': rule(
    'ct-fluoroscopy',
    WORDS,
    'names of the method: CARE Vision, SmartView, SmartStep',
    RULE_TESTS,
  ),
  'projection-image-type': rule(
    'post-processed',
    `${IMAGE_TYPE} has MIP, MIN_IP, PROJECTION IMAGE …, or Volume Based Calculation Technique (0008,9207) is MAX_IP or MIN_IP`,
    'PS3.3 C.8.16.2; GE, Siemens (CSA MIP)',
    RULE_TESTS,
  ),
  'projection-words': rule('post-processed', WORDS, 'header words', RULE_TESTS),
  'rendering-image-type': rule(
    'post-processed',
    `${IMAGE_TYPE} has 3D, VRT, VOLREN …, or Volume Based Calculation Technique is VOLUME_RENDER or SURFACE_RENDER`,
    'PS3.3 C.8.16.2; Siemens (CSA 3D), GE',
    RULE_TESTS,
  ),
  'rendering-words': rule('post-processed', WORDS, 'header words', RULE_TESTS),
  'colour-pixels': rule(
    'post-processed',
    'Samples per Pixel above 1: colours, not Hounsfield units',
    'PS3.3 table C.8-3 (CT: one sample)',
    RULE_TESTS,
  ),
  'perfusion-map-image-type': rule(
    'post-processed',
    `${IMAGE_TYPE} has RCBF, MTT, TMAX …, or is DERIVED with PERFUSION`,
    'PS3.3 C.8.16.1.3, C.8.16.1.4',
    RULE_TESTS,
  ),
  'perfusion-map-words': rule('post-processed', WORDS, 'header words', RULE_TESTS),
  'subtraction-image-type': rule(
    'post-processed',
    `${IMAGE_TYPE} has SUBTRACT …`,
    'PS3.3 C.8.16.1.4',
    RULE_TESTS,
  ),
  'subtraction-words': rule('post-processed', WORDS, 'header words', RULE_TESTS),
  'phantom-flag': rule(
    'phantom',
    'Quality Control Image (0028,0300) is YES',
    'PS3.3 C.7.6.1 (General Image)',
    RULE_TESTS,
  ),
  'phantom-words': rule(
    'phantom',
    'words of the series, of Study Description, Protocol and Body Part Examined (PHANTOM), or the name of the patient',
    'PS3.16 annex L; header words',
    RULE_TESTS,
  ),
  'calibration-words': rule('phantom', 'words of the series or the study', 'header words', RULE_TESTS),
  'too-few-slices': rule(
    'too-few-slices',
    'slices of the stack against group.min_slices',
    'pipeline',
    GROUP_TESTS,
  ),
  'too-few-positions': rule(
    'too-few-slices',
    'doubled slices at fewer positions than group.min_slices',
    'pipeline',
    RULE_TESTS,
  ),
  'odd-stack': rule('odd-slice', 'one or two slices beside a kept stack of the series', 'house', RULE_TESTS),
  'off-line': rule(
    'odd-slice',
    'the first voxel lies more than 1 mm or a pixel off the (leaning) line of the others',
    'house',
    RULE_TESTS,
  ),
  'far-end': rule(
    'odd-slice',
    'one or two slices more than ten spacings and 20 mm beyond an end',
    'house',
    RULE_TESTS,
  ),
  'equal-pixels': rule(
    'duplicate-position',
    'equal pixels and rescale at one position: the first by instance number stays',
    'house',
    RULE_TESTS,
  ),
  'position-taken': rule(
    'duplicate-position',
    'another slice at one position: that of the usual acquisition, then the lower instance number, stays',
    'house',
    RULE_TESTS,
  ),

  'excluded-by-plugin': rule(
    'excluded-by-plugin',
    'facts of a series unit that the other rules keep; `plugin=` names the rule',
    'the pipeline',
    PLUGIN_TESTS,
  ),
  'plugin-failed': rule(
    'plugin-failed',
    'whether a rule of the pipeline gives an answer; `plugin=` names the rule',
    'the pipeline',
    PLUGIN_TESTS,
  ),

  'duplicate-instance': rule(
    'duplicate-instance',
    'one SOP Instance UID, equal de-identified bytes: the first by source key stays',
    'PS3.5 section 9',
    GROUP_TESTS,
  ),
  'conflicting-instances': rule(
    'conflicting-instances',
    'one SOP Instance UID, different bytes or studies',
    'PS3.5 section 9',
    GROUP_TESTS,
  ),
  'patient-mismatch': rule('patient-mismatch', 'patients of one study', 'PS3.3 A.1.2', GROUP_TESTS),
  'identifiers-missing': rule(
    'identifiers-missing',
    'Study, Series and SOP Instance UID',
    'PS3.5 section 9.1',
    GROUP_TESTS,
  ),
  'pixel-data-missing': rule('pixel-data-missing', 'Pixel Data', 'PS3.3 C.7.6.3', DECODE_TESTS),
  'pixel-data-damaged': rule('pixel-data-damaged', 'decoding of the pixels', 'PS3.5 section 8', DECODE_TESTS),
  'pixel-format-unsupported': rule(
    'pixel-format-unsupported',
    'Rows, Columns, bits and samples',
    'PS3.3 C.7.6.3',
    DECODE_TESTS,
  ),
  'transfer-syntax-unsupported': rule(
    'transfer-syntax-unsupported',
    'Transfer Syntax UID',
    'PS3.5 section 10',
    DECODE_TESTS,
  ),
  'rescale-missing': rule(
    'rescale-missing',
    'Rescale Slope (not 0) and Intercept, both needed',
    'PS3.3 C.8.2.1 (Type 1)',
    GROUP_TESTS,
  ),
  'rescale-not-hu': rule(
    'rescale-not-hu',
    'Rescale Type, when given, is HU',
    'PS3.3 C.11.1.1.2',
    GROUP_TESTS,
  ),
  'eight-bit-grey': rule(
    'rescale-not-hu',
    'as eight-bit-capture, where the pipeline does not leave out secondary captures',
    'PS3.3 table C.8-3',
    RULE_TESTS,
  ),
  'geometry-missing': rule(
    'geometry-missing',
    'Image Position and Orientation (unit length and perpendicular within 0.02), Pixel Spacing',
    'PS3.3 C.7.6.2',
    GROUP_TESTS,
  ),
  'geometry-inconsistent': rule(
    'geometry-inconsistent',
    'half of the positions doubled or more, and nothing tells the passes apart',
    'house',
    GROUP_TESTS,
  ),
  'burned-in-annotation': rule(
    'burned-in-annotation',
    'Burned In Annotation (0028,0301) is YES, letters in the pixels, or a captured page by its Image Type',
    'PS3.3 C.7.6.1; house',
    RULE_TESTS,
  ),
  'overlay-in-pixels': rule(
    'overlay-in-pixels',
    'bits above Bits Stored',
    'PS3.5 section 8.1.2',
    'test/stages/deidentify/canary.test.ts',
  ),
  'recognizable-face': rule(
    'recognizable-face',
    'deidentify.faces is quarantine, or deface and the face could not be taken out (`deface=` says why); predicted body part, second guess, header and pixels do not rule a face out',
    'PS3.15 annex E.3.2; house',
    'test/stages/publish/withhold-unit.test.ts',
  ),
  'text-in-codestream': rule(
    'text-in-codestream',
    'comments, application segments, boxes and trailing bytes of JPEG and JPEG 2000 codestreams',
    'ITU-T T.81 annex B; ISO/IEC 15444-1 annex A',
    'test/stages/deidentify/check-codestreams.test.ts',
  ),
  'not-permitted': rule(
    'not-permitted',
    'values of required attributes against the profile',
    'docs/deidentification.md',
    RULE_TESTS,
  ),
} as const satisfies Record<string, RuleDeclaration>;

export type RuleName = keyof typeof RULES;

/** A rule that holds, and the values it rests on: closed vocabularies and numbers, as `name=value`. */
export interface Finding {
  rule: RuleName;
  evidence: string[];
}

export function reasonOfRule(name: RuleName): Reason {
  return RULES[name].reason;
}

/** The rule of a verdict that named no finer one: that of its reason's name, else the reason's first. */
export function ruleOfReason(reason: Reason): RuleName {
  if (Object.hasOwn(RULES, reason)) return reason as RuleName;
  const found = (Object.keys(RULES) as RuleName[]).find((name) => RULES[name].reason === reason);
  if (found === undefined) throw new TypeError('A reason has a rule.');
  return found;
}

function rule<const Name extends Reason>(
  reason: Name,
  looksAt: string,
  source: string,
  test: string,
): { reason: Name; looksAt: string; source: string; test: string } {
  return { reason, looksAt, source, test };
}
