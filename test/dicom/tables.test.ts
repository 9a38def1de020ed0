import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONFIDENTIALITY_ROWS } from '../../dicom/confidentiality.generated.ts';
import {
  formatTag,
  isPrivateCreatorTag,
  isPrivateTag,
  keywordOf,
  lookUpTag,
  parseTag,
  TAGS,
  tag,
} from '../../dicom/tags.ts';
import {
  isCtImageStorage,
  isStandardUid,
  isValidUid,
  nameOfUid,
  SOP_CLASSES,
  TRANSFER_SYNTAXES,
} from '../../dicom/uids.ts';
import { repositoryRoot, sharedDataDir } from '../fixtures/shared-data.ts';
import { describeWithOracle, oraclePython } from '../oracles/python.ts';

describe('tags', () => {
  it('knows every constant by the standard’s keyword', () => {
    for (const [keyword, number] of Object.entries(TAGS)) {
      if (number >>> 16 !== 0xfffe) expect(tag(keyword), keyword).toBe(number);
    }
    expect(() => tag('NoSuchKeyword')).toThrow(RangeError);
  });

  it('finds repeating groups, and nothing for private tags', () => {
    expect(keywordOf(0x60003000)).toBe('OverlayData');
    expect(keywordOf(0x60123000)).toBe('OverlayData');
    expect(keywordOf(0x60013000)).toBeUndefined();
    expect(lookUpTag(0x00280106)?.vrs).toEqual(['US', 'SS']);
    expect(isPrivateTag(0x00091001) && isPrivateCreatorTag(0x00090010)).toBe(true);
    expect(isPrivateCreatorTag(0x00091010)).toBe(false);
  });

  it('writes and reads tags', () => {
    expect(formatTag(TAGS.PatientID)).toBe('(0010,0020)');
    expect(formatTag(TAGS.DataSetTrailingPadding)).toBe('(FFFC,FFFC)');
    expect(parseTag('(7FE0,0010)')).toBe(TAGS.PixelData);
    expect(parseTag('7fe00010')).toBe(TAGS.PixelData);
    expect(parseTag('PatientID')).toBeUndefined();
  });
});

describe('uids', () => {
  it('are valid, named and the standard’s', () => {
    for (const uid of [...Object.values(TRANSFER_SYNTAXES), ...Object.values(SOP_CLASSES)]) {
      expect(isValidUid(uid) && isStandardUid(uid)).toBe(true);
      expect(nameOfUid(uid)).toBeDefined();
    }
    expect(isCtImageStorage(SOP_CLASSES.ctImageStorage)).toBe(true);
    expect(isCtImageStorage(SOP_CLASSES.secondaryCaptureImageStorage)).toBe(false);
    for (const wrong of ['', '1', '1.02', '1..2', '1.2.', `1.${'2'.repeat(64)}`, '1.2a']) {
      expect(isValidUid(wrong), wrong).toBe(false);
    }
    expect(isStandardUid('1.2.840.100088.1')).toBe(false);
  });
});

const standard = path.resolve(sharedDataDir() ?? path.join(repositoryRoot, '../shared/data'), '../standard');

describe.skipIf(!fs.existsSync(standard))('generated tables', () => {
  it('are what the generator makes of the standard’s tables', () => {
    const script = path.join(repositoryRoot, 'scripts/generate-dicom-tables.mjs');
    execFileSync(process.execPath, [script, '--standard', standard, '--check']);
  });
});

describe('table E.1-1', () => {
  it('has each row once, with actions of the standard', () => {
    const rows = CONFIDENTIALITY_ROWS.split('\n').map((row) => row.split(' '));
    expect(rows).toHaveLength(621);
    expect(new Set(rows.map(([pattern]) => pattern)).size).toBe(621);
    for (const [pattern, action, ...options] of rows) {
      expect(pattern).toMatch(/^([0-9A-Fx]{8}|private)$/);
      expect(['X', 'D', 'U', 'Z', 'X/D', 'X/Z', 'X/Z/D', 'Z/D', 'X/Z/U*']).toContain(action);
      for (const option of options) expect(option).toMatch(/^(retain|clean)\w+=[CK]$/);
    }
  });
});

describeWithOracle('the dictionary', () => {
  it('agrees with pydicom’s on keyword and VR of every tag that both have', () => {
    const code = `
import json
from pydicom._dicom_dict import DicomDictionary
print(json.dumps({f"{tag:08X}": [row[4], row[0]] for tag, row in DicomDictionary.items()}))`;
    const output = execFileSync(oraclePython()!, ['-c', code], { encoding: 'utf8', maxBuffer: 1 << 26 });
    const differences: string[] = [];
    let compared = 0;
    for (const [key, [keyword, vr]] of Object.entries(
      JSON.parse(output) as Record<string, [string, string]>,
    )) {
      const entry = lookUpTag(Number.parseInt(key, 16));
      if (entry === undefined || keyword === '' || vr === 'NONE') continue;
      compared += 1;
      if (entry.keyword !== keyword || entry.vrs.join(' or ') !== vr)
        differences.push(`${key} ${keyword} ${vr}`);
    }
    expect(compared).toBeGreaterThan(4900);
    expect(differences).toEqual([]);
  });
});
