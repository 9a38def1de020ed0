import fs from 'node:fs';
import { type Bundle, loadBundle, resolveBundle } from '../models/bundle.ts';
import { BundleError } from '../models/errors.ts';
import { digestOf } from '../pipelines/digest.ts';
import {
  type CheckedProblem,
  formatProblem,
  loadPipeline,
  type PipelineCheck,
  PipelineError,
  type PipelineProblem,
} from '../pipelines/load.ts';
import { type Pipeline, pipelineSchema } from '../pipelines/schema.ts';
import { isRetrieved } from '../pipelines/source-kinds.ts';
import { ProfileError, resolveProfile } from '../stages/deidentify/profile.ts';
import { CliError } from './exit.ts';

/** A spec that can be run here: valid, with its bundle there and whole. */
export interface RunnablePipeline {
  pipeline: Pipeline;
  digest: string;
  bundle: Bundle;
}

/** A spec with mistakes; carries them for `--json`. */
export class InvalidPipelineError extends CliError {
  readonly problems: PipelineProblem[];

  constructor(problems: PipelineProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`${problems.map(formatProblem).join('\n')}\n${count}; nothing was started.`, 2);
    this.problems = problems;
  }
}

/**
 * Loads a spec and checks what only this machine knows: bundle and de-identification profile.
 * @throws InvalidPipelineError with every problem; CliError 2 when the file cannot be read
 */
export async function loadRunnablePipeline(
  file: string,
  overrides: readonly string[],
): Promise<RunnablePipeline> {
  let bundle: Bundle | null = null;
  const checkBundle = async (name: unknown) => {
    try {
      bundle = await loadBundle(await resolveBundle(typeof name === 'string' ? name : DEFAULT_BUNDLE));
      return [];
    } catch (error) {
      if (error instanceof BundleError)
        return [{ message: error.message, hint: 'see: serieswise models list' }];
      throw error;
    }
  };
  const checks = [{ path: ['classify', 'bundle'], check: checkBundle }, PROFILE_CHECK];
  const pipeline = await loadChecked(file, overrides, checks);
  if (bundle === null) throw new Error('the check of the bundle did not run');
  // A path says something of a machine; from here on the bundle goes by its name and digest.
  const named = { ...pipeline, classify: { ...pipeline.classify, bundle: (bundle as Bundle).name } };
  // What a PACS gives does not depend on where it is: the same instances make the same manifest.
  const source = isRetrieved(named.source) ? { type: 'directory' } : named.source;
  return { pipeline: named, digest: digestOf({ ...named, source }), bundle };
}

/**
 * Loads a spec for what it says of de-identification: its bundle need not be there.
 * @throws InvalidPipelineError with every problem; CliError 2 when the file cannot be read
 */
export function loadDeidentification(file: string): Promise<Pipeline> {
  return loadChecked(file, [], [PROFILE_CHECK]);
}

async function loadChecked(
  file: string,
  overrides: readonly string[],
  checks: readonly PipelineCheck[],
): Promise<Pipeline> {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    throw new CliError(
      `The pipeline file ${file} cannot be read. Shipped ones lie in pipelines/definitions/.`,
      2,
    );
  }
  try {
    return (await loadPipeline(text, file, { overrides, checks })).pipeline;
  } catch (error) {
    if (error instanceof PipelineError) throw new InvalidPipelineError(error.problems);
    throw error;
  }
}

const DEFAULT_BUNDLE = pipelineSchema.parse({ name: 'defaults' }).classify.bundle;

/** Whether the spec's options and changes to the white-list can be had, each at its place. */
async function checkProfile(value: unknown): Promise<CheckedProblem[]> {
  const parsed = pipelineSchema.shape.deidentify.safeParse(value);
  if (!parsed.success) return [];
  try {
    resolveProfile(parsed.data);
    return [];
  } catch (error) {
    if (error instanceof ProfileError)
      return error.problems.map(({ path, message }) => ({ message, hint: null, below: path }));
    throw error;
  }
}

const PROFILE_CHECK: PipelineCheck = { path: ['deidentify'], check: checkProfile };
