import type { Pipeline } from '../pipelines/schema.ts';
import type { ResolvedProfile } from '../stages/deidentify/profile.ts';
import { resolveProfile } from '../stages/deidentify/profile.ts';
import {
  createPseudonymizer,
  type IdentityPair,
  type Pseudonymizer,
} from '../stages/deidentify/pseudonyms.ts';
import type { ConfiguredPlugin } from '../stages/group/exclusion-plugins.ts';
import { loadPlugins } from './plugins.ts';
import type { RunReference } from './run-reference.ts';
import { Crosswalk } from './store/crosswalk.ts';
import { type Input, openInput, openStore } from './store/open-store.ts';
import { RunFiles } from './store/run-files.ts';
import type { State } from './store/state.ts';
import type { Store } from './store/store.ts';

/** What every stage of one run works with. Built once for each thread and run. */
export interface StageContext {
  /** The private side. */
  files: RunFiles;
  input: Input;
  output: Store;
  pseudonymizer: Pseudonymizer;
  pipeline: Pipeline;
  profile: ResolvedProfile;
  /** Exclusion rules of the pipeline's own. */
  plugins: readonly ConfiguredPlugin[];
  /** Where identifiers and their pseudonyms are kept, if the pipeline wants that. */
  crosswalk: { has(batch: number): boolean; add(batch: number, pairs: Iterable<IdentityPair>): void } | null;
}

/**
 * Puts together the context of a run.
 * @throws StageFailure when the run is not known, or a plugin or the crosswalk that the pipeline wants cannot be opened
 */
export async function createStageContext(
  state: State,
  runKey: string,
  pipeline: Pipeline,
): Promise<StageContext> {
  const profile = resolveProfile(pipeline.deidentify);
  const files = await RunFiles.open(state, runKey);
  const settings = await files.readSettings();
  return {
    files,
    input: await openInput(settings.input),
    output: await openStore(settings.output),
    pseudonymizer: createPseudonymizer(state.key, { retainUids: profile.retainsUids }),
    pipeline,
    profile,
    plugins: await loadPlugins(pipeline.plugins, settings.plugins ?? {}),
    crosswalk: pipeline.deidentify.crosswalk ? crosswalkOf(state, runKey) : null,
  };
}

/** What asking a source takes where there is no run: its files tell only where the state is. */
export async function contextWithoutRun(
  state: State,
): Promise<Pick<StageContext, 'files' | 'pseudonymizer'>> {
  const files = await RunFiles.open(state, '0'.repeat(16));
  return { files, pseudonymizer: createPseudonymizer(state.key) };
}

/** Contexts of the runs that a thread works for; a run that was begun again with other settings gets a new one. */
export class StageContexts {
  private readonly state: State;
  private readonly known = new Map<string, { settings: string; context: Promise<StageContext> }>();

  constructor(state: State) {
    this.state = state;
  }

  async get({ runKey, pipeline, pipelineDigest }: RunReference): Promise<StageContext> {
    const settings = JSON.stringify(await (await RunFiles.open(this.state, runKey)).readSettings());
    // The digest leaves out where a PACS is.
    const contextKey = `${runKey}:${pipelineDigest}:${JSON.stringify(pipeline.source)}`;
    const before = this.known.get(contextKey);
    if (before?.settings === settings) return before.context;
    const context = createStageContext(this.state, runKey, pipeline);
    this.known.set(contextKey, { settings, context });
    context.catch(() => this.known.delete(contextKey));
    return context;
  }
}

function crosswalkOf(state: State, runKey: string): StageContext['crosswalk'] {
  const crosswalk = Crosswalk.create(state);
  return {
    has: (batch) => crosswalk.has(runKey, batch),
    add: (batch, pairs) => crosswalk.add(runKey, batch, pairs),
  };
}
