import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DicomError } from '../../dicom/errors.ts';
import {
  decodeFrame,
  loadCodec,
  pixelDataOf,
  readExtendedOffsets,
  readPixelFormat,
} from '../../dicom/pixels.ts';
import { readDicom } from '../../dicom/read.ts';
import { isLossy } from '../../dicom/uids.ts';
import { listSharedDicom } from '../fixtures/shared-dicom.ts';
import { runOracle } from '../oracles/python.ts';

export interface PixelComparison {
  name: string;
  transferSyntaxUid: string;
  /** `16/12 unsigned`: bits allocated and stored. */
  format: string;
  frames: number;
  /** Error code of this program, or null. */
  error: string | null;
  /** Class of pydicom's error, or null. */
  oracleError: string | null;
  /** Largest difference in stored values; null where either could not decode. */
  maxDifference: number | null;
  differing: number;
  bitsUsedAbove: boolean;
}

/** What a difference of pixels may be: none, or one grey level where the codec itself is lossy. */
export function toleranceOf(transferSyntaxUid: string): number {
  return isLossy(transferSyntaxUid) ? 1 : 0;
}

/** Decodes all frames of every readable file with pixel data, here and in pydicom, and compares stored values. */
export async function comparePixels(root: string): Promise<PixelComparison[]> {
  const rows: PixelComparison[] = [];
  const decoded = new Map<string, Int32Array>();
  for (const name of listSharedDicom(root)) {
    const row = await decodeAll(path.join(root, name), name, decoded);
    if (row !== undefined) rows.push(row);
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pixels-'));
  try {
    const input = rows.map((row) => `${row.name}\t${row.transferSyntaxUid}`).join('\n');
    const oracle = runOracle('dicom_pixels.py', [root, folder], input) as Record<
      string,
      { index?: number; error?: string }
    >;
    for (const row of rows) {
      const answer = oracle[row.name]!;
      row.oracleError = answer.error ?? null;
      const own = decoded.get(row.name);
      if (answer.index === undefined || own === undefined) continue;
      const bytes = fs.readFileSync(path.join(folder, `${answer.index}.i32`));
      const expected = new Int32Array(new Uint8Array(bytes).buffer);
      row.maxDifference = own.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
      for (let index = 0; index < Math.min(own.length, expected.length); index += 1) {
        const difference = Math.abs(own[index]! - expected[index]!);
        if (difference > 0) row.differing += 1;
        row.maxDifference = Math.max(row.maxDifference, difference);
      }
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  return rows;
}

async function decodeAll(
  file: string,
  name: string,
  decoded: Map<string, Int32Array>,
): Promise<PixelComparison | undefined> {
  const row: PixelComparison = {
    name,
    transferSyntaxUid: '',
    format: '',
    frames: 0,
    error: null,
    oracleError: null,
    maxDifference: null,
    differing: 0,
    bitsUsedAbove: false,
  };
  try {
    const parsed = readDicom(fs.readFileSync(file));
    if (!parsed.reachedPixelData) return undefined;
    row.transferSyntaxUid = parsed.transferSyntaxUid;
    const format = readPixelFormat(parsed);
    const sign = format.pixelRepresentation === 1 ? 'signed' : 'unsigned';
    const samples = format.samplesPerPixel > 1 ? ` × ${format.samplesPerPixel}` : '';
    row.format = `${format.bitsAllocated}/${format.bitsStored} ${sign}${samples}`;
    row.frames = format.numberOfFrames;
    await loadCodec(format.transferSyntaxUid);
    const size = format.rows * format.columns * format.samplesPerPixel;
    const all = new Int32Array(size * format.numberOfFrames);
    const pixelData = pixelDataOf(parsed);
    const offsets = readExtendedOffsets(parsed);
    for (let frame = 0; frame < format.numberOfFrames; frame += 1) {
      const { values, bitsUsedAbove } = decodeFrame(pixelData, format, frame, { offsets });
      all.set(values, frame * size);
      row.bitsUsedAbove ||= bitsUsedAbove;
    }
    decoded.set(name, all);
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
    row.error = error.code;
    if (row.transferSyntaxUid === '') return undefined;
  }
  return row;
}
