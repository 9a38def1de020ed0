import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { renderThumbnail } from '../../../stages/preprocess/thumbnail.ts';

/** Types of the chunks of a PNG file (PNG specification, 5.3). */
function listChunks(png: Buffer): string[] {
  const chunks: string[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    chunks.push(png.toString('latin1', at + 4, at + 8));
  return chunks;
}

/** Grey levels of panel `i`, 128 rows of 128. */
function readPanel(png: Buffer, i: number): number[][] {
  const { data, width } = PNG.sync.read(png);
  return Array.from({ length: 128 }, (_, y) =>
    Array.from({ length: 128 }, (_, x) => data[4 * (y * width + i * 128 + x)]!),
  );
}

describe('renderThumbnail', () => {
  it('shows the middle slice, row and column', () => {
    const shape: [number, number, number] = [4, 256, 2];
    const tensor = new Uint8Array(4 * 256 * 2);
    const value = (s: number, r: number, c: number) => 40 * s + (r >> 6) * 10 + c;
    for (let i = 0; i < tensor.length; i++) tensor[i] = value(i >> 9, (i >> 1) & 255, i & 1);
    const png = Buffer.from(renderThumbnail(tensor, shape));
    const expected = (plane: (y: number, x: number) => number) =>
      Array.from({ length: 128 }, (_, y) => Array.from({ length: 128 }, (_, x) => plane(y, x)));
    expect(readPanel(png, 0)).toEqual(expected((y, x) => value(2, 2 * y, x >> 6)));
    expect(readPanel(png, 1)).toEqual(expected((y, x) => value(y >> 5, 128, x >> 6)));
    expect(readPanel(png, 2)).toEqual(expected((y, x) => value(y >> 5, 2 * x, 1)));
  });

  it('shrinks by the mean of what lies under a pixel', () => {
    const tensor = Uint8Array.from({ length: 256 * 256 }, (_, i) => ((i & 1) + ((i >> 8) & 1)) * 100);
    const panel = readPanel(Buffer.from(renderThumbnail(tensor, [1, 256, 256])), 0);
    expect(panel.flat().every((grey) => grey === 100)).toBe(true);
  });

  it('is a greyscale PNG of 384×128, pixels alone, the same each time', () => {
    const tensor = Uint8Array.from({ length: 16 * 20 * 24 }, (_, i) => (i * 7919) & 255);
    const png = Buffer.from(renderThumbnail(tensor, [16, 20, 24]));
    expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([384, 128, 8, 0]);
    expect(new Set(listChunks(png))).toEqual(new Set(['IHDR', 'IDAT', 'IEND']));
    expect(Buffer.from(renderThumbnail(tensor, [16, 20, 24])).equals(png)).toBe(true);
  });
});
