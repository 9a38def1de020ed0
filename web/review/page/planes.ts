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

/**
 * The dimensions that go down and across a plane's picture: slices 0, rows 1, columns 2. As people are used to see the
 * body, whichever way the stack was cut: head up, or front up in axial planes.
 */
export function axesOfPlane(stack: keyof typeof NAMES, plane: Plane): readonly [down: Plane, across: Plane] {
  if (plane === 0) return [1, 2];
  if (plane === 1) return stack === 'sagittal' ? [2, 0] : [0, 2];
  return stack === 'axial' ? [0, 1] : [1, 0];
}

/** Width by height of a picture as the patient has it; voxels taken as cubes where the extent is not known. */
export function ratioOf(extent: Shape, [down, across]: readonly [Plane, Plane]): number {
  return Math.min(4, Math.max(0.25, extent[across] / extent[down]));
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

/** Draws one slice of a plane into a canvas, a pixel for each voxel. */
export function drawPlane(
  canvas: HTMLCanvasElement,
  data: Uint8Array,
  shape: Shape,
  { plane, axes, index }: { plane: Plane; axes: readonly [Plane, Plane]; index: number },
  greys: Uint8Array,
): void {
  const strides = [shape[1] * shape[2], shape[2], 1] as const;
  const [height, width] = [shape[axes[0]], shape[axes[1]]];
  const [down, across] = [strides[axes[0]], strides[axes[1]]];
  const start = index * strides[plane];
  const context = canvas.getContext('2d', { alpha: false })!;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const grey = greys[data[start + y * down + x * across]!]!;
      pixels[y * width + x] = 0xff000000 | (grey * 0x010101);
    }
  }
  context.putImageData(image, 0, 0);
}
