/**
 * multipart/related as it streams in (RFC 2046 section 5.1, RFC 2387; PS3.18 section 8.6.1.2.1): parts of any size
 * through a buffer that holds no more than a boundary or a part's headers.
 */
import { DicomwebError } from './errors.ts';

const MAX_HEADER_BYTES = 16 * 1024;
const BREAK = Buffer.from('\r\n\r\n');

/** Takes one part. `end` is called for whole parts alone; a part that is cut off ends in `abort`. */
export interface PartSink {
  write(chunk: Uint8Array): void;
  end(): void;
  abort(): void;
}

/** The boundary of a Content-Type, or null when that is no multipart. */
export function boundaryOf(contentType: string): string | null {
  if (!/^\s*multipart\/related\s*(;|$)/i.test(contentType)) return null;
  const match = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
}

/** Splits a body into parts. Feed it chunks, then call `finish`. */
export class MultipartReader {
  private readonly delimiter: Buffer;
  private readonly openPart: (headers: ReadonlyMap<string, string>) => PartSink;
  private state: 'preamble' | 'after-delimiter' | 'headers' | 'body' | 'done' = 'preamble';
  // The first delimiter may stand at the very beginning, without the line end that precedes the others.
  private rest: Buffer = Buffer.from('\r\n');
  private part: PartSink | null = null;

  constructor(boundary: string, openPart: (headers: ReadonlyMap<string, string>) => PartSink) {
    this.delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.openPart = openPart;
  }

  /** @throws DicomwebError bad-answer, and whatever a sink throws */
  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    while (this.step());
  }

  /** @throws DicomwebError truncated when the closing delimiter has not come */
  finish(): void {
    if (this.state === 'done') return;
    this.abort();
    throw new DicomwebError('truncated');
  }

  /** Gives up a part that is under way. */
  abort(): void {
    this.part?.abort();
    this.part = null;
  }

  /** @returns whether there may be more to do with what is in the buffer */
  private step(): boolean {
    switch (this.state) {
      case 'preamble':
        return this.toDelimiter(() => {});
      case 'body':
        return this.toDelimiter((bytes) => this.part?.write(bytes));
      case 'after-delimiter':
        return this.afterDelimiter();
      case 'headers':
        return this.headers();
      case 'done':
        this.rest = Buffer.alloc(0);
        return false;
    }
  }

  private toDelimiter(take: (bytes: Buffer) => void): boolean {
    const at = this.rest.indexOf(this.delimiter);
    if (at < 0) {
      const safe = this.rest.length - this.delimiter.length + 1;
      if (safe <= 0) return false;
      take(this.rest.subarray(0, safe));
      // A copy: the rest must not keep a whole chunk alive.
      this.rest = Buffer.from(this.rest.subarray(safe));
      return false;
    }
    if (at > 0) take(this.rest.subarray(0, at));
    this.rest = this.rest.subarray(at + this.delimiter.length);
    const part = this.part;
    this.part = null;
    part?.end();
    this.state = 'after-delimiter';
    return true;
  }

  private afterDelimiter(): boolean {
    if (this.rest.length < 2) return false;
    if (this.rest[0] === 0x2d && this.rest[1] === 0x2d) {
      this.state = 'done';
      return true;
    }
    // White space may follow a delimiter up to the end of its line.
    const end = this.rest.indexOf('\r\n');
    if (end < 0) {
      if (this.rest.length > 1024) throw new DicomwebError('bad-answer');
      return false;
    }
    // The line end stays: it is the first half of the break of a part without headers.
    this.rest = this.rest.subarray(end);
    this.state = 'headers';
    return true;
  }

  private headers(): boolean {
    const end = this.rest.indexOf(BREAK);
    if (end < 0) {
      if (this.rest.length > MAX_HEADER_BYTES) throw new DicomwebError('bad-answer');
      return false;
    }
    const headers = new Map<string, string>();
    for (const line of this.rest.toString('latin1', 0, end).split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    // The break's second line end stays in front of the body: a delimiter may follow at once.
    this.rest = this.rest.subarray(end + BREAK.length);
    this.part = this.openPart(headers);
    this.state = 'body';
    return true;
  }
}
