/** What was asked of a PACS and what came: the table of a run whose source is one. */
import type { ColumnDeclaration } from './tables.ts';

/** Why something is not there. `stages/retrieve/retrieval-reasons.ts` says what each means. */
const REASONS = [
  'not-found',
  'empty',
  'not-wanted',
  'not-delivered',
  'counts-differ',
  'refused',
  'server-error',
  'timed-out',
  'truncated',
  'bad-answer',
  'too-large',
  'still-arriving',
] as const;

export const RETRIEVALS_TABLE = {
  doc: 'One row for every study that was asked of a PACS, found or not, and one for every series of it (docs/sources.md). Runs over files have no such table.',
  key: ['request', 'study_instance_uid', 'series_instance_uid'],
  columns: [
    {
      name: 'request',
      type: 'string',
      nullable: false,
      doc: 'Keyed hash of what was asked for: an accession number, or a Study Instance UID. 32 hexadecimal digits.',
    },
    {
      name: 'level',
      type: 'string',
      nullable: false,
      values: ['study', 'series'],
      doc: 'What the row is about.',
    },
    {
      name: 'study_instance_uid',
      type: 'string',
      nullable: true,
      doc: 'Pseudonymous UID of the study; null when none was found.',
    },
    {
      name: 'series_instance_uid',
      type: 'string',
      nullable: true,
      doc: 'Pseudonymous UID of the series; null in rows about a study.',
    },
    { name: 'modality', type: 'string', nullable: true, doc: 'Modality of the series, by the source.' },
    {
      name: 'outcome',
      type: 'string',
      nullable: false,
      values: ['complete', 'partial', 'missing', 'skipped'],
      doc: 'Whether all of it came, some, or nothing; `skipped` was not wanted.',
    },
    {
      name: 'reason',
      type: 'string',
      nullable: true,
      values: REASONS,
      doc: 'Why it is not complete, or what is odd about it; null when all is well.',
    },
    {
      name: 'announced_count',
      type: 'int32',
      nullable: true,
      doc: "Number of instances by the source's own count; null when it gives none.",
    },
    {
      name: 'expected_count',
      type: 'int32',
      nullable: true,
      doc: 'Number of instances that had to come: by the list that asks for the study, else those that the source lists, else the announced ones.',
    },
    {
      name: 'received_count',
      type: 'int32',
      nullable: false,
      doc: 'Number of different instances that came.',
    },
    {
      name: 'unlisted_count',
      type: 'int32',
      nullable: false,
      doc: 'How many of them the source did not list.',
    },
  ],
} as const satisfies {
  doc: string;
  key: readonly string[];
  columns: readonly ColumnDeclaration[];
};
