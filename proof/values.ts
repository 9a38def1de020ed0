import { bytesPerNumber, isStringVr } from '../dicom/vr.ts';

/**
 * A value in a form that says whether two are the same: numbers as numbers, words in capitals, without padding.
 * @param bytes in little endian
 */
export function comparableValue(vr: string, bytes: Uint8Array): string {
  if (!isStringVr(vr) && bytesPerNumber(vr) > 1) return Buffer.from(bytes).toString('hex');
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/[ \0]+$/, '');
  return text
    .split('\\')
    .map((value) => comparableWord(vr, value.trim()))
    .join('\\');
}

function comparableWord(vr: string, word: string): string {
  if ((vr === 'DS' || vr === 'IS') && word !== '' && Number.isFinite(Number(word)))
    return String(Number(Number(word).toPrecision(10)));
  return word.toUpperCase();
}
