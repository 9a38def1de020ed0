/** What was asked for, what is expected and what came. Private: it holds the source's UIDs. */
import type { RetrievalReason } from './retrieval-reasons.ts';

/** One study that somebody wants. */
export interface StudyRequest {
  /** Keyed hash of what is asked for: 32 hexadecimal digits. */
  requestKey: string;
  match: { studyUid: string } | { accessionNumber: string };
  /** How many instances the study has, where the list says so. */
  expectedCount: number | null;
}

/** An instance that lies in the private state. */
export interface RetrievedInstance {
  sopUid: string;
  sourceKey: string;
  /** `STUDY/SERIES/INSTANCE.dcm` of UIDs: what its source key is made from, as if it were a file. */
  path: string;
  bytes: number;
  mtimeMs: number;
}

/** One series of a study. */
export interface SeriesRetrieval {
  seriesUid: string;
  modality: string | null;
  wanted: boolean;
  /** Number of instances by the source's own count. */
  announcedCount: number | null;
  /** SOP Instance UIDs that the source lists; null where it cannot list them. */
  expected: string[] | null;
  instances: RetrievedInstance[];
  /** What went wrong last; told where something is missing. */
  problem: RetrievalReason | null;
  /** Of the answer that held the series. */
  etag: string | null;
}

/** One study that a request found. */
export interface StudyRetrieval {
  studyUid: string;
  announcedCount: number | null;
  expectedCount: number | null;
  series: SeriesRetrieval[];
  problem: RetrievalReason | null;
}

/** What a request came to. */
export interface RequestRetrieval {
  requestKey: string;
  studies: StudyRetrieval[];
  /** Why there are no studies. */
  problem: RetrievalReason | null;
}
