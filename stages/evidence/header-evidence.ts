import type { Axis, BodyPart, Contrast } from '../../models/labels.ts';
import type { ExclusionHint, HeaderEvidence } from '../records.ts';
import { AXIS_TERMS } from './axis-terms.ts';
import { BODY_PART_TERMS, type RegionWord } from './body-part-terms.ts';
import { CONTRAST_TERMS } from './contrast-terms.ts';
import { describeKernel } from './describe-kernel.ts';
import { HINT_TERMS } from './hint-terms.ts';
import { foldText } from './term-table.ts';

/** The header's own words about one instance, decoded to text; null where an attribute is absent or empty. */
export interface HeaderWords {
  bodyPartExamined: string | null;
  studyDescription: string | null;
  seriesDescription: string | null;
  protocolName: string | null;
  contrastBolusAgent: string | null;
  contrastBolusRoute: string | null;
  convolutionKernel: string | null;
  imageComments: string | null;
  derivationDescription: string | null;
  manufacturer: string | null;
  sopClassUid: string | null;
  imageType: readonly string[];
  /** Codes of the standard that say what kind of image it is; absent and null are one. */
  acquisitionType?: string | null;
  fluoroscopyFlag?: string | null;
  qualityControlImage?: string | null;
  calculationTechnique?: string | null;
  /** Looked through for the word phantom alone: quality control is filed under a name that says so. */
  patientName?: string | null;
}

/** A header that says nothing; what is known is spread over it. */
export const NO_HEADER_WORDS: HeaderWords = {
  bodyPartExamined: null,
  studyDescription: null,
  seriesDescription: null,
  protocolName: null,
  contrastBolusAgent: null,
  contrastBolusRoute: null,
  convolutionKernel: null,
  imageComments: null,
  derivationDescription: null,
  manufacturer: null,
  sopClassUid: null,
  imageType: [],
};

type Phase = NonNullable<HeaderEvidence['phase']>;

/** A claim of one text: a value, `null` when it says nothing, `unsure` when it says something that has no label. */
type Claim<T> = T | 'unsure' | null;

/** Regions that make a label together, sorted; every other combination has none in the vocabulary. */
const LABEL_OF_REGIONS: ReadonlyMap<string, BodyPart> = new Map<string, BodyPart>([
  ['head', 'head'],
  ['face+head', 'head-and-face'],
  ['face', 'face-orbits-sinus'],
  ['temporal-bone', 'temporal-bone'],
  ['head+neck', 'head-and-neck'],
  ['neck', 'neck'],
  ['c-spine', 'c-spine'],
  ['c-spine+t-spine', 'c-and-t-spine'],
  ['t-spine', 't-spine'],
  ['l-spine+t-spine', 't-and-l-spine'],
  ['l-spine', 'l-spine'],
  ['chest', 'chest'],
  ['abdomen+chest+pelvis', 'chest-abdomen-pelvis'],
  ['abdomen', 'abdomen'],
  ['abdomen+pelvis', 'abdomen-pelvis'],
  ['pelvis', 'pelvis'],
]);

const PARTS_OF_WORD: Readonly<Partial<Record<RegionWord, readonly string[]>>> = {
  'head-and-neck': ['head', 'neck'],
  'c-and-t-spine': ['c-spine', 't-spine'],
  't-and-l-spine': ['t-spine', 'l-spine'],
  'abdomen-pelvis': ['abdomen', 'pelvis'],
  ap: ['abdomen', 'pelvis'],
  'chest-abdomen-pelvis': ['chest', 'abdomen', 'pelvis'],
};

/**
 * Normalises a header's words into the label vocabulary through the tables of this folder. Silent (null) where the
 * header is, where it contradicts itself, and where a word has several meanings: it never guesses.
 *
 * The words nearest to the series win: the series description over the protocol, that over Body Part Examined and the
 * study description, which must agree when both speak. The result holds nothing of the words themselves.
 */
export function describeHeaders(words: HeaderWords): HeaderEvidence {
  const { contrast, phase } = contrastOf(words);
  return {
    bodyPart: bodyPartOf(words),
    axis: axisOf(words),
    contrast,
    kernelClass: describeKernel(words.convolutionKernel, words.manufacturer),
    phase,
    hints: hintsOf(words),
  };
}

function bodyPartOf(words: HeaderWords): BodyPart | null {
  const series = claimRegion(words.seriesDescription);
  const others = combineClaims([
    claimRegion(words.protocolName).claim,
    combineEqual(claimCode(words.bodyPartExamined), claimRegion(words.studyDescription).claim),
  ]);
  if (series.claim === 'unsure') return null;
  // "LUNG" in a series of a study of the trunk is as likely its kernel.
  if (series.weak && others !== null && others !== series.claim) return null;
  const claim = series.claim ?? others;
  return claim === 'unsure' ? null : claim;
}

/** The first claim that is made. */
function combineClaims<T>(claims: readonly Claim<T>[]): Claim<T> {
  return claims.find((claim) => claim !== null) ?? null;
}

/** Two claims of one rank: they agree, or one is silent; else nothing is sure. */
function combineEqual<T>(a: Claim<T>, b: Claim<T>): Claim<T> {
  if (a === null || b === null) return a ?? b;
  return a === b ? a : 'unsure';
}

function claimCode(text: string | null): Claim<BodyPart> {
  return LABEL_OF_CODE.get(text?.trim().toUpperCase() ?? '') ?? claimRegion(text).claim;
}

/** Defined terms of Body Part Examined whose letters mean something else in free text. PS3.16 annex L */
const LABEL_OF_CODE: ReadonlyMap<string, BodyPart> = new Map<string, BodyPart>([
  ['SKULL', 'head'],
  ['CTSPINE', 'c-and-t-spine'],
]);

function claimRegion(text: string | null): { claim: Claim<BodyPart>; weak: boolean } {
  if (text === null) return { claim: null, weak: false };
  // Siemens writes REGION^PROTOCOL: the protocol is the nearer word, the region the fallback.
  const [region, ...rest] = text.split('^');
  const specific = rest.length === 0 ? [] : regionWords(rest.join(' '));
  return claimOfWords(specific.length > 0 ? specific : regionWords(region ?? ''));
}

function regionWords(text: string): RegionWord[] {
  const folded = foldText(text);
  const isLocalizer = HINT_TERMS.find(folded).includes('localizer');
  const found = BODY_PART_TERMS.find(folded).filter((word) => word !== 'none');
  // "AP scout" is seen from front to back.
  return isLocalizer ? found.filter((word) => word !== 'ap') : found;
}

function claimOfWords(found: readonly RegionWord[]): { claim: Claim<BodyPart>; weak: boolean } {
  const strong = found.filter((word) => word !== 'weak-chest');
  if (strong.length === 0) return { claim: found.length > 0 ? 'chest' : null, weak: found.length > 0 };
  // "or" alone, or a region without a label beside others, makes the whole text uncertain.
  if (strong.includes('unsure')) return { claim: 'unsure', weak: false };
  const parts = new Set(strong.flatMap((word) => PARTS_OF_WORD[word] ?? [word]));
  return { claim: LABEL_OF_REGIONS.get([...parts].sort().join('+')) ?? 'unsure', weak: false };
}

function axisOf(words: HeaderWords): Axis | null {
  const texts = [words.seriesDescription, words.derivationDescription, words.imageComments];
  for (const text of texts) {
    const planes = new Set(AXIS_TERMS.find(foldText(text ?? '')).filter((word) => word !== 'none'));
    if (planes.size > 1) return null;
    const [plane] = planes;
    if (plane !== undefined) return plane;
  }
  // Image Type says AXIAL of a reformat too, so only the other planes are believed.
  const typed = new Set(words.imageType.map((term) => term.trim().toUpperCase()));
  const coronal = typed.has('CORONAL');
  return coronal === typed.has('SAGITTAL') ? null : coronal ? 'coronal' : 'sagittal';
}

interface ContrastClaim {
  contrast: Claim<Contrast>;
  phase: Phase | null;
}

const SILENT: ContrastClaim = { contrast: null, phase: null };

function contrastOf(words: HeaderWords): { contrast: Contrast | null; phase: Phase | null } {
  const series = claimContrast(words.seriesDescription, 'series');
  const agent = claimAgent(words.contrastBolusAgent, words.contrastBolusRoute);
  const claims = [
    series,
    agent,
    claimContrast(words.protocolName, 'study'),
    claimContrast(words.studyDescription, 'study'),
  ];
  if (series.contrast !== null && agent.contrast !== null && series.contrast !== agent.contrast) {
    return { contrast: null, phase: null };
  }
  const first = claims.find(({ contrast }) => contrast !== null) ?? SILENT;
  const contrast = first.contrast === 'unsure' ? null : first.contrast;
  const phase = contrast === 'no' ? 'non-contrast' : contrast === 'yes' ? series.phase : null;
  return { contrast, phase };
}

/** Words that mean a phase of contrast in a series and something else in a study ("PET/CT delay", "pre TAVR"). */
const SERIES_ONLY = new Set<string>(['pre', 'delayed']);

function claimContrast(text: string | null, level: 'series' | 'study'): ContrastClaim {
  if (text === null) return SILENT;
  const folded = foldText(text);
  const found = CONTRAST_TERMS.find(folded).filter(
    (word) => word !== 'none' && (level === 'series' || !SERIES_ONLY.has(word)),
  );
  if (endsInWith(folded)) found.push('yes');
  if (found.length === 0) return SILENT;
  const says = new Set(
    found.map((word) => (word === 'no' || word === 'pre' ? 'no' : word === 'both' ? 'both' : 'yes')),
  );
  if (says.size > 1 || says.has('both')) return { contrast: 'unsure', phase: null };
  const phases = new Set(
    found.filter((word) => word === 'arterial' || word === 'portal-venous' || word === 'delayed'),
  );
  const [phase] = phases;
  return { contrast: says.has('no') ? 'no' : 'yes', phase: phases.size === 1 ? (phase ?? null) : null };
}

/** "CHEST W", "ABDOMEN W/", "CT Abdomen with": a region or plane and a bare "with". "LUNG W" is a window. */
function endsInWith(folded: string): boolean {
  const match = /^(.*\p{L}.*?)[^\p{L}\p{N}]+(?:w|with)\/?(?=\s*$|\s+[\d.]|\s+and delay)/u.exec(folded);
  const before = match?.[1] ?? '';
  if (/(?:lung|bone|soft|tissue|brain|window|med\w*)$/.test(before)) return false;
  return (
    BODY_PART_TERMS.find(before).some((word) => word !== 'none' && word !== 'weak-chest') ||
    AXIS_TERMS.find(before).some((word) => word !== 'none')
  );
}

/** Contrast/Bolus Agent and Route: an agent given into a vein. Oral and rectal contrast is another question. */
function claimAgent(agent: string | null, route: string | null): ContrastClaim {
  const text = foldText(agent ?? '').trim();
  if (/^(no|none|n\/?a|nil|without|wo|w\/o|no contrast|non contrast|nativ|0|ohne|sans|sin|-+)$/.test(text)) {
    return { contrast: 'no', phase: null };
  }
  if (text === '') return SILENT;
  const way = foldText(route ?? '');
  const given = `${text} ${way}`;
  const intoVein = INTO_VEIN.test(given) || (CONTRAST_GIVEN.test(text) && !OTHER_ROUTES.test(given));
  return intoVein ? { contrast: 'yes', phase: null } : SILENT;
}

/** Routes and agents that are given into a vein, with the roots of brand and generic names. */
const INTO_VEIN =
  /\biv\b|i\.v|intraven|\bvein|\bvenous|omnip|\bomni\b|isovue|visipaq|ultravist|optiray|iomeron|imeron|xenetix|iopam|iohex|iodix|iovers|ioprom|iobitr/;
/** Words that say "given" and leave the route open. */
const CONTRAST_GIVEN = /contrast|kontrast|applied|inject|nonionic|non-ionic|iodin/;
const OTHER_ROUTES = /oral|\bpo\b|rectal|barium|\bbari|water|gastro|telebrix|intrathec|intraartic|enema/;

/** Objects that are pages or captures by their class. PS3.4 table B.5-1 */
const HINT_OF_CLASS: ReadonlyMap<string, ExclusionHint> = new Map<string, ExclusionHint>([
  ['1.2.840.10008.5.1.4.1.1.88.67', 'dose-report'],
  ['1.2.840.10008.5.1.4.1.1.88.68', 'dose-report'],
  ['1.2.840.10008.5.1.4.1.1.104.1', 'scanned-document'],
]);

/** What the standard's own codes say. PS3.3 C.7.6.1 (Quality Control Image), C.8.15.3.2, C.8.16.2 */
function hintsOfCodes(words: HeaderWords): ExclusionHint[] {
  const hints: ExclusionHint[] = [];
  if (words.acquisitionType === 'CONSTANT_ANGLE') hints.push('acquired-localizer');
  if (words.fluoroscopyFlag === 'YES') hints.push('flagged-fluoroscopy');
  if (words.qualityControlImage === 'YES') hints.push('flagged-phantom');
  const technique = words.calculationTechnique ?? '';
  if (technique === 'MAX_IP' || technique === 'MIN_IP') hints.push('calculated-projection');
  if (technique === 'VOLUME_RENDER' || technique === 'SURFACE_RENDER') hints.push('calculated-rendering');
  return hints;
}

function hintsOf(words: HeaderWords): ExclusionHint[] {
  const hints = new Set<ExclusionHint>();
  const near = [words.seriesDescription, words.imageComments, words.derivationDescription];
  for (const text of near) {
    for (const word of HINT_TERMS.find(foldText(text ?? ''))) if (word !== 'none') hints.add(word);
  }
  // Of the words about a whole study only a phantom is believed: "with MIPs" is no claim about each series.
  const far = [words.bodyPartExamined, words.studyDescription, words.protocolName, words.patientName ?? null];
  for (const text of far) {
    for (const word of HINT_TERMS.find(foldText(text ?? ''))) {
      if (word === 'phantom' || word === 'calibration') hints.add(word);
    }
  }
  const byClass = HINT_OF_CLASS.get(words.sopClassUid ?? '');
  if (byClass !== undefined) hints.add(byClass);
  for (const hint of hintsOfCodes(words)) hints.add(hint);
  return [...hints].sort();
}
