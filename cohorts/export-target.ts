/** The folder that a cohort is written to, and what an interrupted export has left there. */
import fs from 'node:fs';
import path from 'node:path';
import { isTemporaryName, writeFileAtomic } from '../activities/store/atomic.ts';
import { CohortError } from './cohort-error.ts';
import type { WrittenFile } from './write-unit.ts';

/** What was written so far: an interrupted export goes on after it. */
const LEDGER = '.serieswise-export.jsonl';

export interface ExportTarget {
  /** Files of a piece that an interrupted export has written; null where they are not all there. */
  find(piece: string): WrittenFile[] | null;
  note(piece: string, files: readonly WrittenFile[]): void;
  /** The export is complete. */
  close(): void;
}

/**
 * Makes the folder, or goes on with an interrupted export of the same request.
 * @param request all that the bytes depend on
 * @throws CohortError `target-differs` for one of another request, `target-in-use` for anything else
 */
export function openTarget(folder: string, request: string): ExportTarget {
  const ledger = path.join(folder, LEDGER);
  let done = new Map<string, WrittenFile[]>();
  if (fs.existsSync(ledger)) {
    const [first, ...lines] = fs.readFileSync(ledger, 'utf8').split('\n');
    if (first !== request) {
      throw new CohortError(
        'target-differs',
        'The folder of --to holds an interrupted export of another cohort: the options differ, or the run has changed ' +
          'since. Name a new folder, or remove that one.',
      );
    }
    removeTemporaryFiles(folder);
    done = new Map(lines.flatMap(readLine));
  } else {
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    if (names.some((name) => !isTemporaryName(name))) {
      throw new CohortError(
        'target-in-use',
        'The folder of --to is not empty, and holds no interrupted export. Name a new folder.',
      );
    }
    fs.mkdirSync(folder, { recursive: true });
    writeFileAtomic(ledger, `${request}\n`);
  }
  const isThere = (file: WrittenFile) =>
    fs.statSync(path.join(folder, file.path), { throwIfNoEntry: false })?.size === file.bytes;
  return {
    find(piece) {
      const files = done.get(piece);
      return files?.every(isThere) ? files : null;
    },
    note: (piece, files) => fs.appendFileSync(ledger, `${JSON.stringify({ piece, files })}\n`),
    close: () => fs.rmSync(ledger, { force: true }),
  };
}

/** What a kill left half written. */
function removeTemporaryFiles(folder: string): void {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (isTemporaryName(entry.name))
      fs.rmSync(path.join(entry.parentPath, entry.name), { recursive: true, force: true });
  }
}

/** A line that a kill cut off is not there. */
function readLine(line: string): [string, WrittenFile[]][] {
  try {
    const { piece, files } = JSON.parse(line) as { piece: string; files: WrittenFile[] };
    return [[piece, files]];
  } catch {
    return [];
  }
}
