import type { Pipeline } from '../pipelines/schema.ts';
import type { ResolvedProfile } from '../stages/deidentify/profile.ts';
import { resolveProfile } from '../stages/deidentify/profile.ts';
import { createPseudonymizer, type Pseudonymizer } from '../stages/deidentify/pseudonyms.ts';
import { RunFiles } from './store/run-files.ts';
import type { State } from './store/state.ts';

/** What every stage of one run works with. Built once for each thread and run. */
export interface StageContext {
  files: RunFiles;
  pseudonymizer: Pseudonymizer;
  pipeline: Pipeline;
  profile: ResolvedProfile;
}

/** Puts together the context of a run. */
export function createStageContext(state: State, runKey: string, pipeline: Pipeline): StageContext {
  const profile = resolveProfile(pipeline.deidentify);
  return {
    files: new RunFiles(state, runKey),
    pseudonymizer: createPseudonymizer(state.key, { retainUids: profile.retainsUids }),
    pipeline,
    profile,
  };
}
