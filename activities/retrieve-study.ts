/** All of a study from a source: list, retrieve, ask for what is missing, list again. */
import type { RetrievedSource } from '../pipelines/source-schema.ts';
import { missingOf } from '../stages/retrieve/reconcile.ts';
import type { SeriesRetrieval, StudyRetrieval } from '../stages/retrieve/retrieval.ts';
import type { RetrievalReason } from '../stages/retrieve/retrieval-reasons.ts';
import {
  type FoundSeries,
  type FoundStudy,
  type ObjectSink,
  type RetrieveTarget,
  SourceError,
  type StudySource,
} from './sources/port.ts';
import {
  type AssumedIdentity,
  beginInstance,
  findTaken,
  type IntakePlace,
  type TakenInstance,
} from './store/intake.ts';

/** After so many instances in a row that could not be had, the rest of a series is not asked for one by one. */
const PATIENCE = 3;

interface StudyOptions {
  spec: RetrievedSource;
  place: IntakePlace;
  /** Number of instances by the list that asks for the study. */
  expectedCount: number | null;
  signal: AbortSignal;
}

/**
 * Brings a study's instances into the private state.
 * @param known what an earlier run or attempt made of it
 * @throws SourceError when the source gives nothing at all any more (unreachable, unauthorized)
 */
export async function retrieveStudy(
  source: StudySource,
  found: FoundStudy,
  known: StudyRetrieval | null,
  options: StudyOptions,
): Promise<StudyRetrieval> {
  return new StudyIntake(source, found, known, options).run();
}

class StudyIntake {
  private readonly source: StudySource;
  private readonly options: StudyOptions;
  private readonly found: FoundStudy;
  private readonly known: StudyRetrieval | null;
  private readonly series = new Map<string, SeriesRetrieval>();
  /** Digest of what came in this attempt, by path. */
  private readonly digests = new Map<string, string>();
  private lastProblem: RetrievalReason | null = null;

  constructor(source: StudySource, found: FoundStudy, known: StudyRetrieval | null, options: StudyOptions) {
    this.source = source;
    this.found = found;
    this.known = known;
    this.options = options;
  }

  async run(): Promise<StudyRetrieval> {
    const { studyUid, announcedCount, arriving } = this.found;
    const { expectedCount } = this.options;
    // What a list expects makes a study complete before its time.
    if (arriving !== undefined && (expectedCount === null || arriving < expectedCount))
      return { studyUid, announcedCount, expectedCount, series: [], problem: 'still-arriving' };
    let problem: RetrievalReason | null = null;
    try {
      await this.listSeries();
      for (const series of this.series.values()) if (series.wanted) await this.listInstances(series);
      await this.retrieveAll();
      await this.retrieveMissing();
      // What came while we were busy, and series that were only counted at first.
      await this.listSeries();
      for (const series of this.series.values()) if (series.wanted) await this.listInstances(series);
      await this.retrieveMissing();
    } catch (error) {
      problem = this.noteProblem(error);
    }
    const series = [...this.series.values()].sort((a, b) => (a.seriesUid < b.seriesUid ? -1 : 1));
    for (const each of series) each.instances.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { studyUid, announcedCount, expectedCount, series, problem };
  }

  private async listSeries(): Promise<void> {
    const { signal, spec } = this.options;
    for (const found of await this.source.findSeries(this.found.studyUid, signal)) {
      const series = this.series.get(found.seriesUid);
      if (series !== undefined) {
        series.announcedCount = found.announcedCount;
        continue;
      }
      const { modalities } = spec.series;
      const wanted =
        modalities.length === 0 || found.modality === null || modalities.includes(found.modality);
      this.series.set(found.seriesUid, { ...emptySeries(found), wanted });
    }
  }

  /** Lists a series; what came in an earlier attempt is found in the private state. */
  private async listInstances(series: SeriesRetrieval): Promise<void> {
    const { place, signal } = this.options;
    const { studyUid } = this.found;
    const { seriesUid } = series;
    try {
      series.expected = await this.source.findInstances(studyUid, seriesUid, signal);
    } catch (error) {
      series.problem = this.noteProblem(error);
    }
    const known = this.known?.series.find((each) => each.seriesUid === seriesUid);
    series.etag ??= known?.etag ?? null;
    const there = new Set(series.instances.map(({ path }) => path));
    const uids = [...(series.expected ?? []), ...(known?.instances.map(({ sopUid }) => sopUid) ?? [])];
    for (const sopUid of new Set(uids)) {
      const taken = findTaken(place, { studyUid, seriesUid, sopUid });
      series.instances.push(...taken.filter(({ path }) => !there.has(path)));
    }
  }

  /** Asks for the whole study, for each series, or for nothing yet, as the spec says. */
  private async retrieveAll(): Promise<void> {
    const { spec } = this.options;
    const by = spec.type === 'inbox' ? 'study' : spec.retrieve_by;
    const { studyUid } = this.found;
    const open = [...this.series.values()].filter((series) => series.wanted && this.isOpen(series));
    if (by === 'study' && open.length > 0 && [...this.series.values()].every(({ wanted }) => wanted)) {
      await this.ask({ studyUid }, open);
      return;
    }
    if (by === 'instance') return;
    for (const series of open) await this.ask({ studyUid, seriesUid: series.seriesUid }, [series]);
  }

  /** Whether something of a series is missing, or an ETag can tell that it changed. */
  private isOpen(series: SeriesRetrieval): boolean {
    if (series.etag !== null || series.expected === null) return true;
    return missingOf(series).length > 0;
  }

  /** Asks for each instance that is listed and did not come. */
  private async retrieveMissing(): Promise<void> {
    const { studyUid } = this.found;
    for (const series of this.series.values()) {
      if (!series.wanted) continue;
      let failures = 0;
      for (const sopUid of missingOf(series)) {
        if (failures >= PATIENCE) break;
        const before = series.problem;
        series.problem = null;
        await this.ask({ studyUid, seriesUid: series.seriesUid, sopUid }, [series]);
        const problem = series.problem as RetrievalReason | null;
        // An answer without what was asked for is no failure of the line.
        failures =
          problem === null || problem === 'not-delivered' || problem === 'refused' ? 0 : failures + 1;
        series.problem = problem ?? before;
      }
      if (missingOf(series).length > 0) series.problem ??= 'not-delivered';
    }
  }

  private async ask(target: RetrieveTarget, asked: readonly SeriesRetrieval[]): Promise<void> {
    const { signal } = this.options;
    const [first] = asked;
    const isSeries = target.seriesUid !== undefined && target.sopUid === undefined;
    // An ETag stands for the whole series: it tells nothing while something is missing.
    const etag = isSeries && first !== undefined && missingOf(first).length === 0 ? first.etag : null;
    try {
      const answer = await this.source.retrieve(target, (sopUid) => this.openObject({ ...target, sopUid }), {
        signal,
        etag,
      });
      if (isSeries && first !== undefined) first.etag = answer.etag;
    } catch (error) {
      const problem = this.noteProblem(error);
      for (const series of asked) series.problem = problem;
    }
    if (this.lastProblem === 'too-large') for (const series of asked) series.problem = 'too-large';
    this.lastProblem = null;
  }

  private openObject(assumed: AssumedIdentity): ObjectSink {
    const writer = beginInstance(this.options.place, assumed, (path, digest) => {
      const known = this.digests.get(path);
      return known === undefined ? 'new' : known === digest ? 'same' : 'other';
    });
    return {
      write: (chunk) => writer.write(chunk),
      abort: () => writer.abort(),
      end: () => {
        const taken = writer.end();
        if (taken === 'too-large') this.lastProblem = 'too-large';
        else this.take(taken, assumed);
      },
    };
  }

  private take(taken: TakenInstance, assumed: AssumedIdentity): void {
    const { studyUid, seriesUid, digest, modality, ...instance } = taken;
    this.digests.set(instance.path, digest);
    // What says that it is of another study counts where it was asked for.
    const own = studyUid === this.found.studyUid ? seriesUid : (assumed.seriesUid ?? seriesUid);
    let series = this.series.get(own);
    if (series === undefined) {
      series = { ...emptySeries({ seriesUid: own, modality, announcedCount: null }), expected: [] };
      this.series.set(own, series);
    }
    const at = series.instances.findIndex(({ path }) => path === instance.path);
    if (at < 0) series.instances.push(instance);
    else series.instances[at] = instance;
  }

  /** @throws the error when it concerns more than what was asked for */
  private noteProblem(error: unknown): RetrievalReason {
    if (!(error instanceof SourceError)) throw error;
    if (error.code === 'unreachable' || error.code === 'unauthorized') throw error;
    return error.code;
  }
}

function emptySeries({ seriesUid, modality, announcedCount }: FoundSeries): SeriesRetrieval {
  return {
    seriesUid,
    modality,
    wanted: true,
    announcedCount,
    expected: null,
    instances: [],
    problem: null,
    etag: null,
  };
}
