// The resampling kernel, compiled by scripts/build.mjs to resample.wasm. Memory belongs to the caller
// (preprocess-volume.ts lays it out); nothing is allocated here. Buffers that are read or written in vectors
// carry padding behind them, so that loops run in whole vectors without a scalar tail.
//
// Order of work, after engines.md: window, then rows, then columns (one plane a source slice), then slices.
// Two source rows are blended as vectors along the columns before the columns are gathered: the gather then
// touches half as many values, and they lie in the first-level cache.

/** `a + (b − a)·w` in float32. */
// @ts-ignore: decorator
@inline
function blend(a: v128, b: v128, w: v128): v128 {
  return f32x4.add(a, f32x4.mul(f32x4.sub(b, a), w));
}

/** Columns of one blended row: the address of a left neighbour in it (u32) and a weight (f32) for each of them. */
// @ts-ignore: decorator
@inline
function gatherColumns(addresses: usize, weights: usize, outputColumns: i32, plane: usize): void {
  const end: usize = addresses + ((outputColumns as usize) << 2);
  // Pointers that move, not base and index: V8 spends a quarter less on them here.
  while (addresses < end) {
    // One 64-bit load fetches a value and its right neighbour.
    const low = v128.load64_lane(<usize>load<u32>(addresses, 4), v128.load64_zero(<usize>load<u32>(addresses)), 1);
    const high = v128.load64_lane(<usize>load<u32>(addresses, 12), v128.load64_zero(<usize>load<u32>(addresses, 8)), 1);
    const left = v128.shuffle<f32>(low, high, 0, 2, 4, 6);
    const right = v128.shuffle<f32>(low, high, 1, 3, 5, 7);
    v128.store(plane, blend(left, right, v128.load(weights)));
    addresses += 16;
    weights += 16;
    plane += 16;
  }
}

/**
 * A 16-bit slice whose window bounds are whole stored values: clipping in integers is exact, and the affine map to
 * [0, 1] commutes with linear blending, so it is left to `blendPlanes`. `plane` receives `clip(stored) − low`.
 * @param rowTable for each output row: addresses of two source rows (u32, u32), weight (f32), unused word
 */
// @ts-ignore: decorator
@inline
function resampleClipped<T>(
  rowTable: usize, outputRows: i32, columns: i32, low: i32, high: i32,
  row: usize, addresses: usize, weights: usize, outputColumns: i32, plane: usize,
): void {
  const lowest = i16x8.splat(<i16>low);
  const highest = i16x8.splat(<i16>high);
  for (let r = 0; r < outputRows; r++) {
    const upper = <usize>load<u32>(rowTable);
    const lower = <usize>load<u32>(rowTable, 4);
    const w = f32x4.splat(load<f32>(rowTable, 8));
    rowTable += 16;
    for (let column = 0; column < columns; column += 8) {
      const at: usize = (column as usize) << 1;
      const a = i16x8.sub(v128.max<T>(v128.min<T>(v128.load(upper + at), highest), lowest), lowest);
      const b = i16x8.sub(v128.max<T>(v128.min<T>(v128.load(lower + at), highest), lowest), lowest);
      const to: usize = row + ((column as usize) << 2);
      v128.store(to, blend(
        f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(a)),
        f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(b)), w));
      v128.store(to, blend(
        f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(a)),
        f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(b)), w), 16);
    }
    // The right neighbour of the last column, asked for with weight 0.
    store<f32>(row + ((columns as usize) << 2), load<f32>(row + (((columns - 1) as usize) << 2)));
    gatherColumns(addresses, weights, outputColumns, plane);
    plane += (outputColumns as usize) << 2;
  }
}

export function resampleClippedSigned(
  rowTable: usize, outputRows: i32, columns: i32, low: i32, high: i32,
  row: usize, addresses: usize, weights: usize, outputColumns: i32, plane: usize,
): void {
  resampleClipped<i16>(rowTable, outputRows, columns, low, high, row, addresses, weights, outputColumns, plane);
}

export function resampleClippedUnsigned(
  rowTable: usize, outputRows: i32, columns: i32, low: i32, high: i32,
  row: usize, addresses: usize, weights: usize, outputColumns: i32, plane: usize,
): void {
  resampleClipped<u16>(rowTable, outputRows, columns, low, high, row, addresses, weights, outputColumns, plane);
}

/** Four stored values as float32. */
// @ts-ignore: decorator
@inline
function loadFour<T>(from: usize, column: i32): v128 {
  if (isFloat<T>()) return v128.load(from + ((column as usize) << 2));
  if (isSigned<T>()) return f32x4.convert_i32x4_s(v128.load16x4_s(from + ((column as usize) << 1)));
  return f32x4.convert_i32x4_s(v128.load16x4_u(from + ((column as usize) << 1)));
}

/** Pseudo-minimum and -maximum are one instruction each; they differ from min and max for NaN and −0 alone. */
// @ts-ignore: decorator
@inline
function clipToOne(a: v128, zero: v128, one: v128): v128 {
  return f32x4.pmax(f32x4.pmin(a, one), zero);
}

/** Any other slice: every value is mapped by `scale` and `offset` and clipped to [0, 1] before it is blended. */
// @ts-ignore: decorator
@inline
function resampleWindowed<T>(
  rowTable: usize, outputRows: i32, columns: i32, scale: f32, offset: f32,
  row: usize, addresses: usize, weights: usize, outputColumns: i32, plane: usize,
): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const scales = f32x4.splat(scale);
  const offsets = f32x4.splat(offset);
  for (let r = 0; r < outputRows; r++) {
    const upper = <usize>load<u32>(rowTable);
    const lower = <usize>load<u32>(rowTable, 4);
    const w = f32x4.splat(load<f32>(rowTable, 8));
    rowTable += 16;
    for (let column = 0; column < columns; column += 4) {
      const a = f32x4.add(f32x4.mul(loadFour<T>(upper, column), scales), offsets);
      const b = f32x4.add(f32x4.mul(loadFour<T>(lower, column), scales), offsets);
      v128.store(row + ((column as usize) << 2), blend(
        clipToOne(a, zero, one), clipToOne(b, zero, one), w));
    }
    store<f32>(row + ((columns as usize) << 2), load<f32>(row + (((columns - 1) as usize) << 2)));
    gatherColumns(addresses, weights, outputColumns, plane);
    plane += (outputColumns as usize) << 2;
  }
}

export function resampleWindowedSigned(
  rowTable: usize, outputRows: i32, columns: i32, scale: f32, offset: f32,
  row: usize, addresses: usize, weights: usize, outputColumns: i32, plane: usize,
): void {
  resampleWindowed<i16>(rowTable, outputRows, columns, scale, offset, row, addresses, weights, outputColumns, plane);
}

export function resampleWindowedUnsigned(
  rowTable: usize, outputRows: i32, columns: i32, scale: f32, offset: f32,
  row: usize, addresses: usize, weights: usize, outputColumns: i32, plane: usize,
): void {
  resampleWindowed<u16>(rowTable, outputRows, columns, scale, offset, row, addresses, weights, outputColumns, plane);
}

/** For stored values of 32 bits, which the caller has windowed in float64. */
export function resampleWindowedFloat(
  rowTable: usize, outputRows: i32, columns: i32, scale: f32, offset: f32,
  row: usize, addresses: usize, weights: usize, outputColumns: i32, plane: usize,
): void {
  resampleWindowed<f32>(rowTable, outputRows, columns, scale, offset, row, addresses, weights, outputColumns, plane);
}

/**
 * Four pixels `rint(first·firstFactor + (second·secondFactor + offset))` as int32, ties to even. Adding 1.5·2^23
 * leaves no bits behind the point, so the addition itself rounds, and the integer stands in the low bits: two
 * instructions instead of the ten of nearest and trunc_sat. Holds for |x| < 2^22; here x is about [0, 255].
 */
// @ts-ignore: decorator
@inline
function roundFour(first: usize, firstFactor: v128, second: usize, secondFactor: v128, offset: v128): v128 {
  const x = f32x4.add(
    f32x4.mul(v128.load(first), firstFactor),
    f32x4.add(f32x4.mul(v128.load(second), secondFactor), offset));
  return i32x4.sub(f32x4.add(x, f32x4.splat(12582912.0)), i32x4.splat(0x4b400000));
}

/** One output slice from two planes; the factors hold the slice weight, what remains of the window map, and 255. */
export function blendPlanes(
  first: usize, firstFactor: f32, second: usize, secondFactor: f32, offset: f32, pixels: i32, output: usize,
): void {
  const f = f32x4.splat(firstFactor);
  const s = f32x4.splat(secondFactor);
  const o = f32x4.splat(offset);
  for (let pixel = 0; pixel < pixels; pixel += 16) {
    const at: usize = (pixel as usize) << 2;
    const low = i16x8.narrow_i32x4_s(
      roundFour(first + at, f, second + at, s, o),
      roundFour(first + at + 16, f, second + at + 16, s, o));
    const high = i16x8.narrow_i32x4_s(
      roundFour(first + at + 32, f, second + at + 32, s, o),
      roundFour(first + at + 48, f, second + at + 48, s, o));
    v128.store(output + (pixel as usize), i8x16.narrow_i16x8_u(low, high));
  }
}
