import type { Command } from 'commander';
import { Crosswalk } from '../../activities/store/crosswalk.ts';
import { readKeyFile } from '../../activities/store/state.ts';
import type { IdentityPair } from '../../stages/deidentify/pseudonyms.ts';
import { CliError } from '../exit.ts';
import { openStateOrExit, printJson, say, withStateOption } from '../settings.ts';
import { renderTable } from '../table.ts';

interface LookupOptions {
  source?: string;
  issuer?: string;
  state?: string;
  json?: boolean;
}

/** `crosswalk`: the way back from a pseudonym, for those who hold state folder and key. */
export function registerCrosswalk(program: Command): void {
  const crosswalk = program
    .command('crosswalk')
    .summary('look up what a pseudonym stands for, and rotate the key of the crosswalk')
    .exitOverride()
    .showHelpAfterError('(see: serieswise crosswalk --help)');
  withStateOption(
    crosswalk
      .command('lookup')
      .summary('what a pseudonym stands for, or which pseudonym an identifier has')
      .description(
        'Looks in the encrypted crosswalk of the state folder, which a pipeline with `deidentify.crosswalk: true`\n' +
          'keeps. Prints identifiers of patients: mind where the output goes. Ends with 1 when nothing is found.',
      )
      .argument('[pseudonym]', 'patient_id or a UID of an output')
      .option('--source <value>', 'look the other way: a Patient ID or a UID of a source')
      .option('--issuer <value>', 'with --source: only of this Issuer of Patient ID')
      .option('--json', 'print one JSON document on standard output')
      .exitOverride(),
  ).action(lookUp);
  withStateOption(
    crosswalk
      .command('rotate')
      .summary('encrypt the crosswalk under a new key; pseudonyms stay as they are')
      .description(
        'Encrypts every part anew under a fresh data key. With --new-key that key is held by the given file from\n' +
          'then on: set SERIESWISE_CROSSWALK_KEY_FILE to it. Cut off, the same command goes on; until it has ended the\n' +
          'old key opens the crosswalk too. Copies from before stay readable with the old key.',
      )
      .option('--new-key <file>', 'file of 64 hexadecimal digits (openssl rand -hex 32)')
      .option('--json', 'print one JSON document on standard output')
      .exitOverride(),
  ).action(rotate);
}

function openCrosswalk(folder: string | undefined): Crosswalk {
  const crosswalk = Crosswalk.open(openStateOrExit(folder));
  if (crosswalk === null) {
    throw new CliError(
      'The state folder has no crosswalk. A pipeline with `deidentify.crosswalk: true` makes one.',
      2,
    );
  }
  return crosswalk;
}

function lookUp(pseudonym: string | undefined, options: LookupOptions): void {
  if ((pseudonym === undefined) === (options.source === undefined))
    throw new CliError('Name either a pseudonym or --source VALUE.', 2);
  if (options.issuer !== undefined && options.source === undefined)
    throw new CliError('--issuer goes with --source.', 2);
  const wanted = (pair: IdentityPair): boolean =>
    pseudonym === undefined
      ? pair.source === options.source?.trim() &&
        (options.issuer === undefined || pair.issuer === options.issuer.trim())
      : pair.pseudonym === pseudonym.trim();
  const found = new Map<string, IdentityPair>();
  const { unreadable } = openCrosswalk(options.state).read((pair) => {
    if (wanted(pair)) found.set(JSON.stringify(pair), pair);
  });
  const pairs = [...found.values()].sort((a, b) => (a.pseudonym < b.pseudonym ? -1 : 1));
  if (options.json) printJson({ found: pairs, unreadableParts: unreadable });
  else if (pairs.length > 0) {
    const rows = pairs.map(({ kind, pseudonym: name, source, issuer }) => [
      kind,
      name,
      source,
      issuer ?? '-',
    ]);
    process.stdout.write(`${renderTable(['kind', 'pseudonym', 'source', 'issuer'], rows)}\n`);
  }
  if (unreadable > 0) say(`${unreadable} parts of the crosswalk cannot be opened with any key that it has.`);
  if (pairs.length === 0) throw new CliError('The crosswalk does not hold that.', 1);
}

function rotate(options: { newKey?: string; state?: string; json?: boolean }): void {
  const crosswalk = openCrosswalk(options.state);
  const secret = options.newKey === undefined ? null : readKeyFile(options.newKey, 'The file of --new-key');
  const parts = crosswalk.rotate(secret);
  if (options.json) printJson({ status: 'rotated', parts });
  else {
    say(`${parts} parts are encrypted under a new key; pseudonyms are as they were.`);
    if (secret !== null) say('From now on set SERIESWISE_CROSSWALK_KEY_FILE to the new file.');
  }
}
