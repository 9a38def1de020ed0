/** Value Representations. PS3.5 section 6.2 and table 7.1-1 */

const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const SHORT = new Set('AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' '));

/** All VRs of table 6.2-1, by their two characters as a little endian number: what a reader sees. */
export const VR_BY_CODE: ReadonlyMap<number, { vr: string; long: boolean }> = new Map(
  [...SHORT, ...LONG].map((vr) => [vr.charCodeAt(0) | (vr.charCodeAt(1) << 8), { vr, long: LONG.has(vr) }]),
);

/** VRs of text that Specific Character Set governs. PS3.5 section 6.1.2.3 */
const CHARACTER_SET = new Set(['SH', 'LO', 'UC', 'ST', 'LT', 'UT', 'PN']);
const STRING = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'TM', 'UI', 'UR', ...CHARACTER_SET]);

/** Bytes of one number of a binary VR. */
const NUMBER_BYTES: Record<string, number> = {
  US: 2,
  SS: 2,
  OW: 2,
  UL: 4,
  SL: 4,
  OL: 4,
  AT: 4,
  FL: 4,
  OF: 4,
  FD: 8,
  OD: 8,
  UV: 8,
  SV: 8,
  OV: 8,
};

export function isKnownVr(vr: string): boolean {
  return SHORT.has(vr) || LONG.has(vr);
}

/** In explicit VR its length takes 32 bits, after two reserved bytes. */
export function isLongVr(vr: string): boolean {
  return LONG.has(vr);
}

export function isStringVr(vr: string): boolean {
  return STRING.has(vr);
}

export function isCharacterSetVr(vr: string): boolean {
  return CHARACTER_SET.has(vr);
}

/** Bytes that swap together between byte orders; 1 for text and OB. */
export function bytesPerNumber(vr: string): number {
  return NUMBER_BYTES[vr] ?? 1;
}
