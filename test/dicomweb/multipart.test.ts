import { describe, expect, test } from 'vitest';
import { DicomwebError } from '../../dicomweb/errors.ts';
import { boundaryOf, MultipartReader } from '../../dicomweb/multipart.ts';
import { makeRandom } from '../fixtures/synthetic-dicom.ts';

const PARTS = [
  Buffer.from('one\r\n--not-it\r\n'),
  Buffer.alloc(0),
  Buffer.from('\r\n\r\n--b'),
  Buffer.alloc(5000, 0x2d),
];
const BODY = Buffer.concat([
  Buffer.from('preamble'),
  ...PARTS.flatMap((part) => [
    Buffer.from('\r\n--bound \r\nContent-Type: application/dicom\r\nX: y\r\n\r\n'),
    part,
  ]),
  Buffer.from('\r\n--bound--\r\nepilogue'),
]);

function read(body: Buffer, cut: () => number) {
  const whole: Buffer[] = [];
  let aborted = 0;
  const types = new Set<string | undefined>();
  const reader = new MultipartReader('bound', (headers) => {
    types.add(headers.get('content-type'));
    const chunks: Buffer[] = [];
    return {
      write: (chunk) => void chunks.push(Buffer.from(chunk)),
      end: () => void whole.push(Buffer.concat(chunks)),
      abort: () => {
        aborted += 1;
      },
    };
  });
  for (let offset = 0; offset < body.length; ) {
    const length = Math.max(1, cut());
    reader.write(body.subarray(offset, offset + length));
    offset += length;
  }
  return { reader, whole, types, aborted: () => aborted };
}

describe('multipart', () => {
  test('gives the parts, however the body is cut into chunks', () => {
    const random = makeRandom(1);
    const cuts = [() => 1, () => 2, () => 7, () => BODY.length, () => Math.ceil(random() * 90)];
    for (const cut of cuts) {
      const { reader, whole, types } = read(BODY, cut);
      reader.finish();
      expect(whole.map(String)).toEqual(PARTS.map(String));
      expect([...types]).toEqual(['application/dicom']);
    }
  });

  test('never takes a part that is cut off for whole', () => {
    for (let length = 0; length < BODY.length - 15; length += 17) {
      const { reader, whole, aborted } = read(BODY.subarray(0, length), () => 64);
      expect(() => reader.finish()).toThrow(DicomwebError);
      expect(whole.map(String)).toEqual(PARTS.slice(0, whole.length).map(String));
      expect(aborted()).toBeLessThanOrEqual(1);
    }
  });

  test('reads the boundary of a Content-Type', () => {
    expect(boundaryOf('multipart/related; type="application/dicom"; boundary="a b"')).toBe('a b');
    expect(boundaryOf('Multipart/Related;boundary=abc;type=application/dicom')).toBe('abc');
    expect(boundaryOf('application/dicom')).toBeNull();
    expect(boundaryOf('multipart/related')).toBeNull();
  });
});
