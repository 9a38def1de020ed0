import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openReportTarget, type TargetOptions } from '../../cli/write-back-targets.ts';
import type { CohortUnit } from '../../cohorts/select-cohort.ts';
import { freePort } from '../fixtures/free-port.ts';

const REPORT = {
  seriesUnit: 'su',
  sopClassUid: '1.2.840.10008.5.1.4.1.1.88.33',
  sopInstanceUid: '2.25.1',
  seriesInstanceUid: '2.25.2',
  encode: () => new Uint8Array(0),
  toFile: () => new Uint8Array(0),
};
const UNIT = {} as CohortUnit;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-targets-'));
const output = path.join(folder, 'output');
fs.mkdirSync(output);
fs.symlinkSync(output, path.join(folder, 'link'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const open = (options: Partial<TargetOptions>) =>
  openReportTarget(output, { auth: 'none', aeTitle: 'SERIESWISE', ...options });

it('takes one place, and no folder that lies in the output, by links neither', () => {
  const wrong = [
    {},
    { to: path.join(folder, 'reports'), dimse: 'PACS@127.0.0.1:104' },
    { to: output },
    { to: path.join(output, 'dicom/new') },
    { to: path.join(folder, 'link/new') },
  ];
  for (const options of wrong) expect(() => open(options)).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(() => open({ to: path.join(folder, 'output-reports') })).not.toThrow();
});

it.each(['127.0.0.1:104', 'PACS@127.0.0.1', 'PACS@127.0.0.1:0', 'PACS@127.0.0.1:65536', 'A TITLE@host:104'])(
  'refuses a peer that is not AET@HOST:PORT: %s',
  (address) => {
    expect(() => open({ dimse: address })).toThrow(expect.objectContaining({ exitCode: 2 }));
  },
);

it.each(['PACS@127.0.0.1:104', 'PACS@pacs.example.org:11112', 'PACS@[::1]:104'])('takes %s', (address) => {
  expect(() => open({ dimse: address })).not.toThrow();
  expect(() => open({ dimse: address, aeTitle: 'TWO WORDS' })).toThrow(
    expect.objectContaining({ exitCode: 2 }),
  );
});

it.each(['pacs.example.org/dicom-web', 'https://user:secret@pacs.example.org/dicom-web'])(
  'refuses an address with a secret, or that is none, and does not repeat it: %s',
  (address) => {
    expect(() => open({ dicomweb: address })).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.not.stringContaining('secret') }),
    );
  },
);

it('names the variable of a secret that is missing', () => {
  expect(() => open({ dicomweb: 'https://pacs.example.org/dicom-web', auth: 'bearer' })).toThrow(
    expect.objectContaining({ exitCode: 3, message: expect.stringContaining('SERIESWISE_DICOMWEB_TOKEN') }),
  );
});

it('ends the work when nobody answers: the next report would find nobody either', async () => {
  const target = open({ dimse: `PACS@127.0.0.1:${await freePort()}` });
  await expect(target.take(REPORT, UNIT)).rejects.toMatchObject({ exitCode: 3 });
});
