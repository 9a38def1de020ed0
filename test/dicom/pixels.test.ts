import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeElement } from '../../dicom/encode.ts';
import { DicomError } from '../../dicom/errors.ts';
import {
  decodeFrame,
  loadCodec,
  type PixelFormat,
  pixelDataOf,
  readExtendedOffsets,
  readPixelFormat,
} from '../../dicom/pixels.ts';
import { readDicom } from '../../dicom/read.ts';
import { TAGS } from '../../dicom/tags.ts';
import { TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { type EncodedFrame, encodeFrames } from '../fixtures/encoded-frames.ts';
import { encapsulate, makeSyntheticCt } from '../fixtures/synthetic-dicom.ts';

const NATIVE: PixelFormat = {
  rows: 1,
  columns: 4,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  pixelRepresentation: 0,
  planarConfiguration: 0,
  transferSyntaxUid: TRANSFER_SYNTAXES.explicitVrLittleEndian,
  numberOfFrames: 1,
};

function bytesOf(values: Int16Array | Uint16Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(DicomError);
    return (error as DicomError).code;
  }
  return 'decoded';
}

describe('native pixels', () => {
  it('are not copied where alignment allows, and never written to', () => {
    const source = Uint16Array.of(0, 1, 2048, 4095);
    const { values, bitsUsedAbove } = decodeFrame(bytesOf(source), NATIVE, 0);
    expect(values.buffer).toBe(source.buffer);
    expect([...values]).toEqual([0, 1, 2048, 4095]);
    expect(bitsUsedAbove).toBe(false);
    const odd = Buffer.concat([Buffer.of(9), bytesOf(source)]).subarray(1);
    expect([...decodeFrame(odd, NATIVE, 0).values]).toEqual([0, 1, 2048, 4095]);
  });

  it('are sign-extended from Bits Stored, whether the container is filled or not', () => {
    const format = { ...NATIVE, pixelRepresentation: 1 };
    const filled = Int16Array.of(-2048, -1, 0, 2047);
    expect(decodeFrame(bytesOf(filled), format, 0).values.buffer).toBe(filled.buffer);
    const bare = Uint16Array.of(0x0800, 0x0fff, 0, 0x07ff);
    const decoded = decodeFrame(bytesOf(bare), format, 0);
    expect([...decoded.values]).toEqual([-2048, -1, 0, 2047]);
    expect(decoded.values).toBeInstanceOf(Int16Array);
    expect(decoded.bitsUsedAbove).toBe(false);
    expect([...bare]).toEqual([0x0800, 0x0fff, 0, 0x07ff]);
  });

  it('tell of bits above Bits Stored and cut them off', () => {
    const overlay = Uint16Array.of(0x1001, 0x0002, 0x8003, 0xf004);
    const unsigned = decodeFrame(bytesOf(overlay), NATIVE, 0);
    expect([...unsigned.values]).toEqual([1, 2, 3, 4]);
    expect(unsigned.bitsUsedAbove).toBe(true);
    const signed = decodeFrame(
      bytesOf(Uint16Array.of(0x1fff, 0, 0, 0)),
      { ...NATIVE, pixelRepresentation: 1 },
      0,
    );
    expect(signed).toEqual({ values: Int16Array.of(-1, 0, 0, 0), bitsUsedAbove: true });
  });

  it('are looked at whatever their number and alignment', () => {
    for (const length of [1, 2, 3, 4, 5]) {
      for (const start of [0, 1, 2]) {
        for (let at = 0; at < length; at += 1) {
          const buffer = new Uint16Array(start + length);
          buffer[start + at] = 0x1005;
          const format = { ...NATIVE, columns: length };
          const { values, bitsUsedAbove } = decodeFrame(bytesOf(buffer.subarray(start)), format, 0);
          expect([values[at], bitsUsedAbove]).toEqual([5, true]);
        }
      }
    }
    const trusted = decodeFrame(bytesOf(Uint16Array.of(1, 2, 3, 4)), NATIVE, 0, { assumeCleanBits: true });
    expect([...trusted.values]).toEqual([1, 2, 3, 4]);
  });

  it('are found below a High Bit that stands higher', () => {
    const shifted = Uint16Array.of(0x0010, 0x7ff0, 0x8000, 0xfff0);
    const format = { ...NATIVE, highBit: 15 };
    expect([...decodeFrame(bytesOf(shifted), format, 0).values]).toEqual([1, 0x7ff, 0x800, 0xfff]);
    expect([...decodeFrame(bytesOf(shifted), { ...format, pixelRepresentation: 1 }, 0).values]).toEqual([
      1, 2047, -2048, -1,
    ]);
  });

  it('are what Bits Stored and Pixel Representation say, whatever the values', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.boolean(),
        fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 4, maxLength: 4 }),
        (bitsStored, signed, raw) => {
          const format = {
            ...NATIVE,
            bitsStored,
            highBit: bitsStored - 1,
            pixelRepresentation: signed ? 1 : 0,
          };
          const { values, bitsUsedAbove } = decodeFrame(bytesOf(Uint16Array.from(raw)), format, 0);
          let above = false;
          raw.forEach((value, index) => {
            const low = value % 2 ** bitsStored;
            const negative = signed && low >= 2 ** (bitsStored - 1);
            const expected = negative ? low - 2 ** bitsStored : low;
            expect(values[index]).toBe(expected);
            const filled = negative ? 65536 + expected : expected;
            above ||= value !== low && value !== filled;
          });
          expect(bitsUsedAbove).toBe(above);
        },
      ),
      { numRuns: 500, seed: 1 },
    );
  });

  it('of 12 bits allocated are unpacked, also where a frame begins within a byte', () => {
    const format = { ...NATIVE, columns: 3, bitsAllocated: 12, numberOfFrames: 2 };
    const packed = Uint8Array.of(0x01, 0x20, 0x00, 0x03, 0x40, 0x00, 0x05, 0xf0, 0xff);
    expect([...decodeFrame(packed, format, 0).values]).toEqual([1, 2, 3]);
    expect([...decodeFrame(packed, format, 1).values]).toEqual([4, 5, 0xfff]);
    const signed = { ...format, pixelRepresentation: 1 };
    expect([...decodeFrame(packed, signed, 1).values]).toEqual([4, 5, -1]);
    expect(codeOf(() => decodeFrame(packed.subarray(0, 8), format, 1))).toBe('pixel-data-damaged');
  });

  it('of big endian files are swapped, of planar ones interleaved', () => {
    const swapped = Uint8Array.of(0, 1, 0x0f, 0xff, 0, 2, 0, 3);
    const format = { ...NATIVE, transferSyntaxUid: TRANSFER_SYNTAXES.explicitVrBigEndian };
    expect([...decodeFrame(swapped, format, 0).values]).toEqual([1, 4095, 2, 3]);
    expect([...swapped.subarray(0, 2)]).toEqual([0, 1]);
    const colour = { ...NATIVE, columns: 2, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, highBit: 7 };
    const planes = Uint8Array.of(1, 2, 11, 12, 21, 22);
    expect([...decodeFrame(planes, { ...colour, planarConfiguration: 1 }, 0).values]).toEqual([
      1, 11, 21, 2, 12, 22,
    ]);
    expect([...decodeFrame(planes, colour, 0).values]).toEqual([...planes]);
  });

  it('of 32 bits keep their sign and size', () => {
    const source = Int32Array.of(-70_000, 70_000, -1, 2 ** 31 - 1);
    const format = { ...NATIVE, bitsAllocated: 32, bitsStored: 32, highBit: 31, pixelRepresentation: 1 };
    expect([...decodeFrame(bytesOf(source), format, 0).values]).toEqual([...source]);
    expect(decodeFrame(bytesOf(source), { ...format, pixelRepresentation: 0 }, 0).values[0]).toBe(
      2 ** 32 - 70_000,
    );
  });

  it('refuse what cannot be', () => {
    const bytes = new Uint8Array(8);
    expect(codeOf(() => decodeFrame(bytes.subarray(0, 7), NATIVE, 0))).toBe('pixel-data-damaged');
    expect(codeOf(() => decodeFrame(bytes, NATIVE, 1))).toBe('pixel-data-damaged');
    expect(codeOf(() => decodeFrame(bytes, { ...NATIVE, rows: 65535, columns: 65535 }, 0))).toBe('too-large');
    for (const wrong of [
      { rows: 0 },
      { bitsStored: 17 },
      { bitsAllocated: 64 },
      { samplesPerPixel: 2 },
      { rows: 1.5 },
    ]) {
      expect(codeOf(() => decodeFrame(bytes, { ...NATIVE, ...wrong }, 0))).toBe('pixel-format-unsupported');
    }
    expect(
      codeOf(() => decodeFrame(bytes, { ...NATIVE, transferSyntaxUid: '1.2.840.10008.1.2.4.100' }, 0)),
    ).toBe('transfer-syntax-unsupported');
  });
});

describe('compressed pixels', () => {
  let frames: EncodedFrame[] = [];
  beforeAll(async () => {
    frames = await encodeFrames();
    for (const uid of Object.values(TRANSFER_SYNTAXES)) await loadCodec(uid);
  });

  const formatOf = (frame: EncodedFrame, numberOfFrames = 1): PixelFormat => ({
    ...NATIVE,
    rows: frame.rows,
    columns: frame.columns,
    bitsAllocated: frame.bitsAllocated,
    bitsStored: frame.bitsStored,
    highBit: frame.bitsStored - 1,
    transferSyntaxUid: frame.transferSyntaxUid,
    numberOfFrames,
  });

  it('come back as they were from every lossless codec, nearly so from the others', () => {
    expect(frames.length).toBeGreaterThan(18);
    for (const frame of frames) {
      const { values } = decodeFrame(encapsulate([frame.fragments]), formatOf(frame), 0);
      expect(values.length).toBe(1024);
      let worst = 0;
      values.forEach((value, index) => {
        worst = Math.max(worst, Math.abs(value - frame.values[index]!));
      });
      expect(worst, frame.transferSyntaxUid).toBeLessThanOrEqual(
        frame.lossless ? 0 : 2 ** frame.bitsStored / 16,
      );
    }
  });

  it('are signed by Pixel Representation, over the precision of the codestream', () => {
    for (const frame of frames.filter((candidate) => candidate.lossless && candidate.bitsStored === 12)) {
      const format = { ...formatOf(frame), pixelRepresentation: 1 };
      const { values } = decodeFrame(encapsulate([frame.fragments]), format, 0);
      expect([...values]).toEqual([...frame.values].map((value) => (value >= 2048 ? value - 4096 : value)));
    }
  });

  it('are found in fragments, with offset table, without, with a wrong one and with the extended one', () => {
    for (const frame of frames.filter(({ lossless }) => lossless)) {
      const whole = frame.fragments[0]!;
      const third = Math.floor(whole.length / 6) * 2;
      const cut = [whole.subarray(0, third), whole.subarray(third, 2 * third), whole.subarray(2 * third)];
      const format = formatOf(frame, 2);
      const padded = (length: number): number => length + (length % 2);
      const second = cut.reduce((sum, part) => sum + 8 + padded(part.length), 0);
      const withTable = encapsulate([cut, [whole]], [0, second]);
      const check = (pixelData: Uint8Array, offsets?: number[]): void => {
        for (const index of [1, 0]) {
          expect([...decodeFrame(pixelData, format, index, { offsets }).values]).toEqual([...frame.values]);
        }
      };
      check(withTable);
      check(encapsulate([cut, [whole]]), [0, second]);
      check(encapsulate([[whole], [whole]]));
      if (frame.transferSyntaxUid === TRANSFER_SYNTAXES.rleLossless) {
        // RLE has no start marker: without a table such fragments cannot be told apart.
        expect(codeOf(() => check(encapsulate([cut, [whole]])))).toBe('pixel-data-damaged');
      } else {
        check(encapsulate([cut, [whole]]));
        check(encapsulate([cut, [whole]], [0, 4]));
      }
      expect(codeOf(() => decodeFrame(withTable, { ...format, numberOfFrames: 3 }, 2))).toBe(
        'pixel-data-damaged',
      );
    }
  });

  it('are refused where the codestream is cut off, damaged or of another size; the next one is decoded', () => {
    for (const frame of frames) {
      const whole = frame.fragments[0]!;
      const format = formatOf(frame);
      for (const keep of [0.3, 0.9]) {
        const cut = whole.subarray(0, Math.floor(whole.length * keep));
        expect(
          codeOf(() => decodeFrame(encapsulate([[cut]]), format, 0)),
          frame.transferSyntaxUid,
        ).toBe('pixel-data-damaged');
      }
      expect(codeOf(() => decodeFrame(encapsulate([[new Uint8Array(100)]]), format, 0))).toBe(
        'pixel-data-damaged',
      );
      const taller = codeOf(() => decodeFrame(encapsulate([[whole]]), { ...format, rows: 64 }, 0));
      expect(taller, frame.transferSyntaxUid).toBe('pixel-data-damaged');
      expect(codeOf(() => decodeFrame(encapsulate([[whole]]), format, 0))).toBe('decoded');
    }
  });

  it('need their codec loaded, and an unknown syntax is refused at once', async () => {
    await expect(loadCodec('1.2.840.10008.1.2.4.100')).rejects.toMatchObject({
      code: 'transfer-syntax-unsupported',
    });
  });
});

describe('from a file', () => {
  it('reads the format, the pixel data and the extended offset table', () => {
    const table = new Uint8Array(16);
    new DataView(table.buffer).setBigUint64(8, 1234n, true);
    const explicit = { explicitVr: true, littleEndian: true };
    const bytes = makeSyntheticCt({
      extra: [encodeElement(TAGS.ExtendedOffsetTable, 'OV', table, explicit)],
    });
    const file = readDicom(bytes);
    expect(readPixelFormat(file)).toMatchObject({
      rows: 8,
      columns: 8,
      bitsStored: 12,
      highBit: 11,
      numberOfFrames: 1,
      pixelDataVr: 'OW',
    });
    expect(readExtendedOffsets(file)).toEqual([0, 1234]);
    expect(decodeFrame(pixelDataOf(file), readPixelFormat(file), 0).values).toHaveLength(64);
    file.dataset.elements.delete(TAGS.PixelData);
    expect(codeOf(() => pixelDataOf(file))).toBe('pixel-data-missing');
    file.dataset.elements.delete(TAGS.Rows);
    expect(codeOf(() => readPixelFormat(file))).toBe('pixel-format-unsupported');
  });
});
