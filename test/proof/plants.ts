import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeArchive } from '../../demo/archive.ts';
import type { AnswerKey } from '../../proof/answer-key.ts';
import { plantIdentifiers } from '../../proof/plant-identifiers.ts';
import { type ProofSource, readProofSource } from '../../proof/proof-source.ts';

/** Headers of the generated archive. */
export async function demoSources(): Promise<ProofSource[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-plants-'));
  try {
    await makeArchive(folder, { seed: 3, series: 3, slices: 2 });
    return fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        readProofSource(new Uint8Array(fs.readFileSync(path.join(entry.parentPath, entry.name)))),
      )
      .filter((source) => source !== null);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Planted files in memory, with their key. */
export function plantInMemory(
  sources: readonly ProofSource[],
  patients: number,
  seed = 1,
): { key: AnswerKey; files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  const key = plantIdentifiers(sources, { seed, patients, slices: 2 }, (name, bytes) =>
    files.set(name, bytes),
  );
  return { key, files };
}
