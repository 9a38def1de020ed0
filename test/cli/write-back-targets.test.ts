import { expect, it } from 'vitest';
import { dicomwebTarget, dimseTarget } from '../../cli/write-back-targets.ts';
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

it.each(['127.0.0.1:104', 'PACS@127.0.0.1', 'PACS@127.0.0.1:0', 'PACS@127.0.0.1:65536', 'A TITLE@host:104'])(
  'refuses a peer that is not AET@HOST:PORT: %s',
  (address) => {
    expect(() => dimseTarget(address, 'SERIESWISE', false)).toThrow(expect.objectContaining({ exitCode: 2 }));
  },
);

it.each(['PACS@127.0.0.1:104', 'PACS@pacs.example.org:11112', 'PACS@[::1]:104'])('takes %s', (address) => {
  expect(() => dimseTarget(address, 'SERIESWISE', false)).not.toThrow();
  expect(() => dimseTarget(address, 'TWO WORDS', false)).toThrow(expect.objectContaining({ exitCode: 2 }));
});

it.each(['pacs.example.org/dicom-web', 'https://user:secret@pacs.example.org/dicom-web'])(
  'refuses an address with a secret, or that is none, and does not repeat it: %s',
  (address) => {
    expect(() => dicomwebTarget(address, 'none')).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.not.stringContaining('secret') }),
    );
  },
);

it('names the variable of a secret that is missing', () => {
  expect(() => dicomwebTarget('https://pacs.example.org/dicom-web', 'bearer')).toThrow(
    expect.objectContaining({ exitCode: 3, message: expect.stringContaining('SERIESWISE_DICOMWEB_TOKEN') }),
  );
});

it('ends the work when nobody answers: the next report would find nobody either', async () => {
  const target = dimseTarget(`PACS@127.0.0.1:${await freePort()}`, 'SERIESWISE', false);
  await expect(target.take(REPORT, UNIT)).rejects.toMatchObject({ exitCode: 3 });
});
