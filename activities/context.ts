import type { Pipeline } from '../pipelines/schema.ts';
import type { ResolvedProfile } from '../stages/deidentify/profile.ts';
import { resolveProfile } from '../stages/deidentify/profile.ts';
import {
  createPseudonymizer,
  type IdentityPair,
  type Pseudonymizer,
} from '../stages/deidentify/pseudonyms.ts';
import { Crosswalk } from './store/crosswalk.ts';
import { RunFiles } from './store/run-files.ts';
import type { State } from './store/state.ts';

/** What every stage of one run works with. Built once for each thread and run. */
export interface StageContext {
  files: RunFiles;
  pseudonymizer: Pseudonymizer;
  pipeline: Pipeline;
  profile: ResolvedProfile;
  /** Where identifiers and their pseudonyms are kept, if the pipeline wants that. */
  crosswalk: { has(batch: number): boolean; add(batch: number, pairs: Iterable<IdentityPair>): void } | null;
}

/**
 * Puts together the context of a run.
 * @throws StageFailure when the crosswalk that the pipeline wants cannot be opened
 */
export function createStageContext(state: State, runKey: string, pipeline: Pipeline): StageContext {
  const profile = resolveProfile(pipeline.deidentify);
  return {
    files: new RunFiles(state, runKey),
    pseudonymizer: createPseudonymizer(state.key, { retainUids: profile.retainsUids }),
    pipeline,
    profile,
    crosswalk: pipeline.deidentify.crosswalk ? crosswalkOf(state, runKey) : null,
  };
}

function crosswalkOf(state: State, runKey: string): StageContext['crosswalk'] {
  const crosswalk = Crosswalk.create(state);
  return {
    has: (batch) => crosswalk.has(runKey, batch),
    add: (batch, pairs) => crosswalk.add(runKey, batch, pairs),
  };
}
