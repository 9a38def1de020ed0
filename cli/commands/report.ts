import type { Command } from 'commander';
import { systemFailureOf } from '../../activities/failures.ts';
import { isBucketLocation } from '../../activities/store/locations.ts';
import { ManifestError } from '../../manifest/errors.ts';
import { REPORT_PATH } from '../../web/report/report-file.ts';
import { type WrittenReport, writeReport } from '../../web/report/write-report.ts';
import { CliError } from '../exit.ts';
import { withOutputView } from '../output-view.ts';
import { requireRunDocument } from '../run-folder.ts';
import { printJson } from '../settings.ts';

/** Adds `report DIR`: one self-contained HTML file about a run that has ended. */
export function registerReport(program: Command): void {
  program
    .command('report')
    .summary('one self-contained HTML file about a run')
    .description(
      'Writes DIR/report/index.html: counts, labels, pictures, scores, conflicts, exclusions, geometry and provenance.\n' +
        'One file without scripts, readable offline and printable; each figure shows the query that it stands for.',
    )
    .argument('<dir>', 'output folder of a run')
    .option('--json', 'print one JSON document on standard output: every figure with its query and its rows')
    .action(async (folder: string, options: { json?: boolean }) => {
      const written = await writeReportOrExit(folder);
      if (options.json) printJson(written);
      else process.stdout.write(`${written.file} (${(written.bytes / 1e6).toFixed(1)} MB)\n`);
      if (written.alarms.length > 0) throw new CliError(written.alarms.join('\n'), 1);
    });
}

/**
 * Writes the report of the run in `output`.
 * @throws ManifestError when the tables cannot be read; CliError 2 no run has ended there, 3 the report cannot be written
 */
export function writeReportOrExit(output: string): Promise<WrittenReport> {
  return withOutputView(output, 'pictures', async (view) => {
    const run = requireRunDocument(view.folder, output);
    const written = await writeReport(view.folder, run).catch(refuse);
    await view.keep(REPORT_PATH);
    return isBucketLocation(output) ? { ...written, file: `${output}/${REPORT_PATH}` } : written;
  });
}

function refuse(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  // Of this house's own errors the program knows what to say.
  if (error instanceof ManifestError || code === undefined) throw error;
  throw new CliError(`The report cannot be written: ${systemFailureOf(error)?.message ?? code}`, 3);
}
