// Writes the reference pages of docs/ from the sources that they describe. One function a page; a page's text comes
// from declarations in the code alone. `--check` writes nothing and fails when a page is out of date.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { drawImports } from './import-graph.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const HEADER = '<!-- Made by scripts/generate-docs.mjs. Do not edit. -->';

/** A module of the built program: run `npm run build` first. */
function load(file) {
  return import(pathToFileURL(path.join(root, 'dist', file)).href);
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function columnRows(columns) {
  const rows = columns.map(({ name, type, nullable, values, doc }) => {
    const closed = values === undefined ? '' : ` One of ${values.map((value) => `\`${value}\``).join(', ')}.`;
    return `| \`${name}\` | ${type} | ${nullable ? 'yes' : 'no'} | ${cell(doc + closed)} |`;
  });
  return ['| column | type | null | meaning |', '|---|---|---|---|', ...rows];
}

/** docs/manifest.md, from manifest/schema.ts, cohorts/files-table.ts stages/reasons.ts and stages/group/agreement.ts. */
async function manifestPage() {
  const { MANIFEST_SCHEMA_VERSION, MANIFEST_TABLES } = await load('manifest/schema.js');
  const { REASONS } = await load('stages/reasons.js');
  const { REVIEW_REASONS } = await load('stages/group/agreement.js');
  const { FILES_COLUMNS } = await load('cohorts/files-table.js');
  const lines = [
    HEADER,
    '',
    '# Manifest tables',
    '',
    'Parquet files (zstd) under `manifest/` of an output folder. They open unchanged in DuckDB, pyarrow and Polars;',
    '`serieswise query DIR "SQL"` asks them by name. All identifiers are pseudonyms. Columns are public: new ones come',
    'at the end, none is renamed.',
    '',
    `Every file carries the key-value metadata \`serieswise.schema_version\` (now \`${MANIFEST_SCHEMA_VERSION}\`),`,
    '`serieswise.table` and `serieswise.pipeline_digest`.',
  ];
  for (const [name, table] of Object.entries(MANIFEST_TABLES)) {
    lines.push('', `## \`${name}\``, '');
    lines.push(
      `${table.doc} Sorted by, and unique in, ${table.key.map((key) => `\`${key}\``).join(' and ')}.`,
    );
    lines.push('', ...columnRows(table.columns));
    if (table.derived === undefined) continue;
    lines.push('', 'No file holds these; SQL over the table has them, computed on reading:', '');
    lines.push(...columnRows(table.derived));
  }
  const { REVIEW_BELOW_SQL } = await load('manifest/review-below.js');
  lines.push('', '## `review_below(body_part_below, axis_below, contrast_below)`', '');
  lines.push(
    'A table function of `query`, of `export --where` and of `expect`: `series_unit`, `needs_review` and `review_reasons`',
    'as another `classify.review_below` would have them, for every classified unit (docs/models/review.md). Elsewhere DuckDB',
    'makes it from the tables `series` and `labels` by the same statement:',
    '',
    '```sql',
    `${REVIEW_BELOW_SQL};`,
    '```',
  );
  lines.push('', '## `files`, of an exported cohort', '');
  lines.push(
    'One row for each file of each unit, and for each unit that could not be written ([cohorts](cohorts.md)).',
    '',
  );
  lines.push('| column | type | meaning |', '|---|---|---|');
  for (const { name, type, doc } of FILES_COLUMNS)
    lines.push(`| \`${name}\` | ${type.toLowerCase()} | ${cell(doc)} |`);
  lines.push('', '## Reasons', '');
  lines.push('The closed vocabulary of `reason`. Each stands for one disposition.', '');
  lines.push('| reason | disposition | meaning |', '|---|---|---|');
  for (const [reason, { disposition, meaning }] of Object.entries(REASONS)) {
    lines.push(`| \`${reason}\` | \`${disposition}\` | ${cell(meaning)} |`);
  }
  lines.push('', '## Reasons for review', '');
  lines.push('The closed vocabulary of `review_reasons`; [when each holds](models/review.md).', '');
  lines.push(...REVIEW_REASONS.map((reason) => `- \`${reason}\``));
  return `${lines.join('\n')}\n`;
}

/** docs/deidentification-profile.md, from stages/deidentify/profiles/. */
async function profilePage() {
  const { resolveProfile } = await load('stages/deidentify/profile.js');
  const { explainProfile, explainSafePrivate } = await load('stages/deidentify/explain-profile.js');
  const nothing = { add: [], remove: [] };
  const profile = resolveProfile({ profile: 'ct-research', dates: 'shift', whitelist: nothing });
  const permit = ['as the pipeline says'];
  const withOptions = resolveProfile({
    profile: 'ct-research',
    dates: 'keep',
    whitelist: nothing,
    options: {
      retain_uids: true,
      retain_device_identity: { permit },
      retain_institution_identity: { permit },
      retain_safe_private: true,
    },
  });
  const rows = explainProfile(profile);
  const known = new Set(rows.map((row) => row.path));
  const added = explainProfile(withOptions).filter((row) => !known.has(row.path));
  const uids = explainProfile(withOptions).filter((row) => row.grammar?.kind === 'uid');
  const table = (listed) => [
    '| attribute | tag | VR | action | values | otherwise | why |',
    '|---|---|---|---|---|---|---|',
    ...listed.map(
      (row) =>
        `| ${cell(row.path.replaceAll('>', ' > '))} | ${row.tag} | ${row.vr} | ${row.action} | ${cell(row.values)} | ${row.otherwise} | ${cell(row.reason)} |`,
    ),
  ];
  const lines = [
    HEADER,
    '',
    `# The profile \`${profile.name}\`, version ${profile.version}`,
    '',
    `${rows.length} attribute paths may stay, each only with values of the form given here. Everything else is removed.`,
    'What the actions mean and why it is so: [deidentification.md](deidentification.md). `FunctionalGroups` stands for the',
    'shared and the per-frame functional groups. With `dates: remove` (the default) rows with `shift` are removed, or',
    'emptied where the attribute must be present. `serieswise deid explain` tells the same of any pipeline.',
    '',
    ...table(rows),
    '',
    '## With options',
    '',
    'What options of PS3.15 annex E.3 add, each only when the pipeline asks for it under `deidentify.options`.',
    `\`retain_uids\` keeps ${uids.length} of the UIDs above, those for which table E.1-1 says K, where they are valid; with`,
    '`dates: keep` rows with `shift` keep their values.',
    '',
    ...table([...added, ...explainSafePrivate(withOptions)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** docs/series-units.md is written by hand, but for the table of rules, which is stages/rules.ts. */
async function seriesUnitsPage() {
  const { RULES } = await load('stages/rules.js');
  const { REASONS } = await load('stages/reasons.js');
  const page = fs.readFileSync(path.join(root, 'docs/series-units.md'), 'utf8');
  const rows = Object.entries(RULES).map(
    ([name, { reason, looksAt, source, test }]) =>
      `| \`${name}\` | \`${reason}\`, ${REASONS[reason].disposition} | ${cell(looksAt)} | ${cell(source)} | [${path.basename(test, '.test.ts')}](../${test}) |`,
  );
  return fillMarks(page, 'docs/series-units.md', 'rules', [
    '| rule | reason | looks at | source | test |',
    '|---|---|---|---|---|',
    ...rows,
  ]);
}

/** What stands in a page between two marks is replaced by `lines`. */
function fillMarks(page, file, name, lines) {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has lost the marks ${name}.`);
  return `${page.slice(0, from)}${begin}\n${lines.join('\n')}\n${page.slice(to)}`;
}

/**
 * docs/commands.md: its head and the text behind each block of a command are written by hand, the blocks come from the
 * commands themselves. A new command gets its section here.
 */
async function commandsPage() {
  const { createProgram } = await load('cli/main.js');
  const { commandWords, exitCodesOf, listCommands } = await load('cli/exit-codes.js');
  const [head, ...sections] = fs.readFileSync(path.join(root, 'docs/commands.md'), 'utf8').split(/^## /m);
  const words = new Map(
    sections.map((section) => [
      section.slice(0, section.indexOf('\n')),
      section.slice(section.indexOf('\n')).replace(/<!-- command: begin -->[\s\S]*<!-- command: end -->/, ''),
    ]),
  );
  const commands = listCommands(await createProgram());
  const names = commands.map(commandWords);
  const foreign = [...words.keys()].filter((name) => !names.includes(name));
  if (foreign.length > 0)
    throw new Error(
      `docs/commands.md has sections of no command (one each is wanted): ${foreign.join('; ')}`,
    );
  const parts = commands.map((command, index) => {
    const rows = [
      ...command.registeredArguments.map((argument) => [
        argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
        argument,
      ]),
      ...command.options.filter(({ hidden }) => !hidden).map((option) => [option.flags, option]),
    ].map(
      ([flags, { description, argChoices, defaultValue, defaultValueDescription, mandatory, negate }]) => {
        const facts = [
          ...(mandatory ? ['required'] : []),
          ...(argChoices === undefined ? [] : [argChoices.map((choice) => `\`${choice}\``).join(', ')]),
          ...(defaultValueDescription !== undefined
            ? [`default: ${defaultValueDescription}`]
            : negate ||
                defaultValue === undefined ||
                (Array.isArray(defaultValue) && defaultValue.length === 0)
              ? []
              : [`default: \`${defaultValue}\``]),
        ];
        return `| \`${cell(flags)}\` | ${cell([description, ...facts].join('; '))} |`;
      },
    );
    const codes = exitCodesOf(command).map(([code, meaning]) => `**${code}** ${meaning}`);
    const about = command.description() || command.summary();
    const block = [
      '',
      '<!-- command: begin -->',
      `\`serieswise ${names[index]} ${command.usage()}\``,
      '',
      `${about[0].toUpperCase()}${about.slice(1)}${about.endsWith('.') ? '' : '.'}`,
      ...(rows.length === 0 ? [] : ['', '| argument, option | meaning |', '|---|---|', ...rows]),
      ...(codes.length === 0 ? [] : ['', `Exit codes: ${codes.join('; ')}.`]),
      '<!-- command: end -->',
    ];
    const text = (words.get(names[index]) ?? '').trim();
    return `## ${names[index]}\n${block.join('\n')}\n${text === '' ? '' : `\n${text}\n`}`;
  });
  return `${head}${parts.join('\n')}`;
}

/** How people write the values that a node of the JSON Schema takes. */
function valuesOf(node) {
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(', ');
  if (node.prefixItems !== undefined) return `list of ${node.prefixItems.length} numbers`;
  if (node.type === 'array') {
    if (node.items.properties !== undefined) return 'list of mappings';
    return `list of ${node.items.enum === undefined ? `${node.items.type}s` : valuesOf(node.items)}`;
  }
  if (node.oneOf !== undefined || node.properties !== undefined) return 'mapping';
  const { minimum, maximum, exclusiveMinimum } = node;
  const bound = (value) => Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const low = minimum ?? exclusiveMinimum;
  const range = [
    ...(low !== undefined && bound(low)
      ? [`${exclusiveMinimum === undefined ? 'from' : 'above'} ${low}`]
      : []),
    ...(maximum !== undefined && bound(maximum) ? [`to ${maximum}`] : []),
  ];
  return [node.type, ...range].join(' ');
}

/** Rows of the keys below a node; of a choice, those of each kind. */
function keyRows(node, at, required = []) {
  if (node.oneOf !== undefined) {
    return node.oneOf.flatMap((kind) => {
      const [name, tag] = Object.entries(kind.properties).find(([, value]) => value.const !== undefined);
      const rest = { ...kind, properties: { ...kind.properties } };
      delete rest.properties[name];
      return [
        { key: `${at}${name}: ${tag.const}`, values: '', fallback: undefined, meaning: kind.description },
        ...keyRows(rest, at, kind.required),
      ];
    });
  }
  return Object.entries(node.properties ?? {}).flatMap(([name, value]) => {
    const key = `${at}${name}`;
    const isNeeded = (node.required ?? required).includes(name) && value.default === undefined;
    const below = value.type === 'array' && value.items.properties !== undefined ? value.items : value;
    return [
      { key, values: valuesOf(value), fallback: isNeeded ? null : value.default, meaning: value.description },
      ...keyRows(below, `${key}.`),
    ];
  });
}

/** docs/pipeline.md, from pipelines/schema.ts. */
async function pipelinePage() {
  const { pipelineJsonSchema } = await load('pipelines/schema.js');
  const rows = keyRows(pipelineJsonSchema(), '');
  const silent = rows.filter(({ meaning }) => meaning === undefined);
  if (silent.length > 0)
    throw new Error(`pipelines/: keys without .describe(): ${silent.map(({ key }) => key).join(', ')}`);
  const fallbackOf = ({ fallback, values }) => {
    if (fallback === null) return '**required**';
    if (fallback === undefined || values === 'mapping') return '';
    return `\`${JSON.stringify(fallback).replaceAll('"', '').replaceAll(',', ', ')}\``;
  };
  const lines = [
    HEADER,
    '',
    '# Pipeline keys',
    '',
    'A pipeline is a YAML file; [the shipped one](../pipelines/definitions/ct-series-labels.yaml) has every default written out.',
    'An unknown key is an error, and `serieswise validate` names every error at once. `run --set a.b=value` overrides a key for',
    'one run. Editors complete and check keys with',
    '[pipeline.schema.json](../pipelines/definitions/pipeline.schema.json). A key without a default may be left out, unless it is',
    'required.',
    '',
    '| key | values | default | meaning |',
    '|---|---|---|---|',
    ...rows.map(
      (row) => `| \`${row.key}\` | ${cell(row.values)} | ${cell(fallbackOf(row))} | ${cell(row.meaning)} |`,
    ),
    '',
    'More about [de-identification](deidentification.md), [series units and exclusions](series-units.md),',
    '[sources](sources.md), [review](models/review.md) and [expectations](expectations.md).',
  ];
  return `${lines.join('\n')}\n`;
}

/** docs/sources.md is written by hand, but for the reasons, which are stages/retrieve/retrieval-reasons.ts. */
async function sourcesPage() {
  const { RETRIEVAL_REASONS } = await load('stages/retrieve/retrieval-reasons.js');
  const page = fs.readFileSync(path.join(root, 'docs/sources.md'), 'utf8');
  const rows = Object.entries(RETRIEVAL_REASONS).map(
    ([reason, meaning]) => `| \`${reason}\` | ${cell(meaning)} |`,
  );
  return fillMarks(page, 'docs/sources.md', 'reasons', ['| reason | meaning |', '|---|---|', ...rows]);
}

/** JSON Schema of the pipeline spec, for editors, from pipelines/schema.ts. */
async function pipelineSchema() {
  const { pipelineJsonSchema } = await load('pipelines/schema.js');
  return `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`;
}

/** docs/cohorts.md is written by hand, but for the problems, which are cohorts/cohort-error.ts. */
async function cohortsPage() {
  const { UNIT_PROBLEMS } = await load('cohorts/cohort-error.js');
  const page = fs.readFileSync(path.join(root, 'docs/cohorts.md'), 'utf8');
  const rows = Object.entries(UNIT_PROBLEMS).map(
    ([problem, meaning]) => `| \`${problem}\` | ${cell(meaning)} |`,
  );
  return fillMarks(page, 'docs/cohorts.md', 'problems', ['| problem | meaning |', '|---|---|', ...rows]);
}

/** Pictures of the imports, from the sources themselves. */
async function importsPage() {
  return `${[HEADER, '', ...drawImports(root)].join('\n')}\n`;
}

const PAGES = {
  'docs/architecture/imports.md': importsPage,
  'docs/cohorts.md': cohortsPage,
  'docs/commands.md': commandsPage,
  'docs/pipeline.md': pipelinePage,
  'docs/sources.md': sourcesPage,
  'docs/manifest.md': manifestPage,
  'docs/deidentification-profile.md': profilePage,
  'docs/series-units.md': seriesUnitsPage,
  'pipelines/definitions/pipeline.schema.json': pipelineSchema,
};

const check = process.argv.includes('--check');
let stale = 0;
for (const [file, makePage] of Object.entries(PAGES)) {
  const target = path.join(root, file);
  const text = await makePage();
  const before = fs.existsSync(target) ? fs.readFileSync(target, 'utf8') : null;
  if (before === text) continue;
  if (check) {
    console.error(`${file} is out of date: run node scripts/generate-docs.mjs`);
    stale++;
  } else {
    fs.writeFileSync(target, text);
    console.error(`${file} written`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;
