/** QIDO-RS, WADO-RS and STOW-RS (PS3.18 chapter 10): searching, what a study holds, its instances, and storing. */
import { randomBytes } from 'node:crypto';
import { DicomwebError } from './errors.ts';
import { type HttpAnswer, HttpClient, type HttpSettings } from './http.ts';
import { boundaryOf, MultipartReader, type PartSink } from './multipart.ts';

/** What differs between servers. */
export interface ServerHabits {
  /** Whether studies are matched by Modalities in Study; else series tell. */
  matchesModalities: boolean;
  /** Whether descriptions and departments are matched, with wildcards. */
  matchesText: boolean;
  /** Most results of one search; null: as many as asked for. */
  largestPage: number | null;
}

/** Habits by name (docs/sources.md says where they come from). */
export const SERVER_HABITS = {
  generic: { matchesModalities: true, matchesText: true, largestPage: null },
  orthanc: { matchesModalities: true, matchesText: true, largestPage: null },
  dcm4chee: { matchesModalities: true, matchesText: true, largestPage: null },
  google: { matchesModalities: false, matchesText: false, largestPage: 5_000 },
  idc: { matchesModalities: false, matchesText: false, largestPage: 5_000 },
} as const satisfies Record<string, ServerHabits>;

/** Which instances: of a study, of a series, or one. */
export interface RetrieveTarget {
  studyUid: string;
  seriesUid?: string;
  sopUid?: string;
}

/** A data set of the DICOM JSON Model (PS3.18 annex F), as far as searches need it. */
export interface JsonDataset {
  readonly [tag: string]: { vr?: string; Value?: readonly unknown[] } | undefined;
}

/** First value of an attribute as text; undefined where it is missing or empty. */
export function textOf(dataset: JsonDataset, tag: string): string | undefined {
  const value = dataset[tag]?.Value?.[0];
  return value === undefined || value === null || typeof value === 'object'
    ? undefined
    : String(value).trim();
}

const ANY_TRANSFER_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const JSON_TYPE = 'application/dicom+json';
const MAX_JSON_BYTES = 512 * 1024 * 1024;

export class DicomwebClient {
  private readonly base: string;
  private readonly http: HttpClient;
  private readonly pageSize: number;

  constructor(options: { url: string; pageSize: number; habits: ServerHabits; http: HttpSettings }) {
    this.base = options.url.replace(/\/+$/, '');
    this.http = new HttpClient(options.http);
    this.pageSize = Math.min(options.pageSize, options.habits.largestPage ?? options.pageSize);
  }

  /**
   * Everything that a search finds, page by page. Servers that give fewer than asked for say so by Warning 299;
   * servers that know no offset give the first page again, which ends the search.
   * @param path below the base, such as `studies`
   * @param key tag whose value tells results apart
   */
  async *search(
    path: string,
    match: Readonly<Record<string, string>>,
    options: { fields: readonly string[]; key: string; signal: AbortSignal },
  ): AsyncGenerator<JsonDataset> {
    const seen = new Set<string>();
    for (let offset = 0; ; ) {
      const query = new URLSearchParams(match);
      for (const field of options.fields) query.append('includefield', field);
      query.set('limit', String(this.pageSize));
      query.set('offset', String(offset));
      const page = await this.http.get(
        `${this.base}/${path}?${query}`,
        { accept: JSON_TYPE },
        async (answer) => ({ results: await readJsonList(answer), warning: answer.warning }),
        options.signal,
      );
      let fresh = 0;
      for (const result of page.results) {
        const key = textOf(result, options.key);
        // A result without its key is of no use, and one that comes twice is one.
        if (key === undefined || seen.has(key)) continue;
        seen.add(key);
        fresh += 1;
        yield result;
      }
      const mayBeMore = page.results.length >= this.pageSize || /\b299\b/.test(page.warning);
      if (fresh === 0 || !mayBeMore) return;
      offset += page.results.length;
    }
  }

  /** Data sets of a series without bulk data. @throws DicomwebError */
  metadata(target: RetrieveTarget, signal: AbortSignal): Promise<JsonDataset[]> {
    return this.http.get(
      `${this.address(target)}/metadata`,
      { accept: JSON_TYPE },
      (answer) => readJsonList(answer),
      signal,
    );
  }

  /**
   * Instances in the transfer syntax in which they are stored.
   * @param options.etag of an earlier answer: nothing comes if nothing changed
   * @returns ETag of the answer, and whether nothing changed
   * @throws DicomwebError; once an instance came, a broken answer is not asked for again: what is missing can be
   *   asked for by instance
   */
  retrieve(
    target: RetrieveTarget,
    openPart: () => PartSink,
    options: { signal: AbortSignal; etag?: string | null },
  ): Promise<{ etag: string | null; unchanged: boolean }> {
    let taken = 0;
    const open = (): PartSink => {
      const sink = openPart();
      return {
        write: (chunk) => sink.write(chunk),
        abort: () => sink.abort(),
        end() {
          sink.end();
          taken += 1;
        },
      };
    };
    const etag = options.etag ?? null;
    const headers = { accept: ANY_TRANSFER_SYNTAX, ...(etag === null ? {} : { 'if-none-match': etag }) };
    return this.http.get(
      this.address(target),
      headers,
      async (answer) => {
        if (answer.status === 304) return { etag, unchanged: true };
        await readInstances(answer, open);
        return { etag: answer.etag, unchanged: false };
      },
      options.signal,
      { accept: (status) => status === 304 && etag !== null, mayRetry: () => taken === 0 },
    );
  }

  /**
   * Stores one instance, under the study that it names. PS3.18 section 10.5
   * @param file with File Meta
   * @throws DicomwebError `refused` when the server does not take it
   */
  store(file: Uint8Array, signal: AbortSignal): Promise<void> {
    const boundary = randomBytes(16).toString('hex');
    const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
    const body = Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${boundary}--\r\n`)]);
    const headers = {
      accept: JSON_TYPE,
      'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
    };
    const judge = async (answer: HttpAnswer) => {
      const failed = await readFailures(answer);
      if (failed) throw new DicomwebError('refused', answer.status);
    };
    return this.http.post(`${this.base}/studies`, headers, body, judge, signal);
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private address({ studyUid, seriesUid, sopUid }: RetrieveTarget): string {
    const parts = ['studies', studyUid];
    if (seriesUid !== undefined) parts.push('series', seriesUid);
    if (sopUid !== undefined) parts.push('instances', sopUid);
    return [this.base, ...parts.map((part) => encodeURIComponent(part))].join('/');
  }
}

async function readInstances(answer: HttpAnswer, openPart: () => PartSink): Promise<void> {
  const boundary = boundaryOf(answer.contentType);
  if (boundary === null) {
    // Some servers answer for one instance without the multipart around it.
    if (!/^\s*application\/dicom\s*(;|$)/i.test(answer.contentType)) throw new DicomwebError('bad-answer');
    const part = openPart();
    try {
      for await (const chunk of answer.body) part.write(chunk);
    } catch (error) {
      part.abort();
      throw error;
    }
    part.end();
    return;
  }
  const reader = new MultipartReader(boundary, (headers) => {
    const type = headers.get('content-type') ?? 'application/dicom';
    if (!/^application\/dicom\s*(;|$)/i.test(type)) throw new DicomwebError('bad-answer');
    return openPart();
  });
  try {
    for await (const chunk of answer.body) reader.write(chunk);
    reader.finish();
  } catch (error) {
    reader.abort();
    throw error;
  }
}

async function readText(answer: HttpAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_JSON_BYTES) throw new DicomwebError('bad-answer');
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Whether a 2xx answer to a store names an instance that failed: Failed SOP Sequence. PS3.18 table 10.5.3-1, annex I */
async function readFailures(answer: HttpAnswer): Promise<boolean> {
  const text = await readText(answer);
  try {
    const value = JSON.parse(text) as JsonDataset | JsonDataset[] | null;
    const datasets = Array.isArray(value) ? value : [value];
    return datasets.some((dataset) => (dataset?.['00081198']?.Value?.length ?? 0) > 0);
  } catch {
    // No JSON: 200 says that everything was stored, 202 that something may not have been.
    return answer.status === 202;
  }
}

async function readJsonList(answer: HttpAnswer): Promise<JsonDataset[]> {
  const text = await readText(answer);
  // 204: nothing found.
  if (answer.status === 204 || text === '') return [];
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value as JsonDataset[];
  } catch {
    // An answer that was cut off without the connection telling is no JSON either.
    throw new DicomwebError('truncated');
  }
  throw new DicomwebError('bad-answer');
}
