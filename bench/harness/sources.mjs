// Source files of the bench: generated series of demo/archive, the same on every machine.
import fs from 'node:fs';
import path from 'node:path';
import { makeArchive } from '../../dist/demo/archive.js';

/**
 * Makes them once and finds them again.
 * @param {string} work folder of this bench run
 * @param {{ series: number, slices: number, scale: 1 | 2 | 4 }} shape the matrix is 128 times the scale
 */
export async function makeSource(work, { series, slices, scale }) {
  const source = path.join(work, `source-${series}-${slices}-${scale}`);
  if (!fs.existsSync(source)) await makeArchive(source, { seed: 1, series, slices, scale });
  return { source };
}
