/** Exit codes of every command (docs: commands). 0 done, 1 something failed, 2 usage, 3 environment, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** Ends a command with a message for people on standard error and the given exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: Exclude<ExitCode, 0>;

  constructor(message: string, exitCode: Exclude<ExitCode, 0>) {
    super(message);
    this.exitCode = exitCode;
  }
}
