/** Keyed pseudonyms: nothing that leaves `deidentify` can be matched with a source by anyone without the key. */
import { createCipheriv, createHmac } from 'node:crypto';
import { remember } from '../../dicom/remember.ts';
import { isValidUid } from '../../dicom/uids.ts';
import { isStandardUid } from './standard-uids.ts';

/** Content to digest: one piece, or pieces that follow each other. */
export type Content = Uint8Array | Iterable<Uint8Array>;

/** All pseudonyms of one project key. Pure: same key and same argument, same answer, on every machine. */
export interface Pseudonymizer {
  /**
   * `SW` and 16 base32 characters (80 bits).
   * @param patientId Patient ID (0010,0020), decoded; when empty, the study stands for the patient
   * @param issuer Issuer of Patient ID (0010,0021), decoded: equal IDs of two hospitals are two patients
   */
  patientId(patientId: string | null, issuer: string | null, studyUidFallback: string): string;
  /** `2.25.` and 128 bits in decimal (PS3.5 B.2); a UID that the standard itself defines stays. */
  uid(sourceUid: string): string;
  /** Keyed hash of a path and a member name, 32 hexadecimal digits. */
  sourceKey(path: string, member: string | null): string;
  /** HMAC-SHA256 of the content, 64 hexadecimal digits. */
  digest(content: Content): string;
  /**
   * A keyed digest of much content, in a quarter of the time of SHA-256: equal bytes, equal digest, under one key.
   *
   * GMAC with a fixed nonce is a universal hash: two contents that were chosen without the key share a tag with a
   * probability below 2^-100. Tags under one nonce would give the hash's key away, so HMAC-SHA256 hides them.
   */
  fingerprint(content: Uint8Array): Buffer;
  /** Days to add to every date of a patient: a whole number from -3650 to -1. */
  dateShiftDays(patientId: string | null, issuer: string | null, studyUidFallback: string): number;
}

const KEY_BYTES = 32;
const NO_NONCE = new Uint8Array(12);
const PATIENT_CHARACTERS = 16;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const SHIFT_RANGE_DAYS = 3650;

/**
 * @param key 32 bytes, the project key
 * @param options.retainUids valid UIDs stay as they are (Retain UIDs, PS3.15 E.3.9); others become pseudonyms
 * @throws RangeError when the key has another length
 */
export function createPseudonymizer(key: Uint8Array, options: { retainUids?: boolean } = {}): Pseudonymizer {
  if (key.length !== KEY_BYTES) throw new RangeError('The project key must have 32 bytes.');
  const subkey = (domain: string): Buffer =>
    createHmac('sha256', key).update(`serieswise/1/${domain}`).digest();
  // A key of its own for each kind of identifier: a patient's number that reads like a UID shares nothing with it.
  const patientKey = subkey('patient');
  const uidKey = subkey('uid');
  const sourceKeyKey = subkey('source-key');
  const digestKey = subkey('content');
  const fingerprintKey = subkey('fingerprint');
  const fingerprintHashKey = subkey('fingerprint-hash');
  const shiftKey = subkey('date-shift');
  const pseudonymOfPatient = remember(
    (identity) => `SW${encodeBase32(hmac(patientKey, identity), PATIENT_CHARACTERS)}`,
  );
  const pseudonymOfUid = remember(
    (uid) => `2.25.${BigInt(`0x${hmac(uidKey, uid).toString('hex', 0, 16)}`)}`,
    10_000,
  );

  return {
    patientId: (patientId, issuer, studyUidFallback) =>
      pseudonymOfPatient(identityOf(patientId, issuer, studyUidFallback)),
    uid(sourceUid) {
      const uid = trimUid(sourceUid);
      if (isStandardUid(uid) || (options.retainUids === true && isValidUid(uid))) return uid;
      return pseudonymOfUid(uid);
    },
    sourceKey: (path, member) => hmac(sourceKeyKey, joinParts([path, member ?? ''])).toString('hex', 0, 16),
    digest(content) {
      const hash = createHmac('sha256', digestKey);
      if (content instanceof Uint8Array) hash.update(content);
      else for (const chunk of content) hash.update(chunk);
      return hash.digest('hex');
    },
    fingerprint(content) {
      const cipher = createCipheriv('aes-256-gcm', fingerprintHashKey, NO_NONCE);
      cipher.setAAD(content);
      cipher.final();
      return createHmac('sha256', fingerprintKey).update(cipher.getAuthTag()).digest();
    },
    dateShiftDays(patientId, issuer, studyUidFallback) {
      const draw = hmac(shiftKey, identityOf(patientId, issuer, studyUidFallback)).readUIntBE(0, 6);
      return -1 - (draw % SHIFT_RANGE_DAYS);
    },
  };
}

/** An identifier of a source beside its pseudonym. What a crosswalk consists of; never part of an output. */
export interface IdentityPair {
  /** `study`: a patient without Patient ID, known by the study that stands for it. */
  kind: 'patient' | 'study' | 'uid';
  pseudonym: string;
  source: string;
  /** Issuer of Patient ID; null where there is none. */
  issuer: string | null;
}

/** The same pseudonyms, each told together with what it stands for. UIDs that stay as they are are not told. */
export function tellPseudonyms(
  pseudonymizer: Pseudonymizer,
  tell: (pair: IdentityPair) => void,
): Pseudonymizer {
  return {
    ...pseudonymizer,
    patientId(patientId, issuer, studyUidFallback) {
      const pseudonym = pseudonymizer.patientId(patientId, issuer, studyUidFallback);
      const id = trimUid((patientId ?? '').normalize('NFC'));
      const ofIssuer = trimUid((issuer ?? '').normalize('NFC'));
      if (id === '') tell({ kind: 'study', pseudonym, source: trimUid(studyUidFallback), issuer: null });
      else tell({ kind: 'patient', pseudonym, source: id, issuer: ofIssuer === '' ? null : ofIssuer });
      return pseudonym;
    },
    uid(sourceUid) {
      const pseudonym = pseudonymizer.uid(sourceUid);
      const source = trimUid(sourceUid);
      // Frames of reference that are made of a series' pseudonym have no source.
      if (pseudonym !== source && /^[\d.]+$/.test(source))
        tell({ kind: 'uid', pseudonym, source, issuer: null });
      return pseudonym;
    },
  };
}

/** A UID without the padding that files carry: spaces and NULs at either end. PS3.5 section 9.1 */
function trimUid(uid: string): string {
  let start = 0;
  let end = uid.length;
  while (start < end && uid.charCodeAt(start) <= 32) start += 1;
  while (end > start && uid.charCodeAt(end - 1) <= 32) end -= 1;
  return uid.slice(start, end);
}

function identityOf(patientId: string | null, issuer: string | null, studyUidFallback: string): string {
  const id = trimUid((patientId ?? '').normalize('NFC'));
  if (id === '') return joinParts(['study', trimUid(studyUidFallback)]);
  return joinParts(['patient', id, trimUid((issuer ?? '').normalize('NFC'))]);
}

/** Parts with their lengths, so that no two lists of parts give one string. */
function joinParts(parts: string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('');
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function encodeBase32(bytes: Uint8Array, characters: number): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5 && text.length < characters) {
      bits -= 5;
      text += BASE32[(value >> bits) & 31];
    }
  }
  return text;
}
