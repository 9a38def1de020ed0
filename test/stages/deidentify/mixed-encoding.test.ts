import { describe, expect, it } from 'vitest';
import { concatBytes, encodeHeader } from '../../../dicom/encode.ts';
import { readDicom } from '../../../dicom/read.ts';
import { TRANSFER_SYNTAXES } from '../../../dicom/uids.ts';
import { hasWrittenVr } from '../../../dicom/values.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { deidentifyOptions, joinOutput } from '../../fixtures/deidentify.ts';
import { encodeFrames } from '../../fixtures/encoded-frames.ts';
import { makeSyntheticCt } from '../../fixtures/synthetic-dicom.ts';

const options = deidentifyOptions();

/** The file with its top-level elements in implicit VR, but for sequences and for group 0008, by which readers guess. */
function withoutVrs(bytes: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const element of readDicom(bytes).dataset.elements.values()) {
    if (element.items !== undefined || element.tag < 0x00100000) continue;
    const length = element.undefinedLength ? 0xffffffff : element.length;
    pieces.push(bytes.subarray(at, element.headerOffset));
    pieces.push(encodeHeader(element.tag, '', length, { explicitVr: false, littleEndian: true }));
    at = element.dataOffset;
  }
  return concatBytes([...pieces, bytes.subarray(at)]);
}

function outputOf(bytes: Uint8Array): Buffer {
  const { record, output } = deidentifyInstance(bytes, options);
  expect([record.disposition, record.reason]).toEqual(['kept', null]);
  return Buffer.from(joinOutput(output ?? []));
}

describe('elements in implicit VR within a data set in explicit VR', () => {
  it('come out in explicit VR, as if the file had been right', async () => {
    const seeds = [makeSyntheticCt()];
    for (const { transferSyntaxUid, fragments, bitsStored, bitsAllocated } of (await encodeFrames()).slice(
      0,
      1,
    )) {
      const size = { rows: 32, columns: 32, bitsStored, bitsAllocated };
      seeds.push(makeSyntheticCt({ transferSyntaxUid, pixelData: [fragments], ...size }));
    }
    expect(seeds).toHaveLength(2);
    for (const bytes of seeds) {
      const mixed = withoutVrs(bytes);
      expect(Buffer.from(mixed).equals(bytes)).toBe(false);
      expect(outputOf(mixed).equals(outputOf(bytes))).toBe(true);
    }
  });

  it('do so where the transfer syntax is lost', () => {
    const bytes = makeSyntheticCt({ transferSyntaxUid: TRANSFER_SYNTAXES.implicitVrLittleEndian });
    // Without its tag the transfer syntax opens a data set in explicit VR; what follows is in implicit VR.
    const at = Buffer.from(bytes).indexOf(Buffer.from([0x02, 0x00, 0x10, 0x00]));
    bytes.fill(0, at, at + 4);
    const file = readDicom(outputOf(bytes));
    const elements = [...file.dataset.elements.values()];
    expect(elements.length).toBeGreaterThan(20);
    expect(elements.filter((element) => !hasWrittenVr(file, element))).toEqual([]);
  });
});
