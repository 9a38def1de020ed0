import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CONFIDENTIALITY_TABLE } from '../../../stages/deidentify/confidentiality.ts';
import { makeFolder } from '../../e2e/run-folders.ts';
import { runMain } from '../main.ts';
import { runProgram } from '../program.ts';

const folder = makeFolder('explain');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function explain(...args: string[]) {
  return runMain(['deid', 'explain', ...args]);
}

async function json(...args: string[]) {
  const { exitCode, stdout, stderr } = await explain(...args, '--json');
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe('deid explain', () => {
  it('lists every path with action, values, reason and the standard’s word, and all else as removed', async () => {
    const listing = await json();
    const { stdout } = runProgram(['deid', 'explain', '--json']);
    expect(JSON.parse(stdout)).toEqual(listing);
    expect(listing.everythingElse).toBe('remove');
    expect(listing.attributes.length).toBeGreaterThan(200);
    for (const row of listing.attributes) {
      expect(Object.keys(row)).toEqual(
        expect.arrayContaining(['path', 'tag', 'vr', 'action', 'does', 'values', 'grammar', 'otherwise']),
      );
      expect(row.reason).not.toBe('');
    }
    const byPath = new Map(listing.attributes.map((row: { path: string }) => [row.path, row]));
    expect(byPath.get('PatientID')).toMatchObject({
      action: 'pseudonym',
      basicProfile: { action: 'Z/D', options: {} },
    });
    expect(byPath.get('BodyPartExamined')).toMatchObject({ action: 'keep', basicProfile: null });
    expect((byPath.get('KVP') as { grammar: object }).grammar).toEqual({
      kind: 'number',
      min: 0,
      max: 1000,
      count: [1, 1],
    });
    const listed = new Set(listing.attributes.map((row: { tag: string }) => row.tag));
    const removed = new Set(listing.removedOfTableE11.map((row: { tag: string }) => row.tag));
    expect([...removed].filter((tag) => listed.has(tag))).toEqual([]);
    for (const { pattern } of CONFIDENTIALITY_TABLE) {
      const tag =
        pattern.includes('x') || pattern === 'private'
          ? pattern
          : `(${pattern.slice(0, 4)},${pattern.slice(4)})`;
      expect(listed.has(tag) || removed.has(tag), pattern).toBe(true);
    }
  });

  it('explains one attribute by tag, bare tag or keyword in any case', async () => {
    for (const name of ['(0018,1210)', 'convolutionkernel']) {
      const found = await json(name);
      expect(found).toMatchObject({ tag: '(0018,1210)', keyword: 'ConvolutionKernel', elsewhere: 'remove' });
      expect(found.rows.map((row: { path: string }) => row.path)).toEqual([
        'ConvolutionKernel',
        'FunctionalGroups>CTReconstructionSequence>ConvolutionKernel',
      ]);
    }
  });

  it('says of what is not listed that it is removed, and what the standard asks', async () => {
    expect(await json('InstitutionName')).toMatchObject({
      rows: [],
      basicProfile: { action: 'X/Z/D', options: { 'Retain Institution Identity Option': 'K' } },
    });
    expect((await json('OverlayData')).basicProfile).toMatchObject({ action: 'X' });
    expect(await json('0009,1001')).toMatchObject({ keyword: null, rows: [] });
    const { stdout } = await explain('PatientSpeciesDescription');
    expect(stdout).toContain('not listed');
    expect(stdout).toContain('removed.');
  });

  it('answers an unknown word with the nearest keyword and 2', async () => {
    const { exitCode, stderr, stdout } = await explain('InstitutionNam');
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Did you mean InstitutionName (0008,0080)?');
    expect((await explain('--help')).exitCode).toBe(0);
  });

  it('takes a pipeline’s options, and shows its mistakes at their places', async () => {
    const good = path.join(folder, 'good.yaml');
    fs.writeFileSync(
      good,
      [
        'name: options',
        'deidentify:',
        '  dates: keep',
        '  options:',
        '    retain_uids: true',
        '    retain_institution_identity: { permit: [Example Hospital] }',
        '    retain_safe_private: true',
      ].join('\n'),
    );
    const listing = await json('--pipeline', good);
    expect(listing.methodCodes.map((code: { value: string }) => code.value)).toEqual([
      '113100',
      '113105',
      '113106',
      '113108',
      '113110',
      '113111',
      '113112',
    ]);
    expect(listing.safePrivate.length).toBeGreaterThan(5);
    expect((await json('StudyInstanceUID', '--pipeline', good)).rows[0]).toMatchObject({ action: 'keep' });
    expect((await json('StudyDate', '--pipeline', good)).rows[0]).toMatchObject({ action: 'keep' });
    const bad = path.join(folder, 'bad.yaml');
    fs.writeFileSync(
      bad,
      [
        'name: options',
        'deidentify:',
        '  dates: shift',
        '  options:',
        '    retain_uids: true',
        '    clean_pixel_data: true',
        '  whitelist:',
        '    add:',
        '      - InstitutionName',
      ].join('\n'),
    );
    const { exitCode, stderr } = await explain('--pipeline', bad);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('bad.yaml:5:18: deidentify.options.retain_uids');
    expect(stderr).toContain('bad.yaml:6:23: deidentify.options.clean_pixel_data');
    expect(stderr).toContain('bad.yaml:9:9: deidentify.whitelist.add.0');
    expect((await explain('--pipeline', path.join(folder, 'none.yaml'))).exitCode).toBe(2);
  });
});
