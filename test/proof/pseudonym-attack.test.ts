import { describe, expect, it } from 'vitest';
import { attackRecordNumbers, checkShifts, checkUids } from '../../proof/pseudonym-attack.ts';
import { createPseudonymizer, type Pseudonymizer } from '../../stages/deidentify/pseudonyms.ts';

const mine = createPseudonymizer(new Uint8Array(32).fill(7));
const other = createPseudonymizer(new Uint8Array(32).fill(8));

// The long form, 10^6 UIDs and all 10^7 record numbers: node scripts/prove-pseudonyms.mjs
describe('checkUids', () => {
  it('finds no collision, none invalid and none that two keys share', () => {
    expect(checkUids(mine, other, 5000)).toEqual({
      count: 5000,
      collisions: 0,
      invalid: 0,
      sharedWithOtherKey: 0,
    });
  });

  it('would tell collisions, invalid UIDs and a key that changes nothing', () => {
    const weak: Pseudonymizer = { ...mine, uid: (uid) => `2.25.0${uid.length}` };
    const check = checkUids(weak, weak, 1000);
    expect(check.collisions).toBeGreaterThan(900);
    expect(check.invalid).toBe(1000);
    expect(check.sharedWithOtherKey).toBe(1000);
  });
});

describe('checkShifts', () => {
  it('finds every interval as it was, and patients apart', () => {
    const check = checkShifts(mine, 100, 40);
    expect(check).toMatchObject({ patients: 100, intervals: (100 * 40 * 39) / 2, changed: 0, unmoved: 0 });
    expect(check.shifts).toBeGreaterThan(90);
  });

  it('would tell dates that stay, and shifts that end in no date', () => {
    expect(checkShifts({ ...mine, dateShiftDays: () => 0 }, 10, 10).unmoved).toBe(100);
    const broken = checkShifts({ ...mine, dateShiftDays: () => -10_000_000 }, 10, 10);
    expect([broken.changed, broken.unmoved]).toEqual([450, 100]);
  });
});

describe('attackRecordNumbers', () => {
  it('recovers nobody without the key, and everybody with it', () => {
    const { ways, recoveredWithKey } = attackRecordNumbers({
      pseudonymizer: mine,
      numbers: 5000,
      patients: 100,
    });
    expect(ways).toHaveLength(6);
    expect(ways.filter(({ recovered }) => recovered > 0)).toEqual([]);
    expect(recoveredWithKey).toBe(100);
  });

  it('recovers everybody from pseudonyms that have no real key', () => {
    const { ways } = attackRecordNumbers({
      pseudonymizer: createPseudonymizer(new Uint8Array(32)),
      numbers: 2000,
      patients: 50,
    });
    expect(ways.find(({ way }) => way.includes('zeros'))?.recovered).toBe(50);
  });
});
