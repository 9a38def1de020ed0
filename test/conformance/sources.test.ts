import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { repositoryRoot, sharedDataDir } from '../fixtures/shared-data.ts';

const PLUG_IN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';
const hasOrthanc =
  fs.existsSync(PLUG_IN) && spawnSync('sh', ['-c', 'command -v Orthanc'], { stdio: 'ignore' }).status === 0;
const mayMakeNamespace = () =>
  spawnSync('unshare', ['-n', 'sh', '-c', 'ip link set lo up'], { stdio: 'ignore' }).status === 0;
const data = sharedDataDir();
const input = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-sources-'));
afterAll(() => fs.rmSync(input, { recursive: true, force: true }));

// The whole of it, with runs over all of the shared data: node scripts/compare-sources.mjs
if (hasOrthanc && !mayMakeNamespace())
  console.warn('No network namespace may be made here: Orthanc is not asked for studies.');
else
  describe.skipIf(!hasOrthanc || data === null)('Orthanc with its DICOMweb plug-in', () => {
    test('gives the same instances by DICOMweb, C-GET and C-MOVE', { timeout: 120_000 }, () => {
      const folders = ['philips_localizer_and_examsummary', 'dose_rdsr', 'enhanced_ct_multiframe'];
      for (const folder of folders)
        fs.cpSync(path.join(data!, 'ct-dicom', folder), path.join(input, folder), { recursive: true });
      const script = path.join(repositoryRoot, 'scripts/compare-sources.mjs');
      const { stdout, stderr } = spawnSync(process.execPath, [script, '--input', input, '--retrieve-only'], {
        encoding: 'utf8',
      });
      expect(stdout, stderr).toContain('expected');
      const { expected, ways } = JSON.parse(stdout.trim().split('\n').at(-1)!);
      expect(expected).toBeGreaterThan(10);
      const whole = { instances: expected, unknown: 0, complete: true, sameRows: true };
      expect(ways.dicomweb).toEqual({ ...whole, sameDataset: expected });
      // By C-STORE Orthanc writes data sets anew (group lengths, lengths of sequences): how many stay is its affair.
      for (const way of ['get', 'move']) expect(ways[way]).toMatchObject(whole);
    });
  });
