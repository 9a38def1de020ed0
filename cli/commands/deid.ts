import type { Command } from 'commander';
import { registerExplain } from './deid/explain.ts';
import { registerProve } from './deid/prove.ts';

/** `deid`: what de-identification does, and the proof of it. */
export function registerDeid(program: Command): void {
  const deid = program
    .command('deid')
    .summary('de-identification: what becomes of each attribute, and the proof of it')
    .exitOverride()
    .showHelpAfterError('(see: serieswise deid --help)');
  registerExplain(deid);
  registerProve(deid);
}
