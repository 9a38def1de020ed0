import type { Command } from 'commander';
import { InvalidPipelineError, loadRunnablePipeline } from '../load-pipeline.ts';
import { printJson, say } from '../settings.ts';

export function registerValidate(program: Command): void {
  program
    .command('validate')
    .summary('check a pipeline spec')
    .description(
      'Checks a spec: every error at once, with file:line:column, what was expected, and the nearest valid key.',
    )
    .argument('<pipeline.yaml>', 'the pipeline spec')
    .option(
      '--set <a.b=value>',
      'override a field of the spec (repeatable)',
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .option('--json', 'print one JSON document on standard output')
    .action(async (file: string, options: { set: string[]; json?: boolean }) => {
      try {
        const { pipeline, digest, bundle } = await loadRunnablePipeline(file, options.set);
        if (options.json)
          printJson({ valid: true, digest, bundle: `${bundle.name}@${bundle.version}`, pipeline });
        else
          say(`${file} is valid (digest ${digest.slice(0, 12)}, bundle ${bundle.name}@${bundle.version}).`);
      } catch (error) {
        if (options.json && error instanceof InvalidPipelineError) {
          printJson({ valid: false, problems: error.problems });
        }
        throw error;
      }
    });
}
