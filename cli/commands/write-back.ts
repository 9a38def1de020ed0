import { type Command, Option } from 'commander';
import { CohortError } from '../../cohorts/cohort-error.ts';
import { type ReportTarget, writeBack } from '../../cohorts/write-back.ts';
import { ManifestError } from '../../manifest/errors.ts';
import { openManifest } from '../../manifest/query.ts';
import { productVersion } from '../../workers/package-root.ts';
import { CliError } from '../exit.ts';
import { withOutputView } from '../output-view.ts';
import { showUnits } from '../progress.ts';
import { requireRunDocument } from '../run-folder.ts';
import { printJson, say } from '../settings.ts';
import { openReportTarget, type TargetOptions } from '../write-back-targets.ts';

interface WriteBackOptions extends TargetOptions {
  where: string;
  json?: boolean;
}

/** Adds `write-back DIR --where SQL`: labels as structured reports. Exit 1 when a unit has none, or one was refused. */
export function registerWriteBack(program: Command): void {
  program
    .command('write-back')
    .summary('give labels back to a PACS or a folder, as DICOM structured reports')
    .description(
      'Makes a report (Comprehensive SR, TID 1500) of the labels of every kept series unit for which a condition on the\n' +
        'table series holds, about its de-identified images, in their study and in a series of its own. Writes it to one\n' +
        'place: --to, --dicomweb or --dimse. The same labels make the same objects. Nothing that is there is changed.',
    )
    .argument('<dir>', 'output folder of a run')
    .requiredOption(
      '--where <condition>',
      'SQL over the columns of series, such as "body_part_source <> \'predicted\' OR NOT needs_review"',
    )
    .option('--to <folder>', 'a folder outside of the output')
    .option('--dicomweb <url>', 'a DICOMweb server, by STOW-RS')
    .option('--dimse <peer>', 'AET@HOST:PORT of a DICOM peer, by C-STORE')
    .addOption(
      new Option('--auth <kind>', 'of --dicomweb, with SERIESWISE_DICOMWEB_TOKEN, or _USER and _PASSWORD')
        .choices(['none', 'basic', 'bearer'])
        .default('none'),
    )
    .option('--ae-title <title>', 'of --dimse: our AE title', 'SERIESWISE')
    .option('--tls', 'of --dimse: TLS with SERIESWISE_DIMSE_CA_FILE, _CERT_FILE and _KEY_FILE')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText('after', '\nWhat a report says, and reasons why there is none: docs/write-back.md')
    .action((folder: string, options: WriteBackOptions) => {
      const target = openReportTarget(folder, options);
      return withOutputView(folder, 'whole', ({ folder: source }) =>
        runWriteBack(folder, source, target, options),
      ).finally(() => target.close());
    });
}

async function runWriteBack(
  folder: string,
  source: string,
  target: ReportTarget,
  options: WriteBackOptions,
): Promise<void> {
  const run = requireRunDocument(source, folder);
  const manifest = await openManifest(source).catch((error: unknown) => {
    if (error instanceof ManifestError) throw new CliError(error.message, 2);
    throw error;
  });
  try {
    const reports = await writeBack({
      manifest,
      source,
      condition: options.where,
      target,
      labelledBy: run.serieswise_version,
      writtenBy: productVersion(),
      ...(process.stderr.isTTY ? { progress: showUnits } : {}),
    });
    const problems: Record<string, number> = {};
    for (const { problem } of reports) if (problem !== null) problems[problem] = (problems[problem] ?? 0) + 1;
    const written = reports.filter(({ problem }) => problem === null).length;
    if (options.json) printJson({ condition: options.where, written, problems, reports });
    else say(`${written} reports written, of ${reports.length} series units.`);
    if (written < reports.length) {
      const told = Object.entries(problems).map(([problem, count]) => `${problem} ${count}`);
      throw new CliError(`Some units have no report: ${told.join(', ')}. See docs/write-back.md.`, 1);
    }
  } catch (error) {
    if (error instanceof CohortError) throw new CliError(error.message, 2);
    throw error;
  } finally {
    await manifest.close();
  }
}
