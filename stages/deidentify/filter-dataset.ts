/** The byte-preserving filter: what a profile keeps of a data set, as ranges of the source or as new bytes. */
import {
  concatBytes,
  type ElementValue,
  type Encoding,
  encodeElement,
  encodeSequence,
} from '../../dicom/encode.ts';
import type { DicomDataset, DicomElement, DicomFile, DicomItem } from '../../dicom/read.ts';
import { isPrivateCreatorTag, isPrivateTag, TAGS } from '../../dicom/tags.ts';
import { getString, hasWrittenVr, rawText, readNumbers, valueBytes } from '../../dicom/values.ts';
import { isStringVr } from '../../dicom/vr.ts';
import { withoutNames, wordsOfName } from './descriptors.ts';
import { fitsNumbers, type Judgement } from './grammars.ts';
import { type ResolvedRule, safePrivateKey } from './profile.ts';
import { CODED_CONCEPTS } from './profiles/codes.ts';
import { checkTime, shiftDate, shiftDateTime } from './shift-dates.ts';

/** An element of the output: its bytes, which may be a view into the source. */
export interface OutputElement {
  tag: number;
  bytes: Uint8Array;
}

/** What the filter needs to know of the file. */
export interface FilterContext {
  file: DicomFile;
  /** How the output is written. */
  encoding: Encoding;
  /** The patient's pseudonym. */
  patientId: string;
  /** Days to add to dates. */
  shiftDays: number;
  pseudonymOfUid: (uid: string) => string;
}

/** A required attribute has a value that the profile does not allow. */
export interface Refusal {
  refused: true;
}

/** `raw`: the element stays to the byte; `refuse`: the instance goes; `drop-item`: the item around it goes. */
type Outcome =
  | { kind: 'raw' | 'remove' | 'refuse' | 'drop-item' }
  | { kind: 'value'; value: ElementValue }
  | Built;
/** A whole element, header included. */
interface Built {
  kind: 'built';
  bytes: Uint8Array;
}

const RAW: Outcome = { kind: 'raw' };
const REMOVE: Outcome = { kind: 'remove' };
const MAX_TEXT_BYTES = 65_534;
/** Some values of DA, TM or DT, or a range of them. */
const MAX_TEMPORAL_BYTES = 256;
const CODE_VALUE = 0x00080100;
const CODING_SCHEME_DESIGNATOR = 0x00080102;
const CODE_MEANING = 0x00080104;

/**
 * Filters the root data set, except for Pixel Data.
 * @returns the kept elements in the source's order, or the refusal of the instance
 */
export function filterDataset(
  context: FilterContext,
  dataset: DicomDataset,
  rules: ReadonlyMap<number, ResolvedRule>,
  safePrivate: ReadonlyMap<string, ResolvedRule> = new Map(),
): OutputElement[] | Refusal {
  const output: OutputElement[] = safePrivate.size === 0 ? [] : filterPrivate(context, dataset, safePrivate);
  for (const element of dataset.elements.values()) {
    const rule = rules.get(element.tag);
    // Pixel Data is by far the largest, and its caller writes it without a copy.
    if (rule === undefined || element.tag === TAGS.PixelData) continue;
    const outcome = applyRule(context, dataset, element, rule);
    if (outcome.kind === 'refuse' || outcome.kind === 'drop-item') return { refused: true };
    const bytes = writeOutcome(context, dataset, element, rule, outcome);
    if (bytes !== null) output.push({ tag: element.tag, bytes });
  }
  return output;
}

/**
 * Private attributes on the safe list, each with the creator of its block, which is written anew. A creator that stands
 * in a block is known by its whole value; blocks keep their numbers. PS3.5 section 7.8.1
 */
function filterPrivate(
  context: FilterContext,
  dataset: DicomDataset,
  safePrivate: ReadonlyMap<string, ResolvedRule>,
): OutputElement[] {
  const output: OutputElement[] = [];
  const creators = new Map<number, string>();
  const written = new Set<number>();
  for (const element of sortedElements(dataset)) {
    if (!isPrivateTag(element.tag)) continue;
    if (isPrivateCreatorTag(element.tag)) {
      const isShort = element.length <= 64 && element.items === undefined;
      if (isShort) creators.set(element.tag, rawText(context.file, element).replace(/^ +|[ \0]+$/g, ''));
      continue;
    }
    const group = element.tag >>> 16;
    const creatorTag = ((group << 16) | ((element.tag >>> 8) & 0xff)) >>> 0;
    const creator = creators.get(creatorTag);
    if (creator === undefined) continue;
    const rule = safePrivate.get(safePrivateKey(creator, group, element.tag));
    if (rule === undefined || element.length === 0) continue;
    const outcome = applyRule(context, dataset, element, rule);
    const bytes = writeOutcome(context, dataset, element, rule, outcome);
    if (bytes === null) continue;
    output.push({ tag: element.tag, bytes });
    if (written.has(creatorTag)) continue;
    written.add(creatorTag);
    output.push({ tag: creatorTag, bytes: encodeElement(creatorTag, 'LO', creator, context.encoding) });
  }
  return output;
}

function writeOutcome(
  context: FilterContext,
  dataset: DicomDataset,
  element: DicomElement,
  rule: ResolvedRule,
  outcome: Outcome,
): Uint8Array | null {
  switch (outcome.kind) {
    case 'raw':
      return isRawWritable(context, dataset, element, rule)
        ? context.file.bytes.subarray(element.headerOffset, element.endOffset)
        : rewriteElement(context, dataset, element, rule);
    case 'value':
      return encodeElement(element.tag, vrToWrite(element, rule), outcome.value, context.encoding);
    case 'built':
      return outcome.bytes;
    default:
      return null;
  }
}

function applyRule(
  context: FilterContext,
  dataset: DicomDataset,
  element: DicomElement,
  rule: ResolvedRule,
): Outcome {
  switch (rule.row.action) {
    case 'pixels':
      return RAW;
    case 'empty':
      return { kind: 'value', value: '' };
    case 'items':
      return filterItems(context, element, rule);
    case 'concepts':
      return filterConcepts(context, element, rule);
    case 'pseudonym':
      return applyPseudonym(context, dataset, element, rule);
    case 'shift':
      return applyShift(context, element, rule);
    default:
      return applyGrammar(context, dataset, element, rule);
  }
}

function applyGrammar(
  context: FilterContext,
  dataset: DicomDataset,
  element: DicomElement,
  rule: ResolvedRule,
): Outcome {
  const { grammar } = rule.row;
  if (grammar === null || element.items !== undefined || element.fragments !== undefined)
    return otherwise(rule);
  if (grammar.kind === 'uid') return applyPseudonym(context, dataset, element, rule);
  if (grammar.kind === 'date' || grammar.kind === 'time' || grammar.kind === 'datetime')
    return applyShift(context, element, rule);
  const vr = rule.vrs[0]!;
  if (isStringVr(vr)) {
    if (element.length > MAX_TEXT_BYTES || !isTextVr(element.vr)) return otherwise(rule);
    const text = rawText(context.file, element);
    if (grammar.kind !== 'descriptor') return fromJudgement(rule.judge(text), rule);
    const nameless = withoutNames(text, namesOf(context.file));
    const judgement = rule.judge(nameless);
    // What is clean without the name is not what the source says.
    return fromJudgement(judgement === true && nameless !== text ? nameless.trim() : judgement, rule);
  }
  if (isStringVr(element.vr)) return otherwise(rule);
  const numbers = numbersOf(context.file, dataset, element, rule);
  return numbers !== undefined && fitsNumbers(grammar, numbers) ? RAW : otherwise(rule);
}

const names = new WeakMap<DicomFile, ReadonlySet<string>>();

/** Words of the names of persons in the data set. */
function namesOf(file: DicomFile): ReadonlySet<string> {
  const known = names.get(file);
  if (known !== undefined) return known;
  const words = [...file.dataset.elements.values()]
    .filter(({ vr, length }) => vr === 'PN' && length <= MAX_TEXT_BYTES)
    .flatMap((element) => wordsOfName(rawText(file, element)));
  const found = new Set(words);
  names.set(file, found);
  return found;
}

function fromJudgement(judgement: Judgement, rule: ResolvedRule): Outcome {
  if (judgement === null) return otherwise(rule);
  return judgement === true ? RAW : { kind: 'value', value: judgement };
}

function otherwise(rule: ResolvedRule): Outcome {
  switch (rule.row.otherwise) {
    case 'empty':
      return { kind: 'value', value: '' };
    case 'refuse':
      return { kind: 'refuse' };
    case 'drop-item':
      return { kind: 'drop-item' };
    default:
      return REMOVE;
  }
}

function applyPseudonym(
  context: FilterContext,
  dataset: DicomDataset,
  element: DicomElement,
  rule: ResolvedRule,
): Outcome {
  if (rule.vrs[0] !== 'UI') return { kind: 'value', value: writePatient(context.patientId, rule.vrs[0]!) };
  const uid = getString(context.file, dataset, element.tag);
  if (uid === undefined || element.length > MAX_TEXT_BYTES) return otherwise(rule);
  return { kind: 'value', value: context.pseudonymOfUid(uid) };
}

/** A patient's pseudonym as the value of an attribute: a name has components. */
export function writePatient(patientId: string, vr: string): string {
  return vr === 'PN' ? `${patientId}^` : patientId;
}

function applyShift(context: FilterContext, element: DicomElement, rule: ResolvedRule): Outcome {
  if (element.length > MAX_TEMPORAL_BYTES || element.items !== undefined || element.fragments !== undefined)
    return otherwise(rule);
  if (!isTextVr(element.vr)) return otherwise(rule);
  const text = rawText(context.file, element).replace(/[ \0]+$/, '');
  const kind = rule.row.grammar?.kind;
  const isShifted = rule.row.action === 'shift';
  const days = isShifted ? context.shiftDays : 0;
  const shiftOne = (value: string): string | null =>
    kind === 'date'
      ? shiftDate(value, days)
      : kind === 'datetime'
        ? shiftDateTime(value, days, !isShifted)
        : checkTime(value);
  const values = text.split('\\').map(shiftOne);
  if (values.includes(null)) return otherwise(rule);
  return { kind: 'value', value: values.join('\\') };
}

/** Items of a sequence through their own white-list; an item that nothing is left of goes, except frames. */
function filterItems(context: FilterContext, element: DicomElement, rule: ResolvedRule): Outcome {
  const items = element.items ?? [];
  const isFrames = element.tag === TAGS.PerFrameFunctionalGroupsSequence;
  const kept: Uint8Array[] = [];
  for (const item of items) {
    const filtered = filterItem(context, item, rule);
    if (filtered === 'refuse') return { kind: 'refuse' };
    if (filtered === null || (filtered.length === 0 && !isFrames)) continue;
    kept.push(filtered);
  }
  if (kept.length === 0) return otherwise(rule);
  return { kind: 'built', bytes: encodeSequence(element.tag, kept, context.encoding) };
}

function filterItem(
  context: FilterContext,
  item: DicomItem,
  rule: ResolvedRule,
): Uint8Array | null | 'refuse' {
  const parts: Uint8Array[] = [];
  for (const element of sortedElements(item.dataset)) {
    const childRule = rule.children.get(element.tag);
    if (childRule === undefined) continue;
    const outcome = applyRule(context, item.dataset, element, childRule);
    if (outcome.kind === 'refuse') return 'refuse';
    if (outcome.kind === 'drop-item') return null;
    const bytes = writeOutcome(context, item.dataset, element, childRule, outcome);
    if (bytes !== null) parts.push(bytes);
  }
  return concatBytes(parts);
}

/** Keeps the items whose code is known, in the vocabulary's words, with what the profile lists below them. */
function filterConcepts(context: FilterContext, element: DicomElement, rule: ResolvedRule): Outcome {
  const kept: Uint8Array[] = [];
  for (const item of element.items ?? []) {
    const scheme = getString(context.file, item.dataset, CODING_SCHEME_DESIGNATOR);
    const value = getString(context.file, item.dataset, CODE_VALUE);
    const concept = CODED_CONCEPTS.get(`${scheme} ${value}`);
    if (concept === undefined) continue;
    const rest = filterItem(context, item, rule);
    if (rest === 'refuse') return { kind: 'refuse' };
    if (rest !== null) kept.push(concatBytes([encodeCode(concept, context.encoding), rest]));
  }
  if (kept.length === 0) return REMOVE;
  return { kind: 'built', bytes: encodeSequence(element.tag, kept, context.encoding) };
}

/** An item of a code sequence. PS3.3 section 8.8 */
export function encodeCode(
  code: { value: string; scheme: string; meaning: string },
  encoding: Encoding,
): Uint8Array {
  return concatBytes([
    encodeElement(CODE_VALUE, 'SH', code.value, encoding),
    encodeElement(CODING_SCHEME_DESIGNATOR, 'SH', code.scheme, encoding),
    encodeElement(CODE_MEANING, 'LO', code.meaning, encoding),
  ]);
}

/** The bytes of the source can be the bytes of the output: same encoding, and a VR that it states and the dictionary knows. */
function isRawWritable(
  context: FilterContext,
  dataset: DicomDataset,
  element: DicomElement,
  rule: ResolvedRule,
): boolean {
  const { explicitVr, littleEndian } = context.encoding;
  return (
    dataset.explicitVr === explicitVr &&
    dataset.littleEndian === littleEndian &&
    (!explicitVr || hasWrittenVr(context.file, element)) &&
    (element.length % 2 === 0 || element.fragments !== undefined) &&
    (!element.undefinedLength || element.fragments !== undefined) &&
    (rule.vrs.includes(element.vr) || (!explicitVr && element.vr !== 'SQ'))
  );
}

/** A kept value in the output's encoding, where the source's bytes cannot stand: another VR, byte order or UN. */
function rewriteElement(
  context: FilterContext,
  dataset: DicomDataset,
  element: DicomElement,
  rule: ResolvedRule,
): Uint8Array | null {
  const vr = vrToWrite(element, rule);
  if (isStringVr(vr)) {
    return encodeElement(element.tag, vr, rawText(context.file, element).trimEnd(), context.encoding);
  }
  if (rule.row.action === 'pixels') {
    return encodeElement(element.tag, vr, valueBytes(context.file, element), context.encoding);
  }
  const numbers = numbersOf(context.file, dataset, element, rule);
  return numbers === undefined ? null : encodeElement(element.tag, vr, numbers, context.encoding);
}

/** The source's VR where the dictionary allows it (US or SS, OB or OW), else the dictionary's first. */
function vrToWrite(element: DicomElement, rule: ResolvedRule): string {
  return rule.vrs.includes(element.vr) ? element.vr : rule.vrs[0]!;
}

/** Binary numbers, read in the dictionary's VR when the source wrote UN or a wrong one of the same size. */
function numbersOf(
  file: DicomFile,
  dataset: DicomDataset,
  element: DicomElement,
  rule: ResolvedRule,
): number[] | undefined {
  if (element.vr === 'UN') return readNumbers(file, element, rule.vrs[0]!, true);
  if (!rule.vrs.includes(element.vr)) return undefined;
  return readNumbers(file, element, element.vr, dataset.littleEndian);
}

function isTextVr(vr: string): boolean {
  return isStringVr(vr) || vr === 'UN';
}

function sortedElements(dataset: DicomDataset): DicomElement[] {
  return [...dataset.elements.values()].sort((a, b) => a.tag - b.tag);
}
