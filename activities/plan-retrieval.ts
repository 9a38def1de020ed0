/** What a run over a PACS would ask for, from searches alone: nothing is retrieved. */
import type { RetrievedSource } from '../pipelines/source-schema.ts';
import { readRequestList, sourceFailureOf } from './retrieve.ts';
import type { FoundStudy, StudyMatch, StudySource } from './sources/port.ts';

/** Counts as the source announces them; instances of series that announce none are not in them. */
export interface RetrievalForecast {
  requests: number;
  /** Requests for which the source knows no study. */
  notFound: number;
  studies: number;
  /** By modality; `unknown` where the source does not say. */
  modalities: Record<string, { series: number; instances: number; wanted: boolean }>;
}

/** @throws StageFailure when the source cannot be asked */
export async function forecastRetrieval(
  source: StudySource,
  spec: RetrievedSource,
  inputPath: string,
  signal: AbortSignal,
): Promise<RetrievalForecast> {
  const forecast: RetrievalForecast = { requests: 0, notFound: 0, studies: 0, modalities: {} };
  const listed = readRequestList(spec, inputPath);
  const all: StudyMatch = spec.type === 'inbox' || spec.select.by !== 'query' ? { by: 'query' } : spec.select;
  const matches = listed === null ? [all] : listed.map(({ match }) => match);
  const seen = new Set<string>();
  try {
    for (const match of matches) {
      let found = 0;
      for await (const study of source.findStudies(match, signal)) {
        found += 1;
        if (seen.has(study.studyUid)) continue;
        seen.add(study.studyUid);
        await countSeries(study);
      }
      forecast.requests += listed === null ? found : 1;
      if (listed !== null && found === 0) forecast.notFound += 1;
    }
  } catch (error) {
    throw sourceFailureOf(error);
  }
  return forecast;

  async function countSeries({ studyUid }: FoundStudy): Promise<void> {
    forecast.studies += 1;
    for (const { modality, announcedCount } of await source.findSeries(studyUid, signal)) {
      const name = modality ?? 'unknown';
      const { modalities } = spec.series;
      const wanted = modality === null || modalities.length === 0 || modalities.includes(modality);
      const counts = forecast.modalities[name] ?? { series: 0, instances: 0, wanted };
      forecast.modalities[name] = counts;
      counts.series += 1;
      counts.instances += announcedCount ?? 0;
    }
  }
}
