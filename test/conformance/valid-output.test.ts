/** Every accepted output of the shared data, archives included, before independent judges. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deidentifyInstance } from '../../stages/deidentify/deidentify-instance.ts';
import type { InstanceRecord } from '../../stages/records.ts';
import { readFiles } from '../fixtures/burned-in.ts';
import { deidentifyOptions, joinOutput } from '../fixtures/deidentify.ts';
import { describeWithProgram, listIodErrors } from '../fixtures/judges.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { sharedDicomDir } from '../fixtures/shared-dicom.ts';
import { oraclePython, runOracle } from '../oracles/python.ts';

const root = sharedDicomDir();
const SLOW = 600_000;

interface Accepted {
  name: string;
  record: InstanceRecord;
  output: string;
}

describe.skipIf(root === null)('every accepted output', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-valid-'));
  const accepted: Accepted[] = [];

  beforeAll(async () => {
    const options = deidentifyOptions();
    for await (const [name, bytes] of readFiles(root!)) {
      if (name === 'MANIFEST.csv') continue;
      const { record, output } = deidentifyInstance(bytes, options);
      if (output === null) continue;
      const target = path.join(folder, `${accepted.length}.dcm`);
      fs.writeFileSync(target, joinOutput(output));
      accepted.push({ name, record, output: target });
    }
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('is there', () => {
    expect(accepted.length).toBeGreaterThan(330);
  });

  describeWithProgram('dciodvfy')('dciodvfy', () => {
    it(
      'finds no error',
      () => {
        const judged = accepted.filter(({ record }) => isJudged(record));
        expect(judged.length).toBeGreaterThan(300);
        const errors = judged.flatMap(({ name, output }) =>
          listIodErrors(output).map((error) => `${name}: ${error}`),
        );
        expect(errors).toEqual([]);
      },
      SLOW,
    );
  });

  describeWithProgram('dcmftest')('dcmftest', () => {
    it('takes all for DICOM files', () => {
      const { stdout } = spawnSync(
        'dcmftest',
        accepted.map(({ output }) => output),
        { encoding: 'utf8' },
      );
      expect(stdout.split('\n').filter((line) => line.startsWith('yes:'))).toHaveLength(accepted.length);
    });
  });

  describeWithProgram('gdcminfo')('gdcminfo', () => {
    it(
      'reads all, but for transfer syntaxes that it does not know',
      () => {
        const failures = accepted.flatMap(({ name, record, output }) => {
          const { status, stderr } = spawnSync('gdcminfo', [output], { encoding: 'latin1', timeout: 60_000 });
          const isKnown = !record.transferSyntaxUid!.startsWith('1.2.840.10008.1.2.4.20');
          return status === 0 || !isKnown ? [] : [`${name}: ${status} ${stderr}`];
        });
        expect(failures).toEqual([]);
      },
      SLOW,
    );
  });

  describe.skipIf(oraclePython() === null)('pydicom', () => {
    it('reads all strictly', () => {
      // Compared with itself: here the strict reading alone is of interest.
      const pairs = accepted.map(({ output }) => [output, output]);
      const judged = runOracle('deidentified.py', [], JSON.stringify({ pairs })) as { problems: string[] }[];
      expect(judged).toHaveLength(accepted.length);
      expect(judged.flatMap(({ problems }) => problems)).toEqual([]);
    });
  });

  // Without a namespace of its own Orthanc would listen to every network: where the kernel refuses one, there is no such
  // test. That is told; a missing Orthanc is a judge that is not there, and skipped by name like the others.
  if (!mayMakeNamespace()) console.warn('No network namespace may be made here: Orthanc is not asked.');
  else
    describe.skipIf(oraclePython() === null || !hasOrthanc())('Orthanc', () => {
      it(
        'takes all, and returns them with equal pixels',
        () => {
          const script = path.join(repositoryRoot, 'test/oracles/orthanc.py');
          const { stdout, stderr, status } = spawnSync(
            'unshare',
            ['-n', oraclePython()!, script, 'Orthanc'],
            {
              input: JSON.stringify({ files: accepted.map(({ output }) => output) }),
              encoding: 'utf8',
              maxBuffer: 1 << 28,
            },
          );
          expect(status, stderr).toBe(0);
          const returned = JSON.parse(stdout) as { path: string; status: string; pixels: boolean }[];
          expect(returned).toHaveLength(accepted.length);
          expect(
            returned.filter(({ status, pixels }) => !pixels || !/^(Success|AlreadyStored)$/.test(status)),
          ).toEqual([]);
        },
        SLOW,
      );
    });
});

function mayMakeNamespace(): boolean {
  return spawnSync('unshare', ['-n', 'sh', '-c', 'ip link set lo up'], { stdio: 'ignore' }).status === 0;
}

/** It is not started to find out: it would listen. */
function hasOrthanc(): boolean {
  return spawnSync('sh', ['-c', 'command -v Orthanc'], { stdio: 'ignore' }).status === 0;
}

/**
 * Left to dciodvfy is what the later stages may keep: perfusion maps go as post-processed, and a CT image has 16 bits
 * (PS3.3 C.8.2.1). HTJ2K is younger than the judge.
 */
function isJudged({ image, transferSyntaxUid }: InstanceRecord): boolean {
  return (
    image!.bitsAllocated === 16 &&
    !image!.frames[0]!.imageType.includes('PERFUSION') &&
    !transferSyntaxUid!.startsWith('1.2.840.10008.1.2.4.20')
  );
}
