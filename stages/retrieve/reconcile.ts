/** Expected against received: the rows of the table `retrievals`. */
import type { RetrievalRow } from '../../manifest/schema.ts';
import type { RequestRetrieval, SeriesRetrieval, StudyRetrieval } from './retrieval.ts';
import type { RetrievalOutcome, RetrievalReason } from './retrieval-reasons.ts';

/** Listed instances of a series that did not come. */
export function missingOf(series: Pick<SeriesRetrieval, 'expected' | 'instances'>): string[] {
  const received = new Set(series.instances.map(({ sopUid }) => sopUid));
  return (series.expected ?? []).filter((sopUid) => !received.has(sopUid));
}

interface Verdict {
  outcome: RetrievalOutcome;
  reason: RetrievalReason | null;
  expectedCount: number | null;
  receivedCount: number;
  unlistedCount: number;
}

/** What became of a series: what is listed counts, and the announced number where nothing is listed. */
function judgeSeries(series: SeriesRetrieval): Verdict {
  const received = new Set(series.instances.map(({ sopUid }) => sopUid));
  const listed = series.expected === null ? null : new Set(series.expected);
  const expectedCount = listed?.size ?? series.announcedCount;
  const unlistedCount = listed === null ? 0 : [...received].filter((sopUid) => !listed.has(sopUid)).length;
  const counts = { expectedCount, receivedCount: received.size, unlistedCount };
  if (!series.wanted && received.size === 0) return { outcome: 'skipped', reason: 'not-wanted', ...counts };
  const short = Math.max(0, (expectedCount ?? 0) - (received.size - unlistedCount));
  if (short > 0 || (received.size === 0 && series.problem !== null)) {
    const outcome = received.size === 0 ? 'missing' : 'partial';
    return { outcome, reason: series.problem ?? 'not-delivered', ...counts };
  }
  if (received.size === 0) return { outcome: 'missing', reason: 'empty', ...counts };
  const differs = series.announcedCount !== null && series.announcedCount !== received.size;
  return { outcome: 'complete', reason: differs ? 'counts-differ' : null, ...counts };
}

/** What became of a study: as good as its wanted series, and as the list that asked for it says. */
function judgeStudy(study: StudyRetrieval, series: readonly Verdict[]): Verdict {
  const wanted = series.filter(({ outcome }) => outcome !== 'skipped');
  const sum = (of: (verdict: Verdict) => number) => wanted.reduce((total, each) => total + of(each), 0);
  const receivedCount = sum((each) => each.receivedCount);
  const unlistedCount = sum((each) => each.unlistedCount);
  const isKnown = wanted.every((each) => each.expectedCount !== null);
  const listedCount =
    isKnown && (wanted.length > 0 || study.problem === null) ? sum((each) => each.expectedCount!) : null;
  const expectedCount = study.expectedCount ?? listedCount;
  const counts = { expectedCount, receivedCount, unlistedCount };
  if (wanted.length === 0 && series.length > 0)
    return { outcome: 'skipped', reason: 'not-wanted', ...counts };
  const broken = wanted.find(({ outcome }) => outcome !== 'complete');
  const isShort = study.expectedCount !== null && receivedCount < study.expectedCount;
  if (receivedCount === 0)
    return { outcome: 'missing', reason: study.problem ?? broken?.reason ?? 'empty', ...counts };
  if (broken !== undefined || isShort || study.problem !== null) {
    const reason = study.problem ?? broken?.reason ?? 'not-delivered';
    return { outcome: 'partial', reason, ...counts };
  }
  const hasAll = wanted.length === series.length;
  const differs =
    (hasAll && study.announcedCount !== null && study.announcedCount !== receivedCount) ||
    wanted.some(({ reason }) => reason === 'counts-differ');
  return { outcome: 'complete', reason: differs ? 'counts-differ' : null, ...counts };
}

/**
 * A row for each study that was asked for, found or not, and one for each of its series.
 * @param pseudonymOf of a UID
 */
export function retrievalRows(
  { requestKey, studies, problem }: RequestRetrieval,
  pseudonymOf: (uid: string) => string,
): RetrievalRow[] {
  if (studies.length === 0) {
    const verdict = { expectedCount: null, receivedCount: 0, unlistedCount: 0 };
    const row = rowOf(requestKey, { outcome: 'missing', reason: problem ?? 'not-found', ...verdict });
    return [{ ...row, level: 'study' }];
  }
  return studies.flatMap((study) => {
    const verdicts = study.series.map(judgeSeries);
    const ofStudy = {
      ...rowOf(requestKey, judgeStudy(study, verdicts)),
      study_instance_uid: pseudonymOf(study.studyUid),
    };
    return [
      { ...ofStudy, level: 'study' as const, announced_count: study.announcedCount },
      ...study.series.map((series, index) => ({
        ...rowOf(requestKey, verdicts[index]!),
        level: 'series' as const,
        study_instance_uid: pseudonymOf(study.studyUid),
        series_instance_uid: pseudonymOf(series.seriesUid),
        modality: series.modality,
        announced_count: series.announcedCount,
      })),
    ];
  });
}

function rowOf(requestKey: string, verdict: Verdict): RetrievalRow {
  return {
    request: requestKey,
    level: 'series',
    study_instance_uid: null,
    series_instance_uid: null,
    modality: null,
    outcome: verdict.outcome,
    reason: verdict.reason,
    announced_count: null,
    expected_count: verdict.expectedCount,
    received_count: verdict.receivedCount,
    unlisted_count: verdict.unlistedCount,
  };
}
