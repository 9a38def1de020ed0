/** A PACS by DICOMweb. */
import {
  DicomwebClient,
  type JsonDataset,
  SERVER_HABITS,
  type ServerHabits,
  textOf,
} from '../../dicomweb/client.ts';
import { DicomwebError } from '../../dicomweb/errors.ts';
import type { HttpSettings } from '../../dicomweb/http.ts';
import type { DicomwebSource } from '../../pipelines/source-schema.ts';
import { dateRange, matchesQuery } from '../../stages/retrieve/matches-query.ts';
import type { FoundStudy, StudyMatch, StudySource } from './port.ts';
import { SourceError } from './port.ts';

const T = {
  studyDate: '00080020',
  accessionNumber: '00080050',
  modality: '00080060',
  modalitiesInStudy: '00080061',
  sopInstanceUid: '00080018',
  department: '00081040',
  studyDescription: '00081030',
  studyInstanceUid: '0020000D',
  seriesInstanceUid: '0020000E',
  studyInstances: '00201208',
  seriesInstances: '00201209',
} as const;

/** @param connection address and secrets (credentials.ts) */
export function openDicomweb(
  source: DicomwebSource,
  connection: { url: string } & Pick<HttpSettings, 'authorization' | 'tls'>,
): StudySource {
  const habits: ServerHabits = SERVER_HABITS[source.server];
  const { retry, throttle } = source;
  const client = new DicomwebClient({
    url: connection.url,
    pageSize: source.page_size,
    habits,
    http: {
      authorization: connection.authorization,
      tls: connection.tls,
      attempts: retry.attempts,
      firstWaitMs: retry.first_wait_s * 1000,
      longestWaitMs: retry.longest_wait_s * 1000,
      timeoutMs: retry.timeout_s * 1000,
      perSecond: throttle.per_second,
    },
  });

  const source_: StudySource = {
    async *findStudies(match, signal) {
      const query = 'by' in match ? match : null;
      const fields: string[] = [T.studyDate, T.studyInstances];
      if (query !== null) fields.push(T.modalitiesInStudy, T.studyDescription, T.department);
      const found = client.search('studies', parametersOf(match, habits), {
        fields,
        key: T.studyInstanceUid,
        signal,
      });
      try {
        for await (const result of found) {
          if (!isAskedFor(result, match)) continue;
          const study = {
            studyUid: textOf(result, T.studyInstanceUid)!,
            announcedCount: numberOf(result, T.studyInstances),
          };
          const { modalities = [] } = query ?? {};
          const told = result[T.modalitiesInStudy]?.Value?.length ?? 0;
          const isLeft = modalities.length > 0 && told === 0;
          if (isLeft && !(await holdsModality(study, modalities, signal))) continue;
          yield study;
        }
      } catch (error) {
        throw toSourceError(error);
      }
    },
    async findSeries(studyUid, signal) {
      try {
        const series = [];
        const found = client.search(
          `studies/${encodeURIComponent(studyUid)}/series`,
          {},
          { fields: [T.seriesInstances], key: T.seriesInstanceUid, signal },
        );
        for await (const result of found) {
          series.push({
            seriesUid: textOf(result, T.seriesInstanceUid)!,
            modality: textOf(result, T.modality) ?? null,
            announcedCount: numberOf(result, T.seriesInstances),
          });
        }
        return series;
      } catch (error) {
        // Some servers answer 404 for a study that they do not have.
        if (error instanceof DicomwebError && error.code === 'not-found') return [];
        throw toSourceError(error);
      }
    },
    async findInstances(studyUid, seriesUid, signal) {
      try {
        if (source.expect_by === 'metadata') {
          const datasets = await client.metadata({ studyUid, seriesUid }, signal);
          return [...new Set(datasets.flatMap((dataset) => textOf(dataset, T.sopInstanceUid) ?? []))];
        }
        const uids: string[] = [];
        const path = `studies/${encodeURIComponent(studyUid)}/series/${encodeURIComponent(seriesUid)}/instances`;
        for await (const result of client.search(path, {}, { fields: [], key: T.sopInstanceUid, signal }))
          uids.push(textOf(result, T.sopInstanceUid)!);
        return uids;
      } catch (error) {
        if (error instanceof DicomwebError && error.code === 'not-found') return [];
        if (error instanceof DicomwebError && error.code === 'refused') return null;
        throw toSourceError(error);
      }
    },
    async retrieve(target, openObject, options) {
      try {
        return await client.retrieve(target, () => openObject(target.sopUid), options);
      } catch (error) {
        throw toSourceError(error);
      }
    },
    async echo(signal) {
      try {
        const options = { fields: [], key: T.studyInstanceUid, signal };
        // A search for one study that hardly exists: right address, right secret, right protocol.
        for await (const _ of client.search('studies', { StudyInstanceUID: '2.25.0' }, options)) break;
      } catch (error) {
        throw toSourceError(error);
      }
    },
    close: () => client.close(),
  };

  async function holdsModality(
    study: FoundStudy,
    modalities: readonly string[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const series = await source_.findSeries(study.studyUid, signal);
    return (
      series.length === 0 || series.some(({ modality }) => modality !== null && modalities.includes(modality))
    );
  }

  return source_;
}

function parametersOf(match: StudyMatch, habits: ServerHabits): Record<string, string> {
  if ('studyUid' in match) return { StudyInstanceUID: match.studyUid };
  if ('accessionNumber' in match) return { AccessionNumber: match.accessionNumber };
  const range = dateRange(match);
  const { modalities = [], study_description: description, department } = match;
  // One value alone: servers differ in what they make of several; the answers are held to the query anyway.
  const [modality] = modalities.length === 1 && habits.matchesModalities ? modalities : [];
  return {
    ...(range === undefined ? {} : { StudyDate: range }),
    ...(modality === undefined ? {} : { ModalitiesInStudy: modality }),
    ...(description === undefined || !habits.matchesText ? {} : { StudyDescription: description }),
    ...(department === undefined || !habits.matchesText ? {} : { InstitutionalDepartmentName: department }),
  };
}

function isAskedFor(result: JsonDataset, match: StudyMatch): boolean {
  if ('studyUid' in match) return textOf(result, T.studyInstanceUid) === match.studyUid;
  if ('accessionNumber' in match) {
    const told = textOf(result, T.accessionNumber);
    return told === undefined || told === match.accessionNumber;
  }
  return matchesQuery(factsOf(result), match);
}

function factsOf(result: JsonDataset): Parameters<typeof matchesQuery>[0] {
  return {
    studyDate: textOf(result, T.studyDate),
    modalities: result[T.modalitiesInStudy]?.Value?.map(String),
    studyDescription: textOf(result, T.studyDescription),
    department: textOf(result, T.department),
  };
}

function numberOf(result: JsonDataset, tag: string): number | null {
  const text = textOf(result, tag);
  const value = Number(text);
  return text === undefined || text === '' || !Number.isInteger(value) || value < 0 ? null : value;
}

/** A 404 while instances are asked for: listed, but not there. */
function toSourceError(error: unknown): unknown {
  if (!(error instanceof DicomwebError)) return error;
  return new SourceError(error.code === 'not-found' ? 'not-delivered' : error.code);
}
