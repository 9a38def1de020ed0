import { TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { encodeFrames } from '../fixtures/encoded-frames.ts';
import { makeNested, makeSyntheticCt } from '../fixtures/synthetic-dicom.ts';

/** Small valid files in every transfer syntax, to be damaged. */
export async function makeSeeds(): Promise<Uint8Array[]> {
  const seeds: Uint8Array[] = [makeNested(20, true), makeNested(20, false)];
  for (const uid of [
    TRANSFER_SYNTAXES.explicitVrLittleEndian,
    TRANSFER_SYNTAXES.implicitVrLittleEndian,
    TRANSFER_SYNTAXES.explicitVrBigEndian,
    TRANSFER_SYNTAXES.deflatedExplicitVrLittleEndian,
  ]) {
    seeds.push(makeSyntheticCt({ transferSyntaxUid: uid }));
  }
  // Without preamble and File Meta.
  seeds.push(makeSyntheticCt().slice(132), makeSyntheticCt({ bitsAllocated: 12 }));
  for (const { transferSyntaxUid, fragments, bitsStored, bitsAllocated } of await encodeFrames()) {
    const size = { rows: 32, columns: 32, bitsStored, bitsAllocated };
    seeds.push(makeSyntheticCt({ transferSyntaxUid, pixelData: [fragments], ...size }));
  }
  return seeds;
}
