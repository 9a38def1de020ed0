/** Judges of values: does a value look like what its attribute is for? All compare ASCII text or numbers, nothing else. */
import { isPrivateTag, lookUpTag } from '../../dicom/tags.ts';
import { judgeDescriptor } from './descriptors.ts';
import type { ValueCount, ValueGrammar } from './profiles/profile-table.ts';
import { CANONICAL_TERMS, TERMS } from './profiles/terms.ts';
import { VENDORS, type VendorVocabulary } from './profiles/vendors.ts';
import { isStandardUid } from './standard-uids.ts';

/** `true`: the value fits as it stands; a string: it fits when written so; `null`: it does not fit. */
export type Judgement = true | string | null;

/** Stands for a value outside of a vocabulary. */
export const OTHER = 'OTHER';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;
const INTEGER = /^[+-]?\d+(\.0*)?$/;
const MAX_LENGTH: Record<string, number> = { DS: 16, IS: 12 };
const MAX_VALUES = 64;

/**
 * Judges text.
 * @param text the whole value field, one character a byte, padding included
 * @param mapsUnknown values outside of the vocabulary are written as OTHER instead of being refused
 */
export function judgeText(grammar: ValueGrammar, vr: string, text: string, mapsUnknown: boolean): Judgement {
  const end = endOfValue(text);
  const content = end === text.length ? text : text.slice(0, end);
  const isText = grammar.kind === 'descriptor';
  if (!isText && !isPrintableAscii(content)) return null;
  const judgement = isText ? judgeDescriptor(content) : judgeContent(grammar, vr, content, mapsUnknown);
  // Zero bytes behind text are padding of UI alone, and lengths are even: write such values anew.
  if (judgement !== true || (text.length % 2 === 0 && (vr === 'UI' || !text.includes('\0', end))))
    return judgement;
  return content;
}

function judgeContent(grammar: ValueGrammar, vr: string, content: string, mapsUnknown: boolean): Judgement {
  switch (grammar.kind) {
    case 'number':
      return judgeNumbers(content, vr, NUMBER, grammar.min, grammar.max, grammar.count);
    case 'integer':
      return judgeNumbers(content, vr, INTEGER, grammar.min, grammar.max, grammar.count);
    case 'terms': {
      const terms: ReadonlySet<string> = TERMS[grammar.terms];
      return judgeWords(content, grammar.count, (word) => {
        const term = CANONICAL_TERMS.get(word.toUpperCase()) ?? word.toUpperCase();
        if (!terms.has(term)) return mapsUnknown ? OTHER : null;
        return vr === 'CS' || term !== word.toUpperCase() ? term : word;
      });
    }
    case 'vendor': {
      const vocabulary: VendorVocabulary = VENDORS[grammar.vendor];
      return judgeWords(content, grammar.count, (word) =>
        isInVocabulary(vocabulary, word) ? word : mapsUnknown ? OTHER : null,
      );
    }
    case 'image-type':
      return judgeImageType(content);
    case 'pixel-presentation':
      return judgeWords(content, [1, 1], judgePixelPresentation);
    case 'patient-orientation':
      return /^[AFHLPR]{1,3}\\[AFHLPR]{1,3}$/.test(content) ? true : null;
    case 'age':
      return judgeAge(content);
    case 'digits':
      return /^\d{1,4}$/.test(content.trim()) ? true : null;
    case 'standard-uid':
      return isStandardUid(content) ? true : null;
    case 'permitted':
      return judgeWords(content, [1, MAX_VALUES], (word) => (grammar.values.includes(word) ? word : null));
    case 'ratio':
      return /^\d{1,2}(\.\d{1,3})?:1$/.test(content) ? true : null;
    default:
      return null;
  }
}

/** Judges the numbers of a binary VR. */
export function fitsNumbers(grammar: ValueGrammar, numbers: readonly number[]): boolean {
  switch (grammar.kind) {
    case 'number':
    case 'integer':
      return (
        isWithin(numbers.length, grammar.count) &&
        numbers.every(
          (value) =>
            value >= grammar.min &&
            value <= grammar.max &&
            (grammar.kind === 'number' || Number.isInteger(value)),
        )
      );
    case 'tags':
      return (
        isWithin(numbers.length, grammar.count) &&
        numbers.every((value) => !isPrivateTag(value) && lookUpTag(value) !== undefined)
      );
    default:
      return false;
  }
}

function judgeNumbers(
  content: string,
  vr: string,
  pattern: RegExp,
  min: number,
  max: number,
  count: ValueCount,
): Judgement {
  const words = content.split('\\');
  if (!isWithin(words.length, count)) return null;
  let isAnew = false;
  const written: string[] = [];
  for (const raw of words) {
    const word = raw.trim();
    if (!pattern.test(word)) return null;
    const value = Number(word);
    if (!(value >= min && value <= max)) return null;
    const tooLong = raw.length > (MAX_LENGTH[vr] ?? 64);
    const fractional = vr === 'IS' && word.includes('.');
    isAnew ||= tooLong || fractional;
    written.push(tooLong || fractional ? writeNumber(value, MAX_LENGTH[vr] ?? 64) : word);
  }
  return isAnew ? written.join('\\') : true;
}

/** A number in at most so many characters, as precisely as they allow. */
function writeNumber(value: number, characters: number): string {
  const shortest = String(value);
  if (shortest.length <= characters) return shortest;
  for (let digits = characters; digits > 1; digits -= 1) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= characters) return text;
  }
  return String(Math.round(value));
}

function judgeWords(content: string, count: ValueCount, judge: (word: string) => string | null): Judgement {
  const words = content.split('\\');
  if (!isWithin(words.length, count)) return null;
  let isAnew = false;
  const written: string[] = [];
  for (const raw of words) {
    const word = raw.trim();
    const judged = judge(word);
    if (judged === null) return null;
    isAnew ||= judged !== word;
    written.push(judged);
  }
  return isAnew ? written.join('\\') : true;
}

function judgeImageType(content: string): Judgement {
  const words = content.split('\\').map((word) => word.trim());
  const [pixelData, examination, ...flavours] = words;
  if (pixelData === undefined || examination === undefined || words.length > MAX_VALUES) return null;
  if (!TERMS.imageTypePixelData.has(pixelData.toUpperCase())) return null;
  if (!TERMS.imageTypeExamination.has(examination.toUpperCase())) return null;
  const flavourTerms: ReadonlySet<string> = TERMS.imageTypeFlavour;
  const written = [
    pixelData.toUpperCase(),
    examination.toUpperCase(),
    ...flavours.map((word) =>
      word === '' || flavourTerms.has(word.toUpperCase()) ? word.toUpperCase() : OTHER,
    ),
  ];
  return written.every((word, index) => word === words[index]) ? true : written.join('\\');
}

/** Grey is what a display without colours shows of COLOR. TRUE_COLOR needs no palette. */
function judgePixelPresentation(word: string): string | null {
  const upper = word.toUpperCase();
  if (upper === 'COLOR' || upper === 'MIXED') return 'MONOCHROME';
  return upper === 'MONOCHROME' || upper === 'TRUE_COLOR' ? upper : null;
}

/** HIPAA safe harbour: ages over 89 are one group. */
function judgeAge(content: string): Judgement {
  const match = /^\s*(\d{1,3})([DWMY])$/.exec(content);
  if (match === null) return null;
  if (match[2] === 'Y' && Number(match[1]) > 89) return '090Y';
  const written = `${match[1]!.padStart(3, '0')}${match[2]}`;
  return written === content ? true : written;
}

function isInVocabulary(vocabulary: VendorVocabulary, word: string): boolean {
  const upper = word.toUpperCase();
  return vocabulary.exact.has(upper) || vocabulary.patterns.some((pattern) => pattern.test(upper));
}

function isWithin(count: number, [least, most]: ValueCount): boolean {
  return count >= least && count <= most;
}

function endOfValue(text: string): number {
  let end = text.length;
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0)) end -= 1;
  return end;
}

function isPrintableAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
