import type { Command } from 'commander';
import { openManifest } from '../../manifest/query.ts';
import type { Expectation } from '../../pipelines/expect-schema.ts';
import { CliError } from '../exit.ts';
import { checkDataset, isCohort, renderExpectations, requireAll } from '../expectations.ts';
import { loadExpectations } from '../load-pipeline.ts';
import { withOutputView } from '../output-view.ts';
import { requireRunDocument } from '../run-folder.ts';
import { printJson } from '../settings.ts';

/** Adds `check DIR`: holds a dataset to the expectations of its pipeline. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .summary('hold a dataset to what its pipeline expects of it')
    .description(
      'Asks the queries under `expect` of the pipeline and compares the numbers with their bounds. `run` and `export` do\n' +
        'the same at their end; this command asks again, after a review for example, or asks what another spec expects.',
    )
    .argument('<dir>', 'output folder of a run, or an exported cohort')
    .option(
      '--pipeline <pipeline.yaml>',
      'take the expectations of this spec (default: those that the run was made with)',
    )
    .option('--json', 'print one JSON document on standard output')
    .action(async (folder: string, options: { pipeline?: string; json?: boolean }) => {
      const expectations =
        options.pipeline === undefined ? await readOwn(folder) : await loadExpectations(options.pipeline);
      const checked = await checkDataset(folder, expectations);
      // A check of nothing must not pass for one that holds.
      if (checked.length === 0)
        throw new CliError(
          'The pipeline expects nothing of this dataset; see `expect` in docs/expectations.md.',
          2,
        );
      if (options.json) printJson({ expectations: checked });
      else process.stdout.write(`${renderExpectations(checked)}\n`);
      requireAll(checked);
    });
}

/** The expectations that the run was made with. @throws CliError 2 for a cohort, which does not know them */
function readOwn(folder: string): Promise<Expectation[]> {
  return withOutputView(folder, 'tables', async (view) => {
    const manifest = await openManifest(view.folder);
    try {
      if (isCohort(manifest)) throw new CliError('Name the spec of an exported cohort with --pipeline.', 2);
    } finally {
      await manifest.close();
    }
    return requireRunDocument(view.folder, folder).pipeline.expect ?? [];
  });
}
