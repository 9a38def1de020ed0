/**
 * Sealed files: what a run must remember of the source (paths, names) is encrypted at rest with a key that follows
 * from the project key, so that neither the state folder nor a backup of it tells anything.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { StageFailure } from '../failures.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM under a derived key. */
export interface Sealer {
  seal(bytes: Uint8Array): Buffer;
  /** @throws StageFailure `seal-broken` when the bytes were not sealed with this key or were changed */
  open(sealed: Uint8Array): Buffer;
  /** Seals what comes piece by piece: `begin`, what `update` gives for each piece, and `end` make the sealed bytes. */
  sealing(): Sealing;
}

export interface Sealing {
  begin: Buffer;
  update(chunk: Uint8Array): Buffer;
  end(): Buffer;
}

/** By how much sealed bytes are longer. */
export const SEAL_BYTES = NONCE_BYTES + TAG_BYTES;

/** @param purpose keys of different purposes share nothing, even when they come from one secret */
export function createSealer(secret: Uint8Array, purpose = 'serieswise sealed files v1'): Sealer {
  const key = Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
  return {
    seal(bytes) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    sealing() {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      return {
        begin: nonce,
        update: (chunk) => cipher.update(chunk),
        end: () => Buffer.concat([cipher.final(), cipher.getAuthTag()]),
      };
    },
    open(sealed) {
      try {
        const tag = sealed.subarray(sealed.length - TAG_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAuthTag(tag);
        const body = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
        return Buffer.concat([decipher.update(body), decipher.final()]);
      } catch {
        throw new StageFailure(
          'seal-broken',
          'permanent',
          'A sealed file of the state folder cannot be opened: it was made with another project key or is damaged.',
        );
      }
    },
  };
}
