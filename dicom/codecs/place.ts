/** The beginning of `into` where it is large enough, else bytes of their own. */
export function placeFor(length: number, into: Uint8Array | undefined): Uint8Array {
  return into !== undefined && into.length >= length ? into.subarray(0, length) : new Uint8Array(length);
}

/** Copies what lies in a codec's memory, which the next call overwrites. */
export function copyTo(bytes: Uint8Array, into: Uint8Array | undefined): Uint8Array {
  const place = placeFor(bytes.length, into);
  place.set(bytes);
  return place;
}
