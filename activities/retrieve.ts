/**
 * retrieve: what a PACS holds of the wanted studies comes into the private state, sealed; what could not be had is
 * remembered with its reason. Runs on the thread of the worker: it waits for the network, and seals as it comes.
 */
import fs from 'node:fs';
import path from 'node:path';
import { isRetrieved } from '../pipelines/source-kinds.ts';
import type { RetrievedSource } from '../pipelines/source-schema.ts';
import { msUntilAllowed } from '../stages/retrieve/allowed-hours.ts';
import { readList } from '../stages/retrieve/read-list.ts';
import { retrievalRows } from '../stages/retrieve/reconcile.ts';
import type { RequestRetrieval, StudyRequest, StudyRetrieval } from '../stages/retrieve/retrieval.ts';
import type { StageContext } from './context.ts';
import { StageFailure } from './failures.ts';
import { retrieveStudy } from './retrieve-study.ts';
import { inboxFolderOf } from './sources/inbox.ts';
import { SourceError, type StudyMatch, type StudySource } from './sources/port.ts';
import { inboxPlace } from './store/inbox.ts';
import type { IntakePlace } from './store/intake.ts';

/** What an activity of the retrieval works with. */
export interface RetrievalTools {
  context: StageContext;
  source: StudySource;
  signal: AbortSignal;
  now(): Date;
}

/** Either done, or to be asked again once the allowed hours begin. */
export type OrWait<Result> = Result | { waitMs: number };

/** Names the requests of a run: those of the list, or the studies that the query finds. */
export async function planRetrieval(tools: RetrievalTools): Promise<OrWait<{ requests: number }>> {
  const { context, source, signal } = tools;
  const { files, pseudonymizer } = context;
  const spec = sourceOf(context);
  const waitMs = waitOf(spec, tools.now());
  if (waitMs > 0) return { waitMs };
  const requestOf = (match: StudyRequest['match'], expectedCount: number | null): StudyRequest => {
    const [kind, value] =
      'studyUid' in match ? ['study', match.studyUid] : ['accession', match.accessionNumber];
    return { requestKey: pseudonymizer.sourceKey(`request/${kind}/${value}`, null), match, expectedCount };
  };
  const requests: StudyRequest[] = [];
  const listed = readRequestList(spec, (await files.readSettings()).input);
  if (listed !== null) {
    for (const { match, expectedCount } of listed) requests.push(requestOf(match, expectedCount));
  } else {
    const match: StudyMatch = spec.type === 'inbox' ? { by: 'query' } : queryOf(spec);
    try {
      for await (const { studyUid } of source.findStudies(match, signal))
        requests.push(requestOf({ studyUid }, null));
    } catch (error) {
      throw sourceFailureOf(error);
    }
  }
  requests.sort((a, b) => (a.requestKey < b.requestKey ? -1 : 1));
  await files.writeSealed(files.names.retrievalPlan, requests);
  return { requests: requests.length };
}

/** The requests of a list; null when the spec has a query. */
export function readRequestList(
  spec: RetrievedSource,
  inputPath: string,
): { match: StudyRequest['match']; expectedCount: number | null }[] | null {
  const by = spec.type === 'inbox' ? (inputPath === '' ? null : 'study_list') : spec.select.by;
  if (by === null || by === 'query') return null;
  let text: string;
  try {
    text = fs.readFileSync(inputPath, 'utf8');
  } catch {
    throw new StageFailure('input-missing', 'environment', 'The list of studies is not there (any more).');
  }
  return readList(text, by).map(({ value, expectedCount }) => ({
    match: by === 'study_list' ? { studyUid: value } : { accessionNumber: value },
    expectedCount,
  }));
}

/**
 * Retrieves what one request asks for. What came before is not asked for again, unless the source says that it
 * changed; a source that gives nothing for a study is remembered with its reason.
 * @throws StageFailure `source-unreachable`, `source-refuses-us`: concerning every study, so the run waits or ends
 */
export async function retrieveRequest(
  tools: RetrievalTools,
  index: number,
): Promise<OrWait<{ studies: number; instances: number }>> {
  const { context, source, signal } = tools;
  const { files } = context;
  const spec = sourceOf(context);
  const waitMs = waitOf(spec, tools.now());
  if (waitMs > 0) return { waitMs };
  const request = (await files.readSealed<StudyRequest[]>(files.names.retrievalPlan))?.[index];
  if (request === undefined)
    throw new StageFailure('listing-missing', 'transient', 'The plan of the retrieval is missing.');
  const name = files.names.retrieval(request.requestKey);
  const before = await files.readSealed<RequestRetrieval>(name);
  const result: RequestRetrieval = { requestKey: request.requestKey, studies: [], problem: null };
  try {
    for await (const found of source.findStudies(request.match, signal)) {
      const known = before?.studies.find(({ studyUid }) => studyUid === found.studyUid) ?? null;
      const options = { spec, place: placeOf(context, spec), expectedCount: request.expectedCount };
      result.studies.push(await retrieveStudy(source, found, known, { ...options, signal }));
    }
    if (result.studies.length === 0) result.problem = 'not-found';
  } catch (error) {
    const failure = sourceFailureOf(error);
    if (!(error instanceof SourceError) || isFatal(error)) throw failure;
    // The search for the study failed for good; what came before stays.
    result.problem = error.code as RequestRetrieval['problem'];
    if (result.studies.length === 0) result.studies = before?.studies ?? [];
  }
  result.studies.sort((a, b) => (a.studyUid < b.studyUid ? -1 : 1));
  await files.writeSealed(name, result);
  const instances = result.studies.reduce((sum, study) => sum + countInstances(study), 0);
  return { studies: result.studies.length, instances };
}

/** What the requests of a run's plan came to, in order of their keys. */
export async function* readRetrievals(context: StageContext): AsyncGenerator<RequestRetrieval> {
  const { files } = context;
  for (const { requestKey } of (await files.readSealed<StudyRequest[]>(files.names.retrievalPlan)) ?? []) {
    const retrieval = await files.readSealed<RequestRetrieval>(files.names.retrieval(requestKey));
    if (retrieval === null)
      throw new StageFailure('listing-missing', 'transient', 'The result of a request is missing.');
    yield retrieval;
  }
}

/** Rows of the table `retrievals`. */
export async function rowsOfRetrieval(context: StageContext): Promise<ReturnType<typeof retrievalRows>> {
  const rows: ReturnType<typeof retrievalRows> = [];
  for await (const retrieval of readRetrievals(context))
    rows.push(...retrievalRows(retrieval, (uid) => context.pseudonymizer.uid(uid)));
  return rows;
}

/** Removes what no request of the plan names any more. */
export function tidyRetrieved(context: StageContext, isNamed: (sourceKey: string) => boolean): void {
  const { files } = context;
  const folder = files.localPath('retrieved');
  if (!fs.existsSync(folder)) return;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && !isNamed(entry.name.replace(/\.sealed$/, '')))
      fs.rmSync(path.join(entry.parentPath, entry.name), { force: true });
  }
}

function placeOf(context: StageContext, spec: RetrievedSource): IntakePlace {
  const { files, pseudonymizer } = context;
  if (!files.isLocal) {
    const message = 'What a PACS gives comes into a state folder: it cannot come into a bucket yet.';
    throw new StageFailure('retrieval-needs-folder', 'environment', message);
  }
  if (spec.type === 'inbox') return inboxPlace(inboxFolderOf(context, spec), context);
  return {
    sealer: files.sealer,
    fileOf: (sourceKey) => files.localPath(files.names.retrieved(sourceKey)),
    sourceKey: pseudonymizer.sourceKey,
    maxBytes: spec.max_instance_bytes,
  };
}

function sourceOf({ pipeline }: StageContext): RetrievedSource {
  if (!isRetrieved(pipeline.source)) throw new Error('this pipeline reads files');
  return pipeline.source;
}

function queryOf(spec: Exclude<RetrievedSource, { type: 'inbox' }>): StudyMatch {
  if (spec.select.by !== 'query') throw new Error('a list is not a query');
  return spec.select;
}

function waitOf(spec: RetrievedSource, now: Date): number {
  return spec.type === 'inbox' ? 0 : msUntilAllowed(spec.throttle.hours, now);
}

function countInstances(study: StudyRetrieval): number {
  return study.series.reduce((sum, { instances }) => sum + instances.length, 0);
}

/** Whether an error says that nothing at all can be had, rather than that one thing cannot. */
function isFatal(error: SourceError): boolean {
  return error.code === 'unreachable' || error.code === 'unauthorized';
}

/** The house's word for what a source said; anything else as it is. */
export function sourceFailureOf(error: unknown): unknown {
  if (!(error instanceof SourceError)) return error;
  if (error.code === 'unauthorized') {
    const message = 'The source refuses us; check the secrets in the environment (docs/sources.md).';
    return new StageFailure('source-refuses-us', 'environment', message);
  }
  const message =
    error.code === 'unreachable'
      ? 'The source does not answer; check its address and the network.'
      : `The search of the source failed: ${error.code}.`;
  return new StageFailure(
    error.code === 'unreachable' ? 'source-unreachable' : 'search-failed',
    'environment',
    message,
  );
}
