/** A text that is looked for in bytes; in either case, as one byte or as two bytes a letter. */
interface Pattern {
  token: string;
  bytes: Uint8Array;
  /** Bytes that must not stand beside it, or it is part of something longer. */
  boundary: 'digits' | 'uid' | 'none';
}

/** Finds many texts in bytes in one pass. */
export interface TokenFinder {
  /** @returns those of the tokens that stand in the bytes */
  find(bytes: Uint8Array): Set<string>;
}

const PREFIX = 4;

/**
 * Numbers of up to nine digits are found only as a whole, since they turn up by chance within the digits of a UID; UIDs
 * likewise, since one begins with another.
 * @param tokens at least four characters each
 */
export function createTokenFinder(tokens: Iterable<string>): TokenFinder {
  const patterns = new Map<number, Pattern[]>();
  for (const token of new Set(tokens)) {
    const narrow = lowerCase(new TextEncoder().encode(token));
    if (narrow.length < PREFIX) throw new RangeError('a token is too short to be looked for');
    const wide = new Uint8Array(narrow.length * 2 - 1);
    for (const [index, byte] of narrow.entries()) wide[index * 2] = byte;
    const boundary = /^\d{1,9}$/.test(token) ? 'digits' : /^[0-2](\.\d+)+$/.test(token) ? 'uid' : 'none';
    for (const bytes of [narrow, wide]) {
      const key = prefixAt(bytes, 0);
      patterns.set(key, [...(patterns.get(key) ?? []), { token, bytes, boundary }]);
    }
  }
  // Most places are told from a token's beginning by these bits alone.
  const filter = new Uint8Array(1 << 16);
  for (const key of patterns.keys()) filter[hash(key)] = 1;
  return { find: (bytes) => findTokens(lowerCase(bytes), patterns, filter) };
}

function findTokens(
  bytes: Uint8Array,
  patterns: ReadonlyMap<number, readonly Pattern[]>,
  filter: Uint8Array,
): Set<string> {
  const found = new Set<string>();
  let key = bytes.length < PREFIX ? 0 : prefixAt(bytes, 0) >>> 8;
  for (let at = 0; at + PREFIX <= bytes.length; at += 1) {
    key = ((key << 8) | bytes[at + PREFIX - 1]!) >>> 0;
    if (filter[hash(key)] === 0) continue;
    for (const pattern of patterns.get(key) ?? []) {
      if (!found.has(pattern.token) && matchesAt(bytes, at, pattern)) found.add(pattern.token);
    }
  }
  return found;
}

function matchesAt(bytes: Uint8Array, at: number, pattern: Pattern): boolean {
  const { length } = pattern.bytes;
  if (at + length > bytes.length) return false;
  for (let index = 0; index < length; index += 1) {
    if (bytes[at + index] !== pattern.bytes[index]) return false;
  }
  return !isPartOf(bytes[at - 1], pattern) && !isPartOf(bytes[at + length], pattern);
}

function isPartOf(neighbour: number | undefined, { boundary }: Pattern): boolean {
  if (neighbour === undefined || boundary === 'none') return false;
  return (neighbour >= 0x30 && neighbour <= 0x39) || (boundary === 'uid' && neighbour === 0x2e);
}

function prefixAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function hash(key: number): number {
  return (Math.imul(key, 0x9e3779b1) >>> 16) & 0xffff;
}

function lowerCase(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));
}
