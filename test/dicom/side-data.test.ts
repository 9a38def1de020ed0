import { describe, expect, it } from 'vitest';
import { listJpeg2000SideData, listJpegSideData } from '../../dicom/codecs/side-data.ts';
import { makeRandom } from '../fixtures/synthetic-dicom.ts';

const SOC = [0xff, 0x4f];
const SOD = [0xff, 0x93];
const EOC = [0xff, 0xd9];
const DATA = [1, 2, 3, 4];
const QCD = [0xff, 0x5c, 0, 5, 0, 0, 0];
const comment = (text: string) => [0xff, 0x64, 0, 4 + text.length, 0, 1, ...Buffer.from(text)];
/** A tile-part that states so many bytes from its marker on. */
const sot = (bytes: number) => [0xff, 0x90, 0, 10, 0, 0, 0, 0, bytes >> 8, bytes & 255, 0, 1];
/** With its data the tile-part has 25 bytes. */
const tilePart = (stated: number) => [...sot(stated), ...QCD, ...SOD, ...DATA];
const codestream = (...parts: number[][]) => Uint8Array.from([...SOC, ...parts.flat(), ...EOC]);

describe('listJpeg2000SideData', () => {
  it('finds comments of the main header, and bytes behind the end', () => {
    const bytes = [...codestream(comment('ZZTEST'), tilePart(25)), ...Buffer.from('ZZTAIL')];
    expect(listJpeg2000SideData(Uint8Array.from(bytes))).toEqual([
      { kind: 'com', bytes: new Uint8Array(Buffer.from('ZZTEST')) },
      { kind: 'trailing', bytes: new Uint8Array(Buffer.from('ZZTAIL')) },
    ]);
  });

  it.each([12, 13, 19, 20])('gives up a tile-part of %i bytes, which ends before its data', (stated) => {
    expect(listJpeg2000SideData(codestream(tilePart(stated)))).toBeNull();
  });

  it('gives up what ends within a segment', () => {
    const whole = [...SOC, ...comment('ZZTEST'), ...tilePart(25)];
    for (let length = 3; length < whole.length; length += 1) {
      expect(listJpeg2000SideData(Uint8Array.from(whole.slice(0, length))), String(length)).toBeNull();
    }
    for (const marker of [0x64, 0x90]) {
      const short = Uint8Array.from([...SOC, 0xff, marker, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
      expect(listJpeg2000SideData(short)).toBeNull();
    }
    // A JP2 whose codestream is said to begin behind its end.
    const box = [0, 0, 0, 1, 0x6a, 0x70, 0x32, 0x63, 0, 0, 0, 0];
    const signature = [0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20, 0x0d, 0x0a, 0x87, 0x0a];
    expect(listJpeg2000SideData(Uint8Array.from([...signature, ...box]))).toBeNull();
  });
});

it.each([
  ['JPEG 2000', listJpeg2000SideData, [...codestream(comment('ZZTEST'), tilePart(25), tilePart(0))]],
  [
    'JPEG',
    listJpegSideData,
    [0xff, 0xd8, 0xff, 0xfe, 0, 4, 1, 2, 0xff, 0xda, 0, 2, 1, 0xff, 0, 2, 0xff, 0xd9],
  ],
] as const)('ends for whatever bytes: %s', (_name, list, seed) => {
  const random = makeRandom(3);
  const pick = (below: number) => Math.floor(random() * below);
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = Uint8Array.from(seed);
    for (let changes = 1 + pick(4); changes > 0; changes -= 1) bytes[pick(bytes.length)] = pick(256);
    const found = list(bytes.subarray(0, bytes.length - (random() < 0.2 ? pick(bytes.length) : 0)));
    if (found !== null) for (const segment of found) expect(segment.bytes.length).toBeLessThan(bytes.length);
  }
});
