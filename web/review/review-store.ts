/** Decisions on disk: `manifest/reviews/READER-NNNNN.parquet`, written before the page is told that they are kept. */
import fs from 'node:fs';
import path from 'node:path';
import { isTemporaryName } from '../../activities/store/atomic.ts';
import type { ReviewRow } from '../../manifest/schema.ts';
import { writeTable } from '../../manifest/write.ts';
import type { Role } from './contracts.ts';

/** Rows of a part. A key press writes the last part anew, beside and renamed: it must stay small. */
const ROWS_PER_PART = 256;

/** Ids of readers: short, no name. */
export const READER_FORM = /^[a-z][a-z0-9]{0,11}$/;

export const REVIEWS_FOLDER = 'manifest/reviews';

/** Why a decision could not be kept. */
export class ReviewStoreError extends Error {
  override readonly name = 'ReviewStoreError';
  readonly code: 'reader-busy' | 'not-written';

  constructor(code: ReviewStoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface Reviewer {
  readonly reader: string;
  readonly role: Role;
}

export type NewReview = Omit<ReviewRow, 'review' | 'reader' | 'role' | 'sequence'>;

/** What files of one reader's decisions are called. */
export function fileStemOf({ reader, role }: Reviewer): string {
  return role === 'reader' ? reader : `${reader}.${role}`;
}

/** One reader's decisions in one role; one process at a time writes them. */
export class ReviewStore {
  private readonly folder: string;
  private readonly who: Reviewer;
  private readonly pipelineDigest: string;
  private tail: ReviewRow[];
  private next: number;
  private lastWritten: string | null;
  private queue: Promise<unknown> = Promise.resolve();

  /**
   * @param outputFolder output folder of the run
   * @param rows the reader's decisions so far, in the order of their sequence
   */
  constructor(outputFolder: string, who: Reviewer, pipelineDigest: string, rows: readonly ReviewRow[]) {
    this.folder = path.join(outputFolder, REVIEWS_FOLDER);
    this.who = who;
    this.pipelineDigest = pipelineDigest;
    this.next = (rows.at(-1)?.sequence ?? -1) + 1;
    const first = this.next - (this.next % ROWS_PER_PART);
    this.tail = rows.filter(({ sequence }) => sequence >= first);
    this.lastWritten = this.identify();
    this.removeLeftovers();
  }

  /**
   * Keeps one decision. When this resolves it is flushed to the disk under its final name.
   * @throws ReviewStoreError `reader-busy` when another process has written as this reader, `not-written`
   */
  append(review: NewReview): Promise<ReviewRow> {
    const done = this.queue.then(() => this.write(review));
    this.queue = done.catch(() => {});
    return done;
  }

  private async write(review: NewReview): Promise<ReviewRow> {
    if (this.identify() !== this.lastWritten) {
      throw new ReviewStoreError(
        'reader-busy',
        'Another review page writes as the same reader. Close one of them, or take another --reader.',
      );
    }
    const sequence = this.next;
    const stem = fileStemOf(this.who);
    const row: ReviewRow = {
      ...review,
      ...this.who,
      sequence,
      review: `${stem}-${String(sequence).padStart(8, '0')}`,
    };
    const rows = sequence % ROWS_PER_PART === 0 ? [row] : [...this.tail, row];
    try {
      fs.mkdirSync(this.folder, { recursive: true });
      await writeTable(this.fileOf(sequence), 'reviews', rows, { pipelineDigest: this.pipelineDigest });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      throw new ReviewStoreError('not-written', `The decision could not be written (${code}).`, {
        cause: error,
      });
    }
    this.tail = rows;
    this.next = sequence + 1;
    this.lastWritten = this.identify();
    return row;
  }

  private fileOf(sequence: number): string {
    const part = String(Math.floor(sequence / ROWS_PER_PART)).padStart(5, '0');
    return path.join(this.folder, `${fileStemOf(this.who)}-${part}.parquet`);
  }

  /** Tells whether the files are still as this process left them: the last part, and none after it. */
  private identify(): string {
    const files = [this.next - 1, this.next, this.next + ROWS_PER_PART].filter((sequence) => sequence >= 0);
    return [...new Set(files.map((sequence) => this.fileOf(sequence)))]
      .map((file) => {
        const stat = fs.statSync(file, { throwIfNoEntry: false });
        return stat === undefined ? '-' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
      })
      .join(',');
  }

  /** What a kill in the middle of a write left. */
  private removeLeftovers(): void {
    const prefix = `.${fileStemOf(this.who)}-`;
    for (const name of fs.existsSync(this.folder) ? fs.readdirSync(this.folder) : []) {
      if (name.startsWith(prefix) && isTemporaryName(name))
        fs.rmSync(path.join(this.folder, name), { force: true });
    }
  }
}
