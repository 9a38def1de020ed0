/** What the program asks of a source that gives studies over a network. Adapters: DICOMweb, DIMSE, the inbox. */
import type { StudyQuery } from '../../pipelines/source-schema.ts';
import type { RetrievalReason } from '../../stages/retrieve/retrieval-reasons.ts';

/** Which studies. Private but for a query: identifiers. */
export type StudyMatch = { studyUid: string } | { accessionNumber: string } | StudyQuery;

export interface FoundStudy {
  studyUid: string;
  /** Number of Study Related Instances; null where the source does not say. */
  announcedCount: number | null;
  /** Of a study that may still be coming in: how many instances came so far. */
  arriving?: number;
}

export interface FoundSeries {
  seriesUid: string;
  modality: string | null;
  /** Number of Series Related Instances; null where the source does not say. */
  announcedCount: number | null;
}

export interface RetrieveTarget {
  studyUid: string;
  seriesUid?: string;
  sopUid?: string;
}

/** Takes one instance, a whole file of PS3.10, piece by piece. */
export interface ObjectSink {
  write(chunk: Uint8Array): void;
  end(): void;
  abort(): void;
}

export interface StudySource {
  findStudies(match: StudyMatch, signal: AbortSignal): AsyncIterable<FoundStudy>;
  findSeries(studyUid: string, signal: AbortSignal): Promise<FoundSeries[]>;
  /** SOP Instance UIDs, each once; null where the source cannot list them. */
  findInstances(studyUid: string, seriesUid: string, signal: AbortSignal): Promise<string[] | null>;
  /**
   * @param options.etag of an earlier answer: where nothing changed since, nothing comes
   * @throws SourceError when less than everything came
   */
  retrieve(
    target: RetrieveTarget,
    openObject: (sopUid?: string) => ObjectSink,
    options: { signal: AbortSignal; etag: string | null },
  ): Promise<{ etag: string | null; unchanged: boolean }>;
  /** Whether the source answers at all. @throws SourceError */
  echo(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** `unreachable` and `unauthorized` concern everything that is asked; the others are about what was asked for. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: RetrievalReason | 'unreachable' | 'unauthorized';

  constructor(code: SourceError['code']) {
    super(code);
    this.code = code;
  }
}
