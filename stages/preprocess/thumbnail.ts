import { PNG } from 'pngjs';

/** Width and height of each of the three panels, pixels. */
const PANEL = 128;

/** A plane of the tensor: value `(y, x)` is at `start + y·yStride + x·xStride`. */
interface Plane {
  height: number;
  width: number;
  start: number;
  yStride: number;
  xStride: number;
}

/** The span of source samples under output sample `d`: at least one, so that enlarging repeats the nearest. */
function coverSamples(d: number, sources: number): [number, number] {
  const from = Math.floor((d * sources) / PANEL);
  return [from, Math.max(from + 1, Math.floor(((d + 1) * sources) / PANEL))];
}

/** Writes the plane into a square panel, each pixel the mean of the samples under it. */
function drawPanel(tensor: Uint8Array, plane: Plane, image: Uint8Array, left: number): void {
  for (let y = 0; y < PANEL; y++) {
    const [top, bottom] = coverSamples(y, plane.height);
    for (let x = 0; x < PANEL; x++) {
      const [first, last] = coverSamples(x, plane.width);
      let sum = 0;
      for (let row = top; row < bottom; row++) {
        const rowStart = plane.start + row * plane.yStride;
        for (let column = first; column < last; column++) sum += tensor[rowStart + column * plane.xStride]!;
      }
      image[y * 3 * PANEL + left + x] = Math.round(sum / ((bottom - top) * (last - first)));
    }
  }
}

/**
 * What a reviewer sees of a series unit first: the middle slice, then the planes through the middle row and the middle
 * column (with slices downwards), side by side, each filling 128×128 whatever the tensor's shape. A greyscale PNG of
 * pixels alone: no text, no time, no resolution. The same tensor gives the same pixels everywhere, and the same bytes
 * with the same zlib.
 * @param shape slices, rows, columns of `tensor`
 */
export function renderThumbnail(tensor: Uint8Array, shape: [number, number, number]): Uint8Array {
  const [slices, rows, columns] = shape;
  const sliceStride = rows * columns;
  const image = new Uint8Array(3 * PANEL * PANEL);
  const planes: Plane[] = [
    { height: rows, width: columns, start: (slices >> 1) * sliceStride, yStride: columns, xStride: 1 },
    { height: slices, width: columns, start: (rows >> 1) * columns, yStride: sliceStride, xStride: 1 },
    { height: slices, width: rows, start: columns >> 1, yStride: sliceStride, xStride: columns },
  ];
  for (const [i, plane] of planes.entries()) drawPanel(tensor, plane, image, i * PANEL);
  const png = new PNG({ width: 3 * PANEL, height: PANEL });
  png.data = Buffer.from(image.buffer);
  return PNG.sync.write(png, {
    colorType: 0,
    inputColorType: 0,
    inputHasAlpha: false,
    bitDepth: 8,
    deflateLevel: 9,
  });
}
