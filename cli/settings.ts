import { type Command, Option } from 'commander';
import { StageFailure } from '../activities/failures.ts';
import { defaultStateLocation, openState, type State } from '../activities/store/state.ts';
import { CliError } from './exit.ts';

/** Adds the options that every command with a state folder has. */
export function withStateOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--state <place>',
      'private state: key, inventory, embedded server; a folder or s3://BUCKET/PREFIX',
    ).default(undefined, '$SERIESWISE_STATE or ~/.local/state/serieswise'),
  );
}

/** Opens the state folder. @throws CliError 3 when it or the key is not usable */
export function openStateOrExit(folder: string | undefined): State {
  try {
    return openState(folder ?? defaultStateLocation());
  } catch (error) {
    if (error instanceof StageFailure) throw new CliError(error.message, error.kind === 'permanent' ? 2 : 3);
    throw error;
  }
}

/** Prints one JSON document on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Says something to a person, on standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
