import type { Command } from 'commander';
import { allKeywords, findTag, formatTag, parseTag } from '../../../dicom/tags.ts';
import { nearestOf } from '../../../pipelines/load.ts';
import { pipelineSchema } from '../../../pipelines/schema.ts';
import {
  type BasicProfile,
  type ExplainedRow,
  explainAttribute,
  explainProfile,
  explainSafePrivate,
  listRemoved,
} from '../../../stages/deidentify/explain-profile.ts';
import { type ResolvedProfile, resolveProfile } from '../../../stages/deidentify/profile.ts';
import { CliError } from '../../exit.ts';
import { loadDeidentification } from '../../load-pipeline.ts';
import { printJson } from '../../settings.ts';
import { renderTable } from '../../table.ts';

/** `deid explain`. */
export function registerExplain(deid: Command): void {
  deid
    .command('explain')
    .summary('what becomes of an attribute, or of all of them, and why')
    .description(
      'Lists every attribute path that may stay, with its action, the form that its values must have, and why; all\n' +
        'else is removed. With TAG or KEYWORD, what becomes of that attribute and what PS3.15 table E.1-1 says of it.',
    )
    .argument('[attribute]', 'a tag such as 0018,0060 or a keyword such as KVP')
    .option('--pipeline <file>', 'with the options and changes of a pipeline spec')
    .option('--json', 'print one JSON document on standard output')
    .exitOverride()
    .showHelpAfterError('(see: serieswise deid explain --help)')
    .action(async (attribute: string | undefined, options: { pipeline?: string; json?: boolean }) => {
      const deidentify =
        options.pipeline === undefined
          ? pipelineSchema.parse({ name: 'defaults' }).deidentify
          : (await loadDeidentification(options.pipeline)).deidentify;
      const profile = resolveProfile(deidentify);
      if (attribute === undefined) explainAll(profile, deidentify.options, options.json === true);
      else explainOne(profile, readAttribute(attribute), options.json === true);
    });
}

/** @throws CliError 2 for what is neither a tag nor a keyword, with the nearest one */
function readAttribute(text: string): number {
  const number = parseTag(text.replaceAll(/\s/g, '')) ?? findTag(text);
  if (number !== undefined) return number;
  const nearest = nearestOf(text, allKeywords());
  const hint = nearest === null ? '' : ` Did you mean ${nearest} ${formatTag(findTag(nearest)!)}?`;
  throw new CliError(`${text} is neither a tag (0018,0060) nor a keyword of PS3.6 (KVP).${hint}`, 2);
}

function explainAll(profile: ResolvedProfile, options: object, json: boolean): void {
  const attributes = explainProfile(profile);
  const safePrivate = explainSafePrivate(profile);
  const codes = profile.methodCodes.map(({ value, meaning }) => ({ value, meaning }));
  if (json) {
    printJson({
      profile: profile.name,
      version: profile.version,
      dates: profile.dates,
      options,
      methodCodes: codes,
      everythingElse: 'remove',
      attributes,
      safePrivate,
      removedOfTableE11: listRemoved(profile),
    });
    return;
  }
  const rows = [...attributes, ...safePrivate].map((row) => [
    row.path.replaceAll('>', ' > '),
    row.tag,
    row.does,
    row.values,
    row.otherwise,
    row.basicProfile?.action ?? '-',
  ]);
  process.stdout.write(
    `${renderTable(['attribute', 'tag', 'action', 'values', 'otherwise', 'E.1-1'], rows)}\n\n` +
      `Profile ${profile.name} ${profile.version}, dates: ${profile.dates}. ${rows.length} attribute paths may stay; everything else is removed.\n` +
      `Claimed: ${codes.map(({ value, meaning }) => `${value} ${meaning}`).join('; ')}.\n`,
  );
}

function explainOne(profile: ResolvedProfile, tagNumber: number, json: boolean): void {
  const attribute = explainAttribute(profile, tagNumber);
  if (json) {
    printJson({ profile: profile.name, version: profile.version, dates: profile.dates, ...attribute });
    return;
  }
  const out = (line: string) => process.stdout.write(`${line}\n`);
  out(`${attribute.tag} ${attribute.keyword ?? 'not in PS3.6'} ${attribute.vr ?? ''}`.trimEnd());
  out(`PS3.15 table E.1-1: ${describeBasicProfile(attribute.basicProfile)}`);
  for (const row of attribute.rows) out(describeRow(row));
  out(attribute.rows.length === 0 ? `\nremoved. ${attribute.why}` : '\nIn every other place it is removed.');
}

function describeBasicProfile(basic: BasicProfile | null): string {
  if (basic === null) return 'not listed';
  const options = Object.entries(basic.options).map(([name, action]) => `${action} with the ${name}`);
  return [`${basic.action} by the Basic Profile`, ...options].join(', ');
}

function describeRow(row: ExplainedRow): string {
  return [
    `\n${row.path.replaceAll('>', ' > ')}: ${row.does}`,
    ...(row.values === '' ? [] : [`  values: ${row.values}`, `  otherwise: ${row.otherwise}`]),
    `  because: ${row.reason}`,
  ].join('\n');
}
