import type { Pipeline } from '../pipelines/schema.ts';
import type { BundleReference } from './publish.ts';

/**
 * What a workflow knows of its run, and passes to every activity: the spec and references. No path, no identifier.
 * Workers find the rest by `runKey` in the state folder.
 */
export interface RunReference {
  runKey: string;
  pipeline: Pipeline;
  pipelineDigest: string;
  bundle: BundleReference & { files: Record<string, string> };
  productVersion: string;
}
