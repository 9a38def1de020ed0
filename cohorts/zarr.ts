/**
 * Arrays in Zarr version 3, uint8 in C order: https://zarr-specs.readthedocs.io/en/latest/v3/core/v3.0.html
 * A chunk holds whole slices, so that it is one run of the tensor's bytes, and writing one takes no library.
 */
import { gzipSync } from 'node:zlib';

/** Slices of a chunk: 1.6 MB of the shipped pipeline's tensor. */
const CHUNK_SLICES = 32;

export const ZARR_METADATA = 'zarr.json';

/** `zarr.json` of the group that holds the arrays. */
export function encodeZarrGroup(attributes: Record<string, unknown>): string {
  return render({ zarr_format: 3, node_type: 'group', attributes });
}

/**
 * The files of one array `[slice, row, column]`, by their paths in its folder. A chunk at the end that is not full is
 * filled up with zeros, as the format wants it.
 */
export function encodeZarrArray(data: Uint8Array, shape: readonly number[]): Map<string, Uint8Array> {
  const [slices = 1, ...plane] = shape;
  const chunkShape = [Math.min(CHUNK_SLICES, slices), ...plane];
  const chunkBytes = chunkShape.reduce((product, n) => product * n, 1);
  const metadata = {
    zarr_format: 3,
    node_type: 'array',
    shape,
    data_type: 'uint8',
    chunk_grid: { name: 'regular', configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    fill_value: 0,
    codecs: [{ name: 'bytes' }, { name: 'gzip', configuration: { level: 6 } }],
    dimension_names: ['slice', 'row', 'column'],
    attributes: {},
  };
  const files = new Map<string, Uint8Array>([[ZARR_METADATA, Buffer.from(render(metadata))]]);
  for (let from = 0; from < data.length; from += chunkBytes) {
    const chunk = new Uint8Array(chunkBytes);
    chunk.set(data.subarray(from, from + chunkBytes));
    files.set(`c/${from / chunkBytes}/0/0`, gzipSync(chunk, { level: 6 }));
  }
  return files;
}

function render(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
