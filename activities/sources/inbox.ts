/** What the receiver took in, as a source: nothing is asked of anybody. */
import path from 'node:path';
import type { InboxSource } from '../../pipelines/source-schema.ts';
import type { StageContext } from '../context.ts';
import { type InboxRecord, inboxFolder, inboxPlace, readInbox, readInboxStudy } from '../store/inbox.ts';
import type { FoundStudy, StudySource } from './port.ts';

/** The folder of the inbox that a run reads. */
export function inboxFolderOf({ files }: Pick<StageContext, 'files'>, spec: InboxSource): string {
  // runs/RUN below the state folder.
  return inboxFolder(path.dirname(path.dirname(files.localFolder)), spec.inbox);
}

export function openInbox(
  spec: InboxSource,
  context: Pick<StageContext, 'files' | 'pseudonymizer'>,
  now: () => number = Date.now,
): StudySource {
  const folder = inboxFolderOf(context, spec);
  const place = inboxPlace(folder, context);
  const read = (studyUid: string) => readInboxStudy(folder, place, studyUid);
  const describe = (records: readonly InboxRecord[]): FoundStudy => {
    const last = Math.max(...records.map(({ receivedMs }) => receivedMs));
    const study = { studyUid: records[0]!.studyUid, announcedCount: null };
    return now() - last >= spec.quiet_s * 1000 ? study : { ...study, arriving: records.length };
  };
  return {
    async *findStudies(match) {
      if ('by' in match) for (const records of readInbox(folder, place.sealer)) yield describe(records);
      else if ('studyUid' in match) {
        const records = read(match.studyUid);
        if (records.length > 0) yield describe(records);
      }
    },
    async findSeries(studyUid) {
      const series = new Map(read(studyUid).map(({ seriesUid, modality }) => [seriesUid, modality]));
      return [...series].map(([seriesUid, modality]) => ({ seriesUid, modality, announcedCount: null }));
    },
    async findInstances(studyUid, wanted) {
      const ofSeries = read(studyUid).filter(({ seriesUid }) => seriesUid === wanted);
      return [...new Set(ofSeries.map(({ sopUid }) => sopUid))];
    },
    // All that there is lies where the run looks for it.
    retrieve: async () => ({ etag: null, unchanged: true }),
    echo: async () => {},
    close: async () => {},
  };
}
