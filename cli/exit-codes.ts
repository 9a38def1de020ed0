/** What the exit codes of each command mean, said once: `--help` and docs/commands.md show it. */
import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';

type Meanings = Partial<Record<ExitCode, string>>;

const FOLDER = 'not the output of a run';
const STATE = 'the state folder or its key is not usable';
const TABLES = 'the tables cannot be read';
const RUN: Meanings = {
  0: 'done',
  1: 'the run failed, or an expectation is broken',
  2: 'spec, options, input or output; nothing was started',
  3: 'server, disk or key, or another process works on this output',
  130: 'interrupted or cancelled; the same command goes on',
};

/** By the words of the command. */
const EXIT_CODES: Readonly<Record<string, Meanings>> = {
  demo: RUN,
  run: RUN,
  relabel: {
    ...RUN,
    2: 'options, bundle or output, or labels alone cannot be made anew; nothing was started',
  },
  validate: { 0: 'valid', 2: 'not valid, or not readable' },
  plan: { 0: 'done', 2: 'spec, options or input', 3: `${STATE}, or the source does not answer` },
  status: { 0: 'done', 2: FOLDER, 3: STATE },
  pause: { 0: 'paused', 1: 'nothing is under way', 3: `${STATE}, or the server does not answer` },
  resume: { 0: 'resumed', 1: 'nothing is under way', 3: `${STATE}, or the server does not answer` },
  cancel: { 0: 'cancelled, or nothing was under way', 1: 'it has not ended yet', 2: FOLDER, 3: STATE },
  query: { 0: 'done', 1: TABLES, 2: 'options, no manifest, or SQL that DuckDB refuses' },
  why: { 0: 'done', 2: 'nothing has that key, or the run has not ended', 3: STATE },
  report: {
    0: 'done',
    1: `${TABLES}, or lack files that run.json counted (written all the same)`,
    2: 'no run has ended there',
    3: 'it cannot be written',
  },
  check: {
    0: 'all hold',
    1: `one is broken, or ${TABLES}`,
    2: 'nothing is expected, no manifest, or the spec is not valid',
  },
  drift: {
    0: 'nothing is flagged',
    1: `something drifts, or ${TABLES}`,
    2: 'not the output of an ended run, or options',
  },
  review: { 0: 'ended by Ctrl-C', 1: TABLES, 2: FOLDER, 3: 'the port cannot be used' },
  'crosswalk lookup': {
    0: 'found',
    1: 'not in the crosswalk',
    2: 'options, or no crosswalk is kept',
    3: 'it was encrypted with another key',
  },
  'crosswalk rotate': {
    0: 'done',
    2: 'options, or no crosswalk is kept',
    3: 'it was encrypted with another key, or another rotation is under way',
  },
  verify: { 0: 'every check passed', 1: 'a check failed', 2: FOLDER },
  export: {
    0: 'done',
    1: 'a unit could not be written, or an expectation is broken',
    2: 'options, condition or folder',
  },
  'write-back': {
    0: 'done',
    1: 'a unit has no report, or one was refused',
    2: 'options, condition, or no run',
    3: 'the server or peer cannot be used',
  },
  'deid explain': {
    0: 'done',
    2: 'not a tag or keyword (the nearest one is named), or the spec is not valid',
  },
  'deid prove': {
    0: 'nothing survived',
    1: 'something survived, or another check failed',
    2: 'options or spec',
    3: 'the environment is not usable',
  },
  evaluate: {
    0: 'done',
    1: 'a limit of the gate is not met (everything is written)',
    2: 'options or tables',
    3: 'the output cannot be written',
  },
  'models list': { 0: 'done' },
  'models show': { 0: 'done', 1: 'the bundle is refused', 2: 'no bundle of that name' },
  'models verify': { 0: 'all match', 1: 'a bundle is refused', 2: 'no bundle of that name' },
  'models bench': {
    0: 'done',
    1: 'the bundle is refused',
    2: 'options, or no bundle of that name',
    3: 'the execution provider cannot be used',
  },
  train: {
    0: 'done',
    1: 'training failed, or the export differs from the network',
    2: 'options, manifest or truth, or too few patients for three parts',
    3: 'no torch, or the output cannot be written',
    130: 'interrupted; --resume goes on',
  },
  receive: {
    0: 'stopped',
    2: 'options',
    3: 'port, TLS files or state folder, or another receiver writes to the inbox',
  },
  worker: {
    0: 'stopped',
    2: 'options, or no TEMPORAL_ADDRESS',
    3: 'no answer, or metrics or log cannot be opened',
  },
  doctor: { 0: 'a run is possible', 3: 'not yet: what is missing is said' },
};

/** The words that call `command`, without the program's own name. */
export function commandWords(command: Command): string {
  const words: string[] = [];
  for (let each: Command | null = command; each?.parent; each = each.parent) words.unshift(each.name());
  return words.join(' ');
}

/** Code and meaning, in the order of the codes; empty for a command that states none. */
export function exitCodesOf(command: Command): readonly (readonly [code: string, meaning: string])[] {
  return Object.entries(EXIT_CODES[commandWords(command)] ?? {});
}

/** Commands that do something: those below a group, not the group. */
export function listCommands(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(listCommands);
}
