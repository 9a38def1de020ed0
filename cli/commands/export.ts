import fs from 'node:fs';
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RunDocument } from '../../activities/run-document.ts';
import { isBucketLocation } from '../../activities/store/locations.ts';
import { CohortError } from '../../cohorts/cohort-error.ts';
import { type CohortProvenance, exportCohort } from '../../cohorts/export-cohort.ts';
import { COHORT_FORMATS, type CohortFormat } from '../../cohorts/plan-pieces.ts';
import { parseSplits } from '../../cohorts/split-cohort.ts';
import type { LinkKind } from '../../cohorts/write-unit.ts';
import { ManifestError } from '../../manifest/errors.ts';
import { openManifest } from '../../manifest/query.ts';
import { LABELS } from '../../models/labels.ts';
import {
  createResampler,
  type Resampler,
  resamplerWasmUrl,
} from '../../stages/preprocess/preprocess-volume.ts';
import { productVersion } from '../../workers/package-root.ts';
import { CliError } from '../exit.ts';
import { checkDataset, renderExpectations, requireAll } from '../expectations.ts';
import { withOutputView } from '../output-view.ts';
import { showUnits } from '../progress.ts';
import { requireRunDocument } from '../run-folder.ts';
import { printJson, say } from '../settings.ts';

interface ExportOptions {
  where: string;
  to: string;
  format: CohortFormat;
  link: LinkKind;
  split?: string;
  seed: number;
  unitsPerShard: number;
  title?: string;
  license?: string;
  citation?: string;
  json?: boolean;
}

/** Adds `export DIR --where SQL --to DIR`: a cohort with its own manifest. Exit 1 when a unit could not be written. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .summary('write the series that an SQL condition selects, for training or sharing')
    .description(
      'Writes the kept series units for which a condition on the series table holds, each file whole or not at all,\n' +
        'and a manifest of the cohort beside them: instances, series and labels as in the run, and files, with a row\n' +
        'for every file and for every unit that could not be written; a data-set card (README.md) and a Croissant file\n' +
        '(croissant.json) too. Interrupted, it goes on with the same command.',
    )
    .argument('<dir>', 'output folder of a run')
    .requiredOption(
      '--where <condition>',
      "SQL over the columns of series, such as \"body_part = 'head' AND contrast = 'no' AND NOT needs_review\"",
    )
    .requiredOption('--to <folder>', 'a folder that is empty or not there yet')
    .addOption(
      new Option(
        '--format <format>',
        'DICOM files; NIfTI volumes in Hounsfield units; model inputs as single files or in shards with labels',
      )
        .choices(COHORT_FORMATS)
        .default('dicom'),
    )
    .addOption(
      new Option('--link <kind>', 'how DICOM files get there')
        .choices(['copy', 'hard', 'symbolic'])
        .default('copy'),
    )
    .option('--split <shares>', 'a split by patient, such as train=0.7,validation=0.2,test=0.1')
    .option('--seed <number>', 'seed of the split', wholeNumber, 0)
    .option('--units-per-shard <number>', 'series units of a WebDataset or Parquet file', positiveNumber, 64)
    .option('--title <text>', "what the data set is called (default: the pipeline's name)")
    .option('--license <id>', 'a URL, an SPDX identifier or words, for the card and the Croissant file')
    .option('--citation <text>', 'how to cite the data set')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      '\nReasons in the column problem: docs/cohorts.md. Columns: docs/manifest.md, or\n' +
        '  serieswise query DIR "DESCRIBE series"',
    )
    .action((folder: string, options: ExportOptions) => {
      requirePlaces(folder, options);
      return withOutputView(folder, 'whole', ({ folder: source }) => runExport(folder, source, options));
    });
}

/** @throws CliError 2 for a place that a cohort cannot be written from or to, or for links where there is nothing to link to */
function requirePlaces(folder: string, { to, link, format }: ExportOptions): void {
  if (isBucketLocation(to)) {
    throw new CliError('A cohort is written to a folder; --to takes no place in a bucket.', 2);
  }
  if (link !== 'copy' && format !== 'dicom') {
    throw new CliError(`--link ${link} goes with --format dicom alone: ${format} files are made anew.`, 2);
  }
  if (link !== 'copy' && isBucketLocation(folder)) {
    throw new CliError(
      `Nothing can be linked to in a bucket: leave --link ${link} out, files are copied.`,
      2,
    );
  }
}

async function runExport(folder: string, source: string, options: ExportOptions): Promise<void> {
  const run = requireRunDocument(source, folder);
  const manifest = await openManifest(source).catch((error: unknown) => {
    if (error instanceof ManifestError) throw new CliError(error.message, 2);
    throw error;
  });
  let resampler: Promise<Resampler> | null = null;
  try {
    const document = await exportCohort({
      manifest,
      source,
      target: path.resolve(options.to),
      condition: options.where,
      format: options.format,
      link: options.link,
      splits: options.split === undefined ? null : parseSplits(options.split),
      seed: options.seed,
      unitsPerShard: options.unitsPerShard,
      labels: LABELS,
      title: options.title ?? run.pipeline.name,
      license: options.license ?? null,
      citation: options.citation ?? null,
      date: run.finished_at.slice(0, 10),
      parameters: { windowHu: run.pipeline.preprocess.window_hu, shape: run.pipeline.preprocess.shape },
      resampler: () => {
        resampler ??= fs.promises.readFile(resamplerWasmUrl()).then(createResampler);
        return resampler;
      },
      provenance: provenanceOf(run),
      ...(process.stderr.isTTY ? { progress: showUnits } : {}),
    });
    const expectations = await checkDataset(options.to, run.pipeline.expect);
    if (options.json) printJson(expectations.length === 0 ? document : { ...document, expectations });
    else {
      const { series_units, patients, files, bytes } = document;
      say(
        `${series_units} series units of ${patients} patients: ${files} files, ${(bytes / 1e6).toFixed(1)} MB in ${options.to}`,
      );
      if (expectations.length > 0) say(renderExpectations(expectations));
    }
    const problems = Object.entries(document.problems);
    if (problems.length > 0) {
      const told = problems.map(([problem, count]) => `${problem} ${count}`).join(', ');
      throw new CliError(`Some units could not be written: ${told}. See the column problem of files.`, 1);
    }
    requireAll(expectations);
  } catch (error) {
    if (error instanceof CohortError) throw new CliError(error.message, 2);
    throw error;
  } finally {
    await manifest.close();
  }
}

function provenanceOf(run: RunDocument): CohortProvenance {
  const { profile, dates, faces, options } = run.pipeline.deidentify;
  return {
    serieswise_version: productVersion(),
    pipeline_digest: run.pipeline_digest,
    bundle: run.bundle,
    deidentify: { profile, dates, faces, options: namesOf(options) },
  };
}

/** Names alone: the values that an option lets stay are no business of whoever gets the cohort. */
function namesOf(options: object): string[] {
  return Object.entries(options).flatMap(([name, value]) => (value === false ? [`no ${name}`] : [name]));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number is wanted');
  return Number(text);
}

function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('a number from 1 is wanted');
  return number;
}
