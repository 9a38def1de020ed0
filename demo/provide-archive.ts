import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { ArchiveOptions } from './archive.ts';
import { makeArchive } from './archive.ts';
import { findVolumesDir } from './volumes.ts';

/** What `provideArchive` says about an archive. */
export interface ArchiveSummary {
  /** Digest of the options, of this program and of its volumes. */
  recipe: string;
  seed: number;
  files: number;
  bytes: number;
  series: number;
  expected: Record<string, number>;
}

function digestRecipe(options: ArchiveOptions): string {
  const hash = createHash('sha256').update(JSON.stringify(options));
  for (const folder of [import.meta.dirname, findVolumesDir()]) {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      if (entry.isFile()) hash.update(entry.name).update(fs.readFileSync(path.join(folder, entry.name)));
    }
  }
  return hash.digest('hex');
}

/** Plain files below a folder: how many, and their bytes. Null when there is no folder. */
function measure(folder: string): { files: number; bytes: number } | null {
  if (!fs.existsSync(folder)) return null;
  let files = 0;
  let bytes = 0;
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files++;
    bytes += fs.statSync(path.join(entry.parentPath, entry.name)).size;
  }
  return { files, bytes };
}

/**
 * Makes the archive unless it is there; `FOLDER.json` beside it says how it was made, and one of another recipe (other
 * options, another version of this program) is made anew. It is written beside and renamed, so that an interrupted start leaves none.
 * @throws Error when the folder holds something that this program did not write.
 */
export async function provideArchive(folder: string, options: ArchiveOptions): Promise<ArchiveSummary> {
  const stampFile = `${folder}.json`;
  const recipe = digestRecipe(options);
  const present = measure(folder);
  if (present !== null && present.files > 0) {
    const stamp = fs.existsSync(stampFile)
      ? (JSON.parse(fs.readFileSync(stampFile, 'utf8')) as {
          summary: ArchiveSummary;
          onDisk: typeof present;
        })
      : null;
    if (stamp?.onDisk?.files !== present.files || stamp.onDisk.bytes !== present.bytes) {
      throw new Error(
        'The output folder holds something else than an archive as it was made. Remove it first.',
      );
    }
    if (stamp.summary.recipe === recipe) return stamp.summary;
  }
  const partial = `${folder}.partial-${process.pid}`;
  try {
    const truth = await makeArchive(partial, options);
    const expected: Record<string, number> = {};
    for (const file of truth.files) expected[file.disposition] = (expected[file.disposition] ?? 0) + 1;
    const bytes = truth.files.reduce((sum, file) => sum + file.bytes, 0);
    const { seed } = truth;
    const summary = { recipe, seed, files: truth.files.length, bytes, series: truth.series.length, expected };
    fs.rmSync(folder, { recursive: true, force: true });
    fs.writeFileSync(stampFile, `${JSON.stringify({ summary, onDisk: measure(partial) })}\n`);
    fs.renameSync(partial, folder);
    return summary;
  } finally {
    fs.rmSync(partial, { recursive: true, force: true });
  }
}
