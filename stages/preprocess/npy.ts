/** Files that `numpy.load` reads: NPY format version 1.0 (numpy.lib.format), uint8 in C order alone. */

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]; // \x93NUMPY, version 1.0
const ALIGNMENT_BYTES = 64;

/** Thrown for bytes that are not an NPY file of this kind. */
export class NpyError extends Error {
  readonly code: 'npy-invalid' | 'npy-shape-mismatch';

  constructor(code: NpyError['code'], message: string) {
    super(message);
    this.name = 'NpyError';
    this.code = code;
  }
}

/** `data` as `numpy.save` would write it, byte for byte. */
export function encodeNpy(data: Uint8Array, shape: number[]): Uint8Array {
  if (shape.reduce((product, n) => product * n, 1) !== data.length)
    throw new NpyError('npy-shape-mismatch', 'The shape does not hold as many values as there are.');
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': ${tuple}, }`;
  const prefix = MAGIC.length + 2;
  const length = Math.ceil((prefix + text.length + 1) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const bytes = new Uint8Array(length + data.length);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint16(MAGIC.length, length - prefix, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - prefix - 1)}\n`), prefix);
  bytes.set(data, length);
  return bytes;
}

/** Reads what `encodeNpy` or `numpy.save` wrote of a uint8 array; `data` is a view of `bytes`. */
export function decodeNpy(bytes: Uint8Array): { data: Uint8Array; shape: number[] } {
  const prefix = MAGIC.length + 2;
  if (bytes.length < prefix || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw new NpyError('npy-invalid', 'Not an NPY file of version 1.0.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = prefix + view.getUint16(MAGIC.length, true);
  const text = new TextDecoder('latin1').decode(bytes.subarray(prefix, start));
  const fields = /^\{'descr': '\|u1', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n$/.exec(text);
  if (fields === null) throw new NpyError('npy-invalid', 'Not an NPY file of uint8 in C order.');
  const shape = fields[1]!.split(',').flatMap((n) => (n.trim() === '' ? [] : [Number(n)]));
  const data = bytes.subarray(start);
  if (shape.reduce((product, n) => product * n, 1) !== data.length)
    throw new NpyError('npy-shape-mismatch', 'The file does not hold as many values as its shape says.');
  return { data, shape };
}
