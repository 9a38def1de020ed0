/** SOP classes and transfer syntaxes of associations that carry instances. */
import { TRANSFER_SYNTAXES } from '../dicom/uids.ts';
import type { ProposedContext } from './pdu.ts';

export const VERIFICATION = '1.2.840.10008.1.1';
/** Study Root Query/Retrieve. PS3.4 section C.6.2 */
export const STUDY_ROOT = {
  find: '1.2.840.10008.5.1.4.1.2.2.1',
  move: '1.2.840.10008.5.1.4.1.2.2.2',
  get: '1.2.840.10008.5.1.4.1.2.2.3',
} as const;

export const PLAIN_SYNTAXES = [
  TRANSFER_SYNTAXES.explicitVrLittleEndian,
  TRANSFER_SYNTAXES.implicitVrLittleEndian,
] as const;

/** Whether a SOP class stores composite objects: the standard's, and private ones by the same root's siblings. */
export function isStorageClass(uid: string): boolean {
  return /^1\.2\.840\.10008\.5\.1\.4\.(1\.1|34)\./.test(uid);
}

/** Every transfer syntax of the standard: what comes is kept as it is, read or not. */
export function isTransferSyntax(uid: string): boolean {
  return /^1\.2\.840\.10008\.1\.2(\.|$)/.test(uid);
}

const ROOT = '1.2.840.10008.5.1.4.1.1';
/** Each in every transfer syntax, so that nothing need be changed on the way: what a CT archive mostly holds. */
const IMAGES = ['2', '2.1', '2.2', '7'].map((suffix) => `${ROOT}.${suffix}`);
/** What else lies in studies of a CT archive: each in the plain transfer syntaxes. */
const OTHERS = [
  '1',
  '1.1',
  '4',
  '6.1',
  '7.1',
  '7.2',
  '7.3',
  '7.4',
  '11.1',
  '30',
  '66',
  '66.1',
  '66.4',
  '67',
  '88.11',
  '88.22',
  '88.33',
  '88.34',
  '88.50',
  '88.59',
  '88.67',
  '104.1',
  '128',
  '130',
  '481.1',
  '481.2',
  '481.3',
  '481.5',
].map((suffix) => `${ROOT}.${suffix}`);

/**
 * Contexts for C-GET: 128 is all that an association can have. Each context has one transfer syntax, so that both sides
 * know in which an instance comes, and a PACS need not change it.
 * @param firstId odd
 */
export function storageContexts(firstId: number): ProposedContext[] {
  const syntaxes = Object.values(TRANSFER_SYNTAXES).filter(
    (uid) => !(PLAIN_SYNTAXES as readonly string[]).includes(uid),
  );
  const contexts: ProposedContext[] = [];
  const add = (abstractSyntax: string, transferSyntaxes: readonly string[]) => {
    const id = firstId + 2 * contexts.length;
    if (id <= 255) contexts.push({ id, abstractSyntax, transferSyntaxes: [...transferSyntaxes] });
  };
  for (const uid of [...IMAGES, ...OTHERS]) for (const syntax of PLAIN_SYNTAXES) add(uid, [syntax]);
  for (const uid of IMAGES) for (const syntax of syntaxes) add(uid, [syntax]);
  return contexts;
}
