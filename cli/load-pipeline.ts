import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { importPlugin, type PluginCode, PluginError, referenceOf } from '../activities/plugins.ts';
import { FILES_COLUMNS } from '../cohorts/files-table.ts';
import { type Bundle, loadBundle, resolveBundle } from '../models/bundle.ts';
import { BundleError } from '../models/errors.ts';
import { digestOf } from '../pipelines/digest.ts';
import { type Expectation, expectSchema } from '../pipelines/expect-schema.ts';
import {
  type CheckedProblem,
  formatProblem,
  loadPipeline,
  type PipelineCheck,
  PipelineError,
  type PipelineProblem,
} from '../pipelines/load.ts';
import { pluginsSchema } from '../pipelines/plugin-schema.ts';
import { type Pipeline, pipelineSchema } from '../pipelines/schema.ts';
import { isRetrieved } from '../pipelines/source-kinds.ts';
import { ProfileError, resolveProfile } from '../stages/deidentify/profile.ts';
import { packageRoot } from '../workers/package-root.ts';
import { CliError } from './exit.ts';

/** A spec that can be run here: valid, with its bundle there and whole. */
export interface RunnablePipeline {
  pipeline: Pipeline;
  digest: string;
  bundle: Bundle;
  /** Code of its plugins, by digest. */
  plugins: PluginCode;
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
 * Loads a spec and checks what only this machine knows: bundle, plugins and de-identification profile.
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
  const plugins = new PluginFiles(path.dirname(findPipeline(file)));
  const checks = [
    { path: ['classify', 'bundle'], check: checkBundle },
    { path: ['plugins'], check: (value: unknown) => plugins.load(value) },
    PROFILE_CHECK,
    EXPECT_CHECK,
  ];
  const pipeline = await loadChecked(file, overrides, checks);
  if (bundle === null) throw new Error('the check of the bundle did not run');
  // A path says something of a machine; from here on bundle and plugins go by their names and digests.
  const named = {
    ...pipeline,
    classify: { ...pipeline.classify, bundle: (bundle as Bundle).name },
    ...(pipeline.plugins === undefined ? {} : { plugins: plugins.resolve(pipeline.plugins) }),
  };
  return { pipeline: named, digest: digestOfPipeline(named), bundle, plugins: plugins.code };
}

/** Stands for a pipeline in manifests. @param pipeline with the names of its bundle and plugins, not their paths */
export function digestOfPipeline(pipeline: Pipeline): string {
  // What a PACS gives does not depend on where it is: the same instances make the same manifest.
  const source = isRetrieved(pipeline.source) ? { type: 'directory' } : pipeline.source;
  return digestOf({ ...pipeline, source });
}

/** The modules that a spec names below `plugins`, from the folder of the spec. */
class PluginFiles {
  readonly code: Record<string, string> = {};
  private readonly folder: string;
  private readonly references = new Map<string, string>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Reads and imports each module. @returns what is wrong with them, each at its place */
  async load(value: unknown): Promise<CheckedProblem[]> {
    const parsed = pluginsSchema.safeParse(value);
    const problems: CheckedProblem[] = [];
    for (const [index, { module }] of (parsed.data ?? []).entries()) {
      const refuse = (message: string) =>
        problems.push({ message, hint: 'see docs/sdk.md', below: [index, 'module'] });
      try {
        const code = fs.readFileSync(path.resolve(this.folder, module), 'utf8');
        const reference = referenceOf(await importPlugin(code), code);
        this.references.set(module, reference);
        this.code[reference.slice(reference.indexOf('#') + 1)] = code;
      } catch (error) {
        refuse(error instanceof PluginError ? error.message : 'the file cannot be read');
      }
    }
    return problems;
  }

  resolve(entries: NonNullable<Pipeline['plugins']>): NonNullable<Pipeline['plugins']> {
    return entries.map((entry) => ({ ...entry, module: this.references.get(entry.module) ?? entry.module }));
  }
}

/**
 * Loads a spec for what it says of de-identification: its bundle need not be there.
 * @throws InvalidPipelineError with every problem; CliError 2 when the file cannot be read
 */
export function loadDeidentification(file: string): Promise<Pipeline> {
  return loadChecked(file, [], [PROFILE_CHECK]);
}

/**
 * Loads a spec for what it expects of a dataset: its bundle need not be there.
 * @throws InvalidPipelineError with every problem; CliError 2 when the file cannot be read
 */
export async function loadExpectations(file: string): Promise<Expectation[]> {
  return (await loadChecked(file, [], [EXPECT_CHECK])).expect ?? [];
}

const definitions = (): string => path.join(packageRoot(), 'pipelines/definitions');

/** A path as it is; a bare name that is no file is that of a shipped pipeline, wherever the program is installed. */
function findPipeline(file: string): string {
  if (fs.existsSync(file) || !shippedPipelines().includes(file)) return file;
  return path.join(definitions(), `${file}.yaml`);
}

function shippedPipelines(): string[] {
  const names = fs.readdirSync(definitions()).filter((name) => name.endsWith('.yaml'));
  return names.map((name) => path.basename(name, '.yaml')).sort();
}

async function loadChecked(
  file: string,
  overrides: readonly string[],
  checks: readonly PipelineCheck[],
): Promise<Pipeline> {
  const found = findPipeline(file);
  let text: string;
  try {
    text = fs.readFileSync(found, 'utf8');
  } catch {
    throw new CliError(
      `The pipeline file ${file} cannot be read. Name a file, or a shipped pipeline: ${shippedPipelines().join(', ')}.`,
      2,
    );
  }
  const source = /\.[cm]?[jt]s$/.test(found) ? await importSpec(found) : text;
  try {
    return (await loadPipeline(source, found, { overrides, checks })).pipeline;
  } catch (error) {
    if (error instanceof PipelineError) throw new InvalidPipelineError(error.problems);
    throw error;
  }
}

/**
 * What a module exports as its default.
 * @throws InvalidPipelineError where `definePipeline` refused it; CliError 2 when it cannot be loaded, or exports none
 */
async function importSpec(file: string): Promise<object> {
  let spec: unknown;
  try {
    spec = ((await import(pathToFileURL(path.resolve(file)).href)) as { default?: unknown }).default;
  } catch (error) {
    // The module may have another copy of the package, whose class is not this one.
    const { name, code, problems } = error as Partial<PipelineError & NodeJS.ErrnoException>;
    if (name === 'PipelineError' && problems !== undefined)
      throw new InvalidPipelineError(problems.map((problem) => ({ ...problem, file })));
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      const message = `Node ${process.versions.node} runs no TypeScript: name a pipeline in .mjs, or use Node 22.18 or newer.`;
      throw new CliError(message, 2);
    }
    throw new CliError(`The pipeline module ${file} cannot be loaded: ${messageOf(error)}`, 2);
  }
  if (typeof spec === 'object' && spec !== null) return spec;
  throw new CliError(`${file} exports no pipeline; write: export default definePipeline({ … })`, 2);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The pipeline that the demo and the proof run, by its name. */
export const SHIPPED_PIPELINE = 'ct-series-labels';

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

/** Whether DuckDB takes the queries of `expect`, each at its place. */
async function checkExpectQueries(value: unknown): Promise<CheckedProblem[]> {
  const parsed = expectSchema.safeParse(value);
  if (!parsed.success || parsed.data.length === 0) return [];
  // DuckDB is loaded for specs that expect something, not for every command that reads one.
  const { findQueryProblems } = await import('../manifest/check-expectations.ts');
  const columns = FILES_COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ');
  const found = await findQueryProblems(parsed.data, `CREATE TABLE files (${columns})`);
  return found.map(({ index, message }) => ({
    message: message.split('\n')[0] ?? message,
    hint: 'columns: docs/manifest.md',
    below: [index, 'sql'],
  }));
}

const EXPECT_CHECK: PipelineCheck = { path: ['expect'], check: checkExpectQueries };
