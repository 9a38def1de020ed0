import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DicomError } from '../../../dicom/errors.ts';
import type { StoredValues } from '../../../dicom/pixels.ts';
import {
  findText,
  looksLikeBurnedInText,
  looksLikeTextPage,
} from '../../../stages/preprocess/pixel-evidence.ts';
import { readFiles, WITH_TEXT } from '../../fixtures/burned-in.ts';
import { sharedDataDir } from '../../fixtures/shared-data.ts';
import { describeWithOracle, runOracle } from '../../oracles/python.ts';
import { decodeSlice } from './dicom-slices.ts';
import { seededRandom } from './volumes.ts';

/** Letters of 5×7 points, a row a number, the leftmost point the highest bit. */
const FONT: Record<string, number[]> = {
  A: [14, 17, 17, 31, 17, 17, 17],
  E: [31, 16, 16, 30, 16, 16, 31],
  H: [17, 17, 17, 31, 17, 17, 17],
  R: [30, 17, 17, 30, 20, 18, 17],
  T: [31, 4, 4, 4, 4, 4, 4],
  Z: [31, 1, 2, 4, 8, 16, 31],
  0: [14, 17, 17, 17, 17, 17, 14],
  3: [31, 2, 4, 2, 1, 17, 14],
};

interface Picture {
  values: Int16Array;
  rows: number;
  columns: number;
}

function write(picture: Picture, text: string, row: number, column: number, value: number): void {
  for (const [i, letter] of [...text].entries())
    for (const [y, points] of (FONT[letter] ?? []).entries())
      for (let x = 0; x < 5; x++)
        if ((points >> (4 - x)) & 1) picture.values[(row + y) * picture.columns + column + 6 * i + x] = value;
}

/** A round body of noisy tissue in air. */
function drawBody(): Picture {
  const random = seededRandom(4);
  const values = Int16Array.from({ length: 256 * 256 }, (_, i) => {
    const radius = Math.hypot((i % 256) - 128, (i >> 8) - 128);
    const tissue = radius > 100 ? -1000 : radius > 92 ? 900 : 40;
    return tissue + Math.round((random() + random() - 1) * 60);
  });
  return { values, rows: 256, columns: 256 };
}

describe('findText', () => {
  it('counts letters and lines', () => {
    const page: Picture = { values: new Int16Array(128 * 256).fill(-1024), rows: 128, columns: 256 };
    write(page, 'THE HEART', 10, 10, 3071);
    write(page, 'ZZTEARTH3003', 25, 10, 3071);
    expect(findText(page.values, 128, 256)).toEqual({ lines: 2, glyphs: 20, pictureFraction: 0 });
    const negative = page.values.map((value) => 2047 - value);
    expect(findText(negative, 128, 256)).toEqual({ lines: 2, glyphs: 20, pictureFraction: 0 });
  });

  it('needs a base line: the same letters strewn about are none', () => {
    const page: Picture = { values: new Int16Array(512 * 512), rows: 512, columns: 512 };
    const random = seededRandom(9);
    for (let i = 0; i < 100; i++)
      write(page, 'R', 5 + (i % 10) * 48 + Math.floor(random() * 30), 5 + Math.floor(i / 10) * 50, 100);
    expect(findText(page.values, 512, 512).lines).toBe(0);
  });

  it('says nothing of an empty or a constant image', () => {
    const silent = { lines: 0, glyphs: 0, pictureFraction: 0 };
    expect(findText(new Uint8Array(0), 0, 0)).toEqual(silent);
    expect(findText(new Uint16Array(64).fill(9), 8, 8)).toEqual(silent);
  });
});

describe('looksLikeBurnedInText and looksLikeTextPage', () => {
  it('tell a body, a body with a name on it, and a page', () => {
    const { values, rows, columns } = drawBody();
    expect(looksLikeBurnedInText(values, rows, columns)).toBe(false);
    const named = { values: values.slice(), rows, columns };
    write(named, 'ZZTEARTH3003', 5, 5, 3071);
    expect(looksLikeBurnedInText(named.values, rows, columns)).toBe(true);
    expect(looksLikeTextPage(named.values, rows, columns)).toBe(false);
    const page = { values: new Int16Array(rows * columns), rows, columns };
    for (let line = 0; line < 5; line++) write(page, 'HEART RATE 300', 10 + 12 * line, 5, 255);
    expect(looksLikeTextPage(page.values, rows, columns)).toBe(true);
  });
});

interface Drawn {
  file: string;
  kind: 'page' | 'burned-in' | 'clean';
  name: string;
  type: 'uint8' | 'int16';
}

describeWithOracle('text that other programs drew', () => {
  it('is found in pages, scans and on a slice, and not in noise, grids and rulers', async () => {
    const shared = sharedDataDir();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-text-'));
    try {
      const args = [folder];
      if (shared !== null) {
        const file = path.join(shared, 'ct-dicom/abdomen_kits72_arterial/1-014.dcm');
        const { values } = await decodeSlice(fs.readFileSync(file));
        fs.writeFileSync(path.join(folder, 'slice'), new Uint8Array(Int16Array.from(values).buffer));
        args.push(path.join(folder, 'slice'));
      }
      const drawn = runOracle('render_text.py', args) as Drawn[];
      expect(drawn.length).toBeGreaterThan(20);
      for (const { file, kind, name, type } of drawn) {
        const bytes = new Uint8Array(fs.readFileSync(file));
        const values = type === 'int16' ? new Int16Array(bytes.buffer) : bytes;
        expect(looksLikeTextPage(values, 512, 512), name).toBe(kind === 'page');
        expect(looksLikeBurnedInText(values, 512, 512), name).toBe(kind !== 'clean');
      }
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});

const shared = sharedDataDir();
const describeWithData = shared === null ? describe.skip : describe;

describeWithData('text in real CT', () => {
  it('is found where it is, and in at most 0.5% of the images without', async () => {
    const found: string[] = [];
    let images = 0;
    for await (const [name, bytes] of readFiles(path.join(shared!, 'ct-dicom'))) {
      let values: StoredValues;
      let format: { rows: number; columns: number; samplesPerPixel: number };
      try {
        ({ values, format } = await decodeSlice(bytes));
      } catch (error) {
        // Not an image, or one that is broken on purpose.
        if (error instanceof DicomError) continue;
        throw error;
      }
      const { rows, columns, samplesPerPixel } = format;
      const green = samplesPerPixel === 3 ? values.filter((_, i) => i % 3 === 1) : values;
      images++;
      if (looksLikeBurnedInText(green, rows, columns)) found.push(name);
      expect(looksLikeTextPage(green, rows, columns), name).toBe(false);
    }
    expect(images).toBeGreaterThan(400);
    expect(found).toEqual(expect.arrayContaining([...WITH_TEXT]));
    const wrong = found.filter((name) => !WITH_TEXT.has(name));
    expect(wrong.length / (images - WITH_TEXT.size), wrong.join(', ')).toBeLessThanOrEqual(0.005);
  }, 240_000);
});
