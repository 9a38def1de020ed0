/** What programs import: `import { openRun, query } from 'serieswise'` (docs/sdk.md). */
export type { ManifestFile, RunDocument } from '../activities/run-document.ts';
export { ManifestError, type ManifestErrorCode } from '../manifest/errors.ts';
export type { ExportFormat, TableListing } from '../manifest/query.ts';
export type {
  InstanceRow,
  LabelRow,
  ReadRowOf,
  RetrievalRow,
  ReviewRow,
  SeriesRow,
  TableName,
} from '../manifest/schema.ts';
export type { JsonValue } from '../manifest/values.ts';
export { definePipeline, PipelineError, type PipelineProblem } from '../pipelines/load.ts';
export type { Pipeline, PipelineSpec } from '../pipelines/schema.ts';
export type {
  ExclusionPlugin,
  PluginEvidence,
  PluginOptions,
  UnitFacts,
} from '../stages/group/exclusion-plugins.ts';
export { RunError, type RunErrorCode } from './errors.ts';
export { type AnswerRow, openRun, query, type Run } from './open-run.ts';
