import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDicom } from '../../../dicom/read.ts';
import { lookUpTag, tag } from '../../../dicom/tags.ts';
import { isValidUid } from '../../../dicom/uids.ts';
import { getItems, getString } from '../../../dicom/values.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import {
  createPseudonymizer,
  type IdentityPair,
  tellPseudonyms,
} from '../../../stages/deidentify/pseudonyms.ts';
import { isStandardUid, standardUids } from '../../../stages/deidentify/standard-uids.ts';
import { type CanaryDataset, datasetOf, ESSENTIAL_CT, encodeFile } from '../../fixtures/canary.ts';
import { deidentifyOptions, joinOutput, TEST_KEY } from '../../fixtures/deidentify.ts';
import { describeWithOracle, runOracle } from '../../oracles/python.ts';

const pseudonymizer = createPseudonymizer(TEST_KEY);
const other = createPseudonymizer(new Uint8Array(32).fill(8));

describe('createPseudonymizer', () => {
  it('wants a key of 32 bytes', () => {
    expect(() => createPseudonymizer(new Uint8Array(31))).toThrow(RangeError);
  });

  it('tells patients by issuer and ID, and by study when there is no ID', () => {
    const { patientId } = pseudonymizer;
    expect(patientId('ZZ1', 'A', '1.2')).toMatch(/^SW[A-Z2-7]{16}$/);
    expect(patientId('ZZ1', 'A', '1.2')).toBe(patientId(' ZZ1 ', 'A', '9.9'));
    expect(patientId('ZZ1', 'A', '1.2')).not.toBe(patientId('ZZ1', 'B', '1.2'));
    expect(patientId('ZZ1', 'A', '1.2')).not.toBe(patientId('ZZ1', null, '1.2'));
    expect(patientId('', null, '1.2')).toBe(patientId(null, 'A', '1.2'));
    expect(patientId('', null, '1.2')).not.toBe(patientId('', null, '1.3'));
    expect(patientId('ZZ1A', '', '1')).not.toBe(patientId('ZZ1', 'A', '1'));
  });

  it('gives what it gave in every run and on every machine before', () => {
    expect(pseudonymizer.patientId('ZZ1', 'A', '1.2')).toBe('SWV5UJBQYIXOC6I6HY');
    expect(pseudonymizer.patientId('ZZ1', null, '1.2')).toBe('SWWLFOW5SYYGLJYVQU');
    expect(pseudonymizer.patientId('', null, '1.2')).toBe('SWDM5IRATK5KW3UKC3');
    expect(pseudonymizer.uid('1.2.3')).toBe('2.25.186721239325864364328515939051010622899');
    expect(pseudonymizer.dateShiftDays('ZZ1', null, '')).toBe(-1652);
    expect(pseudonymizer.sourceKey('a/b', 'c')).toBe('7c8bcc83930a8a73cb26f0409ab076d3');
  });

  it('is not found by trying record numbers without the key', () => {
    const targets = new Set<string>();
    for (let number = 1_000_000; number < 1_010_000; number += 100)
      targets.add(pseudonymizer.patientId(String(number), null, ''));
    // Who knows the program but not the key can only guess keys.
    for (let number = 1_000_000; number < 1_010_000; number += 1)
      expect(targets.has(other.patientId(String(number), null, ''))).toBe(false);
  });

  it('replaces a UID alike in every path of the profile, whatever surrounds it', () => {
    const options = deidentifyOptions();
    const uid = '1.2.826.0.1.3680043.77';
    const paths = [...walkUids(options.profile.rules, [])];
    expect(paths.length).toBeGreaterThan(15);
    for (const path of paths) {
      const dataset = datasetOf(ESSENTIAL_CT);
      if (path[0]!.endsWith('FunctionalGroupsSequence'))
        dataset.set(tag('SOPClassUID'), { vr: 'UI', value: '1.2.840.10008.5.1.4.1.1.2.1' });
      let level = dataset;
      for (const keyword of path.slice(0, -1)) {
        const item: CanaryDataset =
          keyword.startsWith('Referenced') || keyword.startsWith('Source')
            ? datasetOf({ ReferencedSOPClassUID: '1.2.840.10008.5.1.4.1.1.2' })
            : new Map();
        level.set(tag(keyword), { vr: 'SQ', value: [item] });
        level = item;
      }
      level.set(tag(path.at(-1)!), { vr: 'UI', value: uid });
      const { output } = deidentifyInstance(encodeFile(dataset), options);
      const file = readDicom(joinOutput(output!));
      let found = file.dataset;
      for (const keyword of path.slice(0, -1)) found = getItems(found, tag(keyword))[0]!.dataset;
      expect(getString(file, found, tag(path.at(-1)!)), path.join('>')).toBe(pseudonymizer.uid(uid));
      expect(Buffer.from(joinOutput(output!)).includes(uid)).toBe(false);
    }
  });

  it('tells a crosswalk every pair once it is made, and none that stays as it is', () => {
    const pairs: IdentityPair[] = [];
    const telling = tellPseudonyms(pseudonymizer, (pair) => pairs.push(pair));
    const options = { ...deidentifyOptions(), pseudonymizer: telling };
    const values = { ...ESSENTIAL_CT, PatientID: ' ZZ1 ', IssuerOfPatientID: 'A' };
    const { record } = deidentifyInstance(encodeFile(datasetOf(values)), options);
    const told = new Map(pairs.map((pair) => [pair.pseudonym, pair]));
    expect(told.get(record.patientId!)).toMatchObject({ kind: 'patient', source: 'ZZ1', issuer: 'A' });
    expect(told.get(record.studyInstanceUid!)).toMatchObject({ kind: 'uid', source: '1.2.3.40' });
    expect(told.get(record.sopInstanceUid!)).toMatchObject({ kind: 'uid', source: '1.2.3.42' });
    expect(told.size).toBe(4);
    pairs.length = 0;
    telling.patientId(null, 'A', '1.2.3');
    telling.uid('1.2.840.10008.5.1.4.1.1.2');
    expect(pairs).toMatchObject([{ kind: 'study', source: '1.2.3', issuer: null }]);
  });

  it('gives every UID a valid 2.25 of its own, whatever pads it, and leaves the standard its own', () => {
    expect(pseudonymizer.uid('1.2.3\0')).toBe(pseudonymizer.uid(' 1.2.3 '));
    expect(pseudonymizer.uid('1.2.840.10008.5.1.4.1.1.2')).toBe('1.2.840.10008.5.1.4.1.1.2');
    expect(pseudonymizer.uid('1.2.840.10008.19450101.1234567')).toMatch(/^2\.25\./);
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (uid) => {
        const pseudonym = pseudonymizer.uid(uid);
        return isStandardUid(uid.trim()) || (pseudonym.startsWith('2.25.') && isValidUid(pseudonym));
      }),
    );
  });

  it('collides on none of 100,000 UIDs and shares none with another key', () => {
    const mine = new Set<string>();
    const theirs = new Set<string>();
    for (let index = 0; index < 100_000; index += 1) {
      mine.add(pseudonymizer.uid(`1.2.3.${index}`));
      theirs.add(other.uid(`1.2.3.${index}`));
    }
    expect(mine.size).toBe(100_000);
    expect([...theirs].filter((uid) => mine.has(uid))).toEqual([]);
  });

  it('keeps path and member apart and hashes content in pieces as in one', () => {
    const { sourceKey, digest } = pseudonymizer;
    expect(sourceKey('a/b', 'c')).toMatch(/^[0-9a-f]{32}$/);
    expect(sourceKey('a/b', 'c')).not.toBe(sourceKey('a/bc', null));
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
    expect(digest(bytes)).toBe(digest([bytes.subarray(0, 7), bytes.subarray(7)]));
    expect(digest(bytes)).not.toBe(other.digest(bytes));
  });

  it('tells contents apart by fingerprints, under its key alone', () => {
    const { fingerprint } = pseudonymizer;
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7);
    const known = fingerprint(bytes).toString('hex');
    expect(fingerprint(bytes.slice()).toString('hex')).toBe(known);
    expect(other.fingerprint(bytes).toString('hex')).not.toBe(known);
    const seen = new Set([known, fingerprint(new Uint8Array(0)).toString('hex')]);
    for (const length of [1, 15, 16, 17, 99_999])
      seen.add(fingerprint(bytes.subarray(0, length)).toString('hex'));
    for (const at of [0, 1, 15, 16, 50_000, 99_999]) {
      const changed = bytes.slice();
      changed[at]! ^= 1;
      seen.add(fingerprint(changed).toString('hex'));
    }
    // Zeros at the end count.
    seen
      .add(fingerprint(new Uint8Array(16)).toString('hex'))
      .add(fingerprint(new Uint8Array(32)).toString('hex'));
    expect(seen.size).toBe(15);
  });

  it('moves dates of a patient by one number of days, into the past', () => {
    const days = new Set<number>();
    for (let index = 0; index < 1000; index += 1) {
      const shift = pseudonymizer.dateShiftDays(`ZZ${index}`, null, '');
      expect(shift).toBeGreaterThanOrEqual(-3650);
      expect(shift).toBeLessThanOrEqual(-1);
      expect(shift).toBe(pseudonymizer.dateShiftDays(`ZZ${index}`, null, '1.2'));
      days.add(shift);
    }
    expect(days.size).toBeGreaterThan(700);
  });
});

/** Paths of the profile at which a UID becomes a pseudonym. */
function* walkUids(
  rules: ReturnType<typeof deidentifyOptions>['profile']['rules'],
  parents: string[],
): Generator<string[]> {
  for (const { tag: number, vrs, row, children } of rules.values()) {
    const path = [...parents, lookUpTag(number)!.keyword];
    if (row.action === 'pseudonym' && vrs[0] === 'UI') yield path;
    yield* walkUids(children, path);
  }
}

describeWithOracle('the standard’s UIDs', () => {
  it('are those of pydicom’s table', () => {
    expect([...standardUids()].sort()).toEqual(runOracle('standard_tables.py'));
  });
});
