import type { Command } from 'commander';
import { StageFailure } from '../../activities/failures.ts';
import { readLastEnd } from '../../activities/finished.ts';
import type { RunDocument } from '../../activities/run-document.ts';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import type { State } from '../../activities/store/state.ts';
import { STEP_VERSIONS } from '../../activities/versions.ts';
import { type Bundle, loadBundle, resolveBundle } from '../../models/bundle.ts';
import type { BundleCard } from '../../models/card.ts';
import { BundleError } from '../../models/errors.ts';
import { executeRelabel } from '../../workers/execute-relabel.ts';
import { CliError } from '../exit.ts';
import { followRun } from '../follow-run.ts';
import { digestOfPipeline } from '../load-pipeline.ts';
import { withOutputView } from '../output-view.ts';
import { requireRunDocument } from '../run-folder.ts';
import { openStateOrExit, withStateOption } from '../settings.ts';
import { locationOrExit, type MeansOptions, parseMeans, withMeansOptions } from './run.ts';

interface RelabelOptions extends MeansOptions {
  bundle: string;
  state?: string;
  report: boolean;
  json?: boolean;
}

/** Steps whose results a relabelling takes over. */
const KEPT_STEPS = ['deidentify', 'group', 'preprocess'] as const;

/** Adds `relabel DIR --bundle B`: the labels of an output by another bundle. */
export function registerRelabel(program: Command): void {
  withStateOption(
    withMeansOptions(
      program
        .command('relabel')
        .summary('decide the labels of an output anew, by another bundle')
        .description(
          'Decides the labels of a finished run by another model bundle, and touches nothing else: no source is read or\n' +
            'de-identified, no series grouped anew. The output is then that of a run with this bundle.',
        )
        .argument('<dir>', 'output folder of a run, or s3://BUCKET/PREFIX')
        .requiredOption('--bundle <bundle>', 'model bundle: a name below models/bundles, or a path'),
    ).option('--json', 'print one JSON document on standard output'),
  ).action(async (location: string, options: RelabelOptions) => relabel(location, options));
}

async function relabel(location: string, options: RelabelOptions): Promise<void> {
  const output = locationOrExit(location);
  const means = parseMeans(options);
  const document = await withOutputView(output, 'document', async ({ folder }) =>
    requireRunDocument(folder, output),
  );
  const bundle = await loadBundleOrExit(options.bundle);
  const state = openStateOrExit(options.state);
  const obstacle = findObstacle(document, bundle.card);
  if (obstacle !== null)
    throw new CliError(
      `${obstacle}\nRun the pipeline again with this bundle: it does again what it must.`,
      2,
    );
  await checkState(state, output);
  const { pipeline, ledger } = document;
  const relabelled = { ...pipeline, classify: { ...pipeline.classify, bundle: bundle.name } };
  await followRun(
    (hooks) =>
      executeRelabel({
        ...{ state, output, bundle, ...means, ...hooks },
        ...{ pipeline: relabelled, pipelineDigest: digestOfPipeline(relabelled) },
        listing: {
          files: ledger.files_seen,
          bytes: ledger.bytes_seen,
          archives: ledger.archives_opened,
          skippedLinks: ledger.links_skipped,
        },
      }),
    { output, expect: pipeline.expect, report: options.report, json: options.json === true },
  );
}

async function loadBundleOrExit(name: string): Promise<Bundle> {
  try {
    return await loadBundle(await resolveBundle(name));
  } catch (error) {
    if (error instanceof BundleError) throw new CliError(error.message, 2);
    throw error;
  }
}

/** Why labels alone cannot be made anew from what an output holds; null where they can. */
export function findObstacle(
  { pipeline, step_versions: versions }: Pick<RunDocument, 'pipeline' | 'step_versions'>,
  { preprocessing: wanted }: Pick<BundleCard, 'preprocessing'>,
): string | null {
  const { publish, deidentify, preprocess } = pipeline;
  if (!publish.dicom && !publish.tensors)
    return 'The output holds neither DICOM nor tensors (publish), so there is nothing to label.';
  if (deidentify.faces !== 'keep')
    return `With deidentify.faces ${deidentify.faces}, labels decide what is published.`;
  const changed = KEPT_STEPS.filter((step) => versions[step] !== STEP_VERSIONS[step]);
  if (changed.length > 0)
    return `The output was made by another version of ${changed.join(', ')} than this program has.`;
  if (`${preprocess.window_hu} ${preprocess.shape}` !== `${wanted.window_hu} ${wanted.shape}`)
    return 'The bundle wants another window or shape than the output was preprocessed with.';
  return null;
}

/** @throws CliError 2 when the state does not hold the ended run */
async function checkState(state: State, output: string): Promise<void> {
  const files = await RunFiles.open(state, runKeyOf(state, output));
  try {
    await files.readSettings();
  } catch (error) {
    if (error instanceof StageFailure && error.code === 'run-unknown')
      throw new CliError(`${error.message} Name the state folder of the run with --state.`, 2);
    throw error;
  }
  if ((await readLastEnd(files)) === null)
    throw new CliError('The last run on this output did not end: run the pipeline to its end first.', 2);
}
