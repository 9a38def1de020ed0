import type { StoredValues } from '../../dicom/pixels.ts';

/**
 * The memory of one kernel instance: assembly/resample.ts computes, this file says where everything lies.
 * Addresses are bytes; every area starts on 16 and has room behind it for whole vectors.
 */

export type StoredType = 'Int16Array' | 'Uint16Array';

/** Pixels of a source slice and of an output slice. */
export interface PlaneSizes {
  rows: number;
  columns: number;
  outputRows: number;
  outputColumns: number;
}

type ResampleSlice = (
  rowTable: number,
  outputRows: number,
  columns: number,
  lowOrScale: number,
  highOrOffset: number,
  row: number,
  addresses: number,
  weights: number,
  outputColumns: number,
  plane: number,
) => void;

interface KernelExports {
  resampleClippedSigned: ResampleSlice;
  resampleClippedUnsigned: ResampleSlice;
  resampleWindowedSigned: ResampleSlice;
  resampleWindowedUnsigned: ResampleSlice;
  resampleWindowedFloat: ResampleSlice;
  blendPlanes(
    first: number,
    firstFactor: number,
    second: number,
    secondFactor: number,
    offset: number,
    pixels: number,
    output: number,
  ): void;
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What is used of the global, which Node's types do not declare without the browser's. */
interface WebAssemblyGlobal {
  Memory: new (descriptor: { initial: number }) => WasmMemory;
  instantiate(
    bytes: Uint8Array,
    imports: { env: { memory: WasmMemory } },
  ): Promise<{ instance: { exports: unknown } }>;
}

export interface Kernel {
  /** Sets the sizes of all later calls, and grows the memory where it does not suffice. */
  layOut(sizes: PlaneSizes): void;
  /** Output row `row` is `source[upper]·(1 − weight) + source[lower]·weight`. */
  setRow(row: number, upper: number, lower: number, weight: number): void;
  /** Output column `column` is `source[index]·(1 − weight) + source[index + 1]·weight`. */
  setColumn(column: number, index: number, weight: number): void;
  /** The source slice's place: four bytes a pixel. */
  sliceBytes(): Uint8Array;
  /** Brings stored values of 8 or 16 bits to the source slice's place, unless they lie there already. */
  placeStored(type: StoredType, values: Int8Array | Uint8Array | Int16Array | Uint16Array): void;
  /** Maps to [0, 1] and clips in float64, and places the result as float32. */
  placeWindowed(values: StoredValues, map: { scale: number; offset: number }): void;
  /** Fills a plane with `clip(stored, low, high) − low`, resampled. */
  resampleClipped(type: StoredType, slot: 0 | 1, low: number, high: number): void;
  /** Fills a plane with `clip(stored·scale + offset, 0, 1)`, resampled. */
  resampleWindowed(type: StoredType | 'Float32Array', slot: 0 | 1, scale: number, offset: number): void;
  /** `rint(plane[first]·firstFactor + plane[second]·secondFactor + offset)`; valid until the next call. */
  blendPlanes(
    first: 0 | 1,
    firstFactor: number,
    second: 0 | 1,
    secondFactor: number,
    offset: number,
  ): Uint8Array;
}

const WASM_PAGE_BYTES = 65536;
const VECTOR_SLACK_BYTES = 64;
/** Address 0 is left alone, so that a forgotten address cannot work by accident. */
const FIRST_ADDRESS = 1024;
const BYTES_PER_VALUE = { Int16Array: 2, Uint16Array: 2, Float32Array: 4 };

export async function loadKernel(wasmBytes: Uint8Array): Promise<Kernel> {
  const { Memory, instantiate } = (globalThis as unknown as { WebAssembly: WebAssemblyGlobal }).WebAssembly;
  const memory = new Memory({ initial: 1 });
  const { instance } = await instantiate(wasmBytes, { env: { memory } });
  const wasm = instance.exports as KernelExports;

  let sizes: PlaneSizes = { rows: 0, columns: 0, outputRows: 0, outputColumns: 0 };
  let view = new DataView(memory.buffer);
  const at = { slice: 0, rowTable: 0, row: 0, addresses: 0, weights: 0, output: 0 };
  const planes: [number, number] = [0, 0];
  const sourceRows: { upper: number; lower: number }[] = [];

  /** Source row addresses depend on the width of a value, which may change from slice to slice. */
  let rowBytesWritten = 0;
  function writeRowAddresses(bytesPerValue: number): void {
    const rowBytes = sizes.columns * bytesPerValue;
    if (rowBytes === rowBytesWritten) return;
    for (const [r, { upper, lower }] of sourceRows.entries()) {
      view.setUint32(at.rowTable + r * 16, at.slice + upper * rowBytes, true);
      view.setUint32(at.rowTable + r * 16 + 4, at.slice + lower * rowBytes, true);
    }
    rowBytesWritten = rowBytes;
  }

  function resample(run: ResampleSlice, bytesPerValue: number, slot: 0 | 1, low: number, high: number): void {
    writeRowAddresses(bytesPerValue);
    const { rowTable, row, addresses, weights } = at;
    const { outputRows, columns, outputColumns } = sizes;
    run(rowTable, outputRows, columns, low, high, row, addresses, weights, outputColumns, planes[slot]);
  }

  return {
    layOut(next) {
      sizes = next;
      sourceRows.length = 0;
      rowBytesWritten = 0;
      let end = FIRST_ADDRESS;
      const reserve = (bytes: number): number => {
        const start = end;
        end = Math.ceil((start + bytes + VECTOR_SLACK_BYTES) / 16) * 16;
        return start;
      };
      const outputPixels = next.outputRows * next.outputColumns;
      at.slice = reserve(next.rows * next.columns * 4);
      at.row = reserve(next.columns * 4);
      at.rowTable = reserve(next.outputRows * 16);
      at.addresses = reserve(next.outputColumns * 4);
      at.weights = reserve(next.outputColumns * 4);
      planes[0] = reserve(outputPixels * 4);
      planes[1] = reserve(outputPixels * 4);
      at.output = reserve(outputPixels);
      const missing = end - memory.buffer.byteLength;
      if (missing > 0) {
        memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
        view = new DataView(memory.buffer);
      }
      // The last vector of columns reaches beyond the table: let those lanes point at the row as well.
      for (let c = next.outputColumns; c % 4 !== 0; c++) view.setUint32(at.addresses + c * 4, at.row, true);
    },
    setRow(row, upper, lower, weight) {
      sourceRows[row] = { upper, lower };
      view.setFloat32(at.rowTable + row * 16 + 8, weight, true);
    },
    setColumn(column, index, weight) {
      view.setUint32(at.addresses + column * 4, at.row + index * 4, true);
      view.setFloat32(at.weights + column * 4, weight, true);
    },
    sliceBytes: () => new Uint8Array(memory.buffer, at.slice, sizes.rows * sizes.columns * 4),
    placeStored(type, values) {
      if (values.buffer === memory.buffer && values.byteOffset === at.slice && values.BYTES_PER_ELEMENT === 2)
        return;
      const place = type === 'Int16Array' ? Int16Array : Uint16Array;
      new place(memory.buffer, at.slice, values.length).set(values);
    },
    placeWindowed(values, { scale, offset }) {
      const placed = new Float32Array(memory.buffer, at.slice, values.length);
      for (let i = 0; i < placed.length; i++)
        placed[i] = Math.min(Math.max(values[i]! * scale + offset, 0), 1);
    },
    resampleClipped(type, slot, low, high) {
      const run = type === 'Int16Array' ? wasm.resampleClippedSigned : wasm.resampleClippedUnsigned;
      resample(run, 2, slot, low, high);
    },
    resampleWindowed(type, slot, scale, offset) {
      const run = {
        Int16Array: wasm.resampleWindowedSigned,
        Uint16Array: wasm.resampleWindowedUnsigned,
        Float32Array: wasm.resampleWindowedFloat,
      }[type];
      resample(run, BYTES_PER_VALUE[type], slot, scale, offset);
    },
    blendPlanes(first, firstFactor, second, secondFactor, offset) {
      const pixels = sizes.outputRows * sizes.outputColumns;
      wasm.blendPlanes(planes[first], firstFactor, planes[second], secondFactor, offset, pixels, at.output);
      return new Uint8Array(memory.buffer, at.output, pixels);
    },
  };
}
