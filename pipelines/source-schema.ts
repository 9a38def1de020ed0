/**
 * Where the instances come from, as part of the pipeline spec. Addresses may be left out and come from the environment;
 * secrets and identifiers of patients always do, or lie in a file that `--input` names: a spec travels in histories and
 * in run.json.
 */
import { z } from 'zod';

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a day such as 2026-01-31');
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as 19:30');
const aeTitle = z
  .string()
  .regex(/^(?! )[ -[\]-~]{1,16}(?<! )$/, '1 to 16 printable ASCII characters without \\ (PS3.5 AE)');
const port = z.number().int().min(1).max(65_535);
const modality = z.string().regex(/^[A-Z]{2,16}$/, 'a modality such as CT');
const pattern = z
  .string()
  .regex(/^[^\\\n]{1,64}$/, '1 to 64 characters; * and ? stand for others')
  .regex(/[^*?]/, 'something besides * and ?');

const queryFields = {
  by: z.literal('query'),
  study_date: z
    .strictObject({
      from: day.optional().describe('The first day, such as 2026-01-31.'),
      to: day.optional().describe('The last day.'),
    })
    .optional()
    .describe('Study Date, both days included.'),
  modalities: z.array(modality).optional().describe('Studies that hold one of these modalities.'),
  study_description: pattern.optional().describe('Study Description, with * and ?.'),
  department: pattern
    .optional()
    .describe('Institutional Department Name, with * and ?; many PACS do not match it.'),
};

const selection = z
  .discriminatedUnion('by', [
    z.strictObject(queryFields).describe('All studies that a query finds.'),
    z
      .strictObject({ by: z.literal('accession_list') })
      .describe('Accession numbers from a CSV file, the path of --input.'),
    z
      .strictObject({ by: z.literal('study_list') })
      .describe('Study Instance UIDs from a CSV file, the path of --input.'),
  ])
  .refine(
    (value) =>
      value.by !== 'query' ||
      value.study_description !== undefined ||
      value.department !== undefined ||
      value.study_date?.from !== undefined ||
      value.study_date?.to !== undefined,
    'a query of the whole PACS: give study_date, study_description or department',
  )
  .describe('Which studies. Identifiers are never part of a spec: they lie in a file that --input names.');

const throttle = z
  .strictObject({
    in_flight: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(2)
      .describe('Studies retrieved at once, each by one request after the other, in the whole cluster.'),
    per_second: z
      .number()
      .positive()
      .max(1000)
      .default(20)
      .describe('Requests a second that a worker begins at most.'),
    hours: z
      .strictObject({
        from: timeOfDay.describe('Begin, such as 19:30.'),
        to: timeOfDay.describe('End.'),
        time_zone: z.string().min(1).max(64).default('UTC').describe('IANA name, such as Europe/Zurich.'),
      })
      .optional()
      .describe('When the PACS may be asked; a run waits outside of these hours. They may pass midnight.'),
  })
  .default({ in_flight: 2, per_second: 20 })
  .describe('How hard the PACS may be asked.');

const retry = z
  .strictObject({
    attempts: z.number().int().min(1).max(20).default(5).describe('How often a request is made at most.'),
    first_wait_s: z.number().min(0).max(600).default(1).describe('Wait before the second attempt; doubles.'),
    longest_wait_s: z.number().min(0).max(3600).default(60).describe('No wait is longer.'),
    timeout_s: z
      .number()
      .min(0.1)
      .max(3600)
      .default(60)
      .describe('Given up when for so long nothing comes, or less than 1 kB a second on average.'),
  })
  .default({ attempts: 5, first_wait_s: 1, longest_wait_s: 60, timeout_s: 60 })
  .describe('What happens when a request fails.');

const series = z
  .strictObject({
    modalities: z
      .array(modality)
      .default([])
      .describe('Series to retrieve; others get a row as not-wanted. Empty: all.'),
  })
  .default({ modalities: [] })
  .describe('Which series of these studies.');

const maxInstanceBytes = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1)
  .default(2 ** 31 - 1)
  .describe('A larger instance is refused.');

const dicomwebSource = z
  .strictObject({
    type: z.literal('dicomweb'),
    url: z
      .string()
      .regex(/^https?:\/\/[^\s@?#]+$/, 'an http(s) address without user, query and fragment')
      .optional()
      .describe('Base of QIDO-RS and WADO-RS, such as https://host/dicom-web; else SERIESWISE_DICOMWEB_URL.'),
    server: z
      .enum(['generic', 'orthanc', 'dcm4chee', 'google', 'idc'])
      .default('generic')
      .describe('Whose habits to follow (docs/sources.md).'),
    auth: z
      .enum(['none', 'bearer', 'basic'])
      .default('none')
      .describe('Secrets come from the environment alone (docs/sources.md); mTLS goes with each.'),
    select: selection,
    series,
    retrieve_by: z
      .enum(['study', 'series', 'instance'])
      .default('series')
      .describe('What one request asks for. What is missing then is asked for by instance.'),
    expect_by: z
      .enum(['instances', 'metadata'])
      .default('instances')
      .describe('What is expected: the instances that QIDO-RS lists, or the metadata of WADO-RS.'),
    page_size: z.number().int().min(1).max(50_000).default(500).describe('Answers of QIDO-RS at once.'),
    max_instance_bytes: maxInstanceBytes,
    throttle,
    retry,
  })
  .describe('A PACS or archive by QIDO-RS and WADO-RS (PS3.18).');

const dimseSource = z
  .strictObject({
    type: z.literal('dimse'),
    host: z.string().min(1).max(255).optional().describe('Of the PACS; else SERIESWISE_DIMSE_HOST.'),
    port: port.optional().describe('Of the PACS; else SERIESWISE_DIMSE_PORT.'),
    called_ae_title: aeTitle.optional().describe('Of the PACS; else SERIESWISE_DIMSE_CALLED_AE.'),
    ae_title: aeTitle.default('SERIESWISE').describe('Ours, for calls and as the destination of C-MOVE.'),
    tls: z.boolean().default(false).describe('TLS with the files of SERIESWISE_DIMSE_CA_FILE and so on.'),
    select: selection,
    series,
    retrieve: z
      .discriminatedUnion('with', [
        z.strictObject({ with: z.literal('get') }).describe('C-GET: over the association that asks.'),
        z
          .strictObject({
            with: z.literal('move'),
            host: z.string().min(1).max(255).default('0.0.0.0').describe('Address that our receiver binds.'),
            port: port.default(11_112).describe('Port of our receiver, as the PACS knows it.'),
            settle_s: z
              .number()
              .min(0)
              .max(600)
              .default(5)
              .describe('How long after the last answer, and after each instance, more may come.'),
          })
          .describe('C-MOVE to our own receiver, which the PACS must know by AE title, host and port.'),
      ])
      .default({ with: 'get' })
      .describe('How instances are asked for.'),
    retrieve_by: z
      .enum(['study', 'series', 'instance'])
      .default('series')
      .describe('What one request asks for. What is missing then is asked for by instance.'),
    max_instance_bytes: maxInstanceBytes,
    throttle,
    retry,
  })
  .describe('A PACS by C-FIND and C-GET or C-MOVE (PS3.4 annex C).');

const inboxSource = z
  .strictObject({
    type: z.literal('inbox'),
    inbox: z
      .string()
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words joined by hyphens')
      .max(64)
      .default('default')
      .describe('What `serieswise receive --inbox NAME` takes in.'),
    quiet_s: z
      .number()
      .min(0)
      .max(86_400)
      .default(60)
      .describe('A study is taken once nothing came for so long, or once all that is expected came.'),
    series,
  })
  .describe('What the receiver took in. With --input: a CSV of studies with the counts that are expected.');

const localSource = (type: 'directory' | 'archive', text: string) =>
  z.strictObject({ type: z.literal(type) }).describe(text);

/** Where the instances come from. */
export const sourceSchema = z.discriminatedUnion('type', [
  localSource('directory', 'A folder, searched for ZIP and TAR archives too.'),
  localSource('archive', 'One ZIP or TAR archive.'),
  dicomwebSource,
  dimseSource,
  inboxSource,
]);

export type Source = z.output<typeof sourceSchema>;
export type DicomwebSource = z.output<typeof dicomwebSource>;
export type DimseSource = z.output<typeof dimseSource>;
export type InboxSource = z.output<typeof inboxSource>;
/** Sources that are retrieved into the private state before anything is listed. */
export type RetrievedSource = DicomwebSource | DimseSource | InboxSource;
export type Selection = z.output<typeof selection>;
export type StudyQuery = Extract<Selection, { by: 'query' }>;
export type Retry = z.output<typeof retry>;
export type Throttle = z.output<typeof throttle>;
