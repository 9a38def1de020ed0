/**
 * State of the small fast counter generator sfc32 (Doty-Humphrey, PractRand). Four 32-bit words; each stream is
 * seeded from the user's seed and a purpose, so that asking for one more table never changes another's interval.
 */
export type RandomState = Int32Array;

/** Makes the stream for one purpose. @param seed any integer. */
export function createRandom(seed: number, purpose: string): RandomState {
  let hash = 0x811c9dc5;
  for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193);
  const state = Int32Array.of(seed | 0, Math.floor(seed / 2 ** 32) | 0, hash, 1);
  for (let i = 0; i < 20; i++) nextUint32(state);
  return state;
}

/** The next 32 random bits, as an unsigned integer. */
export function nextUint32(state: RandomState): number {
  const a = state[0]!;
  const b = state[1]!;
  const c = state[2]!;
  const t = (((a + b) | 0) + state[3]!) | 0;
  state[3] = (state[3]! + 1) | 0;
  state[0] = b ^ (b >>> 9);
  state[1] = (c + (c << 3)) | 0;
  state[2] = (((c << 21) | (c >>> 11)) + t) | 0;
  return t >>> 0;
}

/**
 * Draws `counts.length` items with replacement and writes how often each came: one bootstrap resample as a
 * multinomial. Draws are scaled 32-bit integers; the bias is below `counts.length` / 2³².
 */
export function drawCounts(state: RandomState, counts: Uint32Array): void {
  const draws = counts.length;
  const scale = draws / 2 ** 32;
  counts.fill(0);
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  for (let i = 0; i < draws; i++) {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    counts[((t >>> 0) * scale) | 0]!++;
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}
