import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { digestTree, listTree } from '../fixtures/chaos/trees.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';

export { listTree };

/** The shipped pipeline. */
export const SHIPPED_PIPELINE = path.join(repositoryRoot, 'pipelines/definitions/ct-series-labels.yaml');

/** Generous, since machines are shared: a run of the demo takes seconds on a quiet one. */
export const RUN_TIMEOUT_MS = 600_000;

/** A temporary folder that the caller removes. */
export function makeFolder(name: string): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), `serieswise-${name}-`));
}

/** SHA-256 of every file below `manifest/` and `dicom/` of an output, by path. */
export function digestOutput(output: string): Record<string, string> {
  return Object.fromEntries([...digestTree(output)].filter(([file]) => /^(manifest|dicom)\//.test(file)));
}

/**
 * Files below the folders in which one of the strings stands, as bytes, with the string.
 * @param pixelsFrom tells, for a DICOM file, where its pixel data begins: what follows is the source's own pixels
 */
export function findStrings(
  folders: readonly string[],
  strings: readonly string[],
  pixelsFrom: (file: string, bytes: Buffer) => number = (_file, bytes) => bytes.length,
): string[] {
  const needles = strings.map((text) => ({ text, bytes: Buffer.from(text) }));
  const hits: string[] = [];
  for (const folder of folders) {
    for (const file of listTree(folder)) {
      const whole = fs.readFileSync(path.join(folder, file));
      const bytes = whole.subarray(0, pixelsFrom(file, whole));
      for (const needle of needles) {
        if (bytes.includes(needle.bytes) || file.includes(needle.text)) hits.push(`${file}: ${needle.text}`);
      }
    }
  }
  return hits;
}
