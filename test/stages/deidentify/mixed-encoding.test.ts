import { expect, test } from 'vitest';
import { TRANSFER_SYNTAXES } from '../../../dicom/uids.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { deidentifyOptions } from '../../fixtures/deidentify.ts';
import { makeSyntheticCt } from '../../fixtures/synthetic-dicom.ts';

test('a file in two encodings whose header nobody could read is damaged, and stops nothing', () => {
  const bytes = makeSyntheticCt({ transferSyntaxUid: TRANSFER_SYNTAXES.implicitVrLittleEndian });
  // Without its tag the transfer syntax opens a data set in explicit VR; what follows is in implicit VR.
  const at = Buffer.from(bytes).indexOf(Buffer.from([0x02, 0x00, 0x10, 0x00]));
  bytes.fill(0, at, at + 4);
  const { record, output } = deidentifyInstance(bytes, deidentifyOptions());
  expect([record.disposition, record.reason, output]).toEqual(['unreadable', 'damaged', null]);
});
