/** Slices of the model input as pictures. */

export const PLANES = [0, 1, 2] as const;
export type Plane = (typeof PLANES)[number];
type Shape = readonly [number, number, number];

/** Names of the planes across slices, rows and columns, by the plane of the slices. */
const NAMES = {
  axial: ['Axial', 'Coronal', 'Sagittal'],
  coronal: ['Coronal', 'Axial', 'Sagittal'],
  sagittal: ['Sagittal', 'Axial', 'Coronal'],
} as const;

export const nameOfPlane = (stack: keyof typeof NAMES, plane: Plane): string => NAMES[stack][plane];

/** Rows and columns of a plane's picture. */
export function sizeOfPlane([slices, rows, columns]: Shape, plane: Plane): [height: number, width: number] {
  return plane === 0 ? [rows, columns] : plane === 1 ? [slices, columns] : [slices, rows];
}

/** Height by width of a plane as the patient has it; voxels taken as cubes where the extent is not known. */
export function aspectOfPlane(shape: Shape, extentMm: Shape | null, plane: Plane): number {
  const [slices, rows, columns] = extentMm ?? shape;
  const aspect = plane === 0 ? rows / columns : plane === 1 ? slices / columns : slices / rows;
  return Math.min(4, Math.max(0.25, aspect));
}

/** Windows within what the model sees; Hounsfield units, lower and upper end. */
export const WINDOWS = [
  { name: 'Full', hu: null },
  { name: 'Soft tissue', hu: [-160, 240] },
  { name: 'Lung', hu: [-1000, -200] },
  { name: 'Brain', hu: [0, 80] },
  { name: 'Bone', hu: [-50, 400] },
] as const;

/** Grey of each of the 256 levels of the model input. */
export function greysOf(
  windowHu: readonly [number, number],
  hu: readonly [number, number] | null,
): Uint8Array {
  const [low, high] = hu ?? windowHu;
  return Uint8Array.from({ length: 256 }, (_, level) => {
    const value = windowHu[0] + (level / 255) * (windowHu[1] - windowHu[0]);
    return Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low))));
  });
}

/** Draws one slice of a plane into a canvas of the plane's size. */
export function drawPlane(
  canvas: HTMLCanvasElement,
  data: Uint8Array,
  shape: Shape,
  plane: Plane,
  index: number,
  greys: Uint8Array,
): void {
  const [, rows, columns] = shape;
  const [height, width] = sizeOfPlane(shape, plane);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d', { alpha: false })!;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const sliceStride = rows * columns;
  const [start, down, across] =
    plane === 0
      ? [index * sliceStride, columns, 1]
      : plane === 1
        ? [index * columns, sliceStride, 1]
        : [index, sliceStride, columns];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const grey = greys[data[start + y * down + x * across]!]!;
      pixels[y * width + x] = 0xff000000 | (grey * 0x010101);
    }
  }
  context.putImageData(image, 0, 0);
}
