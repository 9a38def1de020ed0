// Writes the reference pages of docs/ from the sources that they describe. One function a page; a page's text comes
// from declarations in the code alone. `--check` writes nothing and fails when a page is out of date.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

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

/** docs/manifest.md, from manifest/schema.ts and stages/reasons.ts. */
async function manifestPage() {
  const { MANIFEST_SCHEMA_VERSION, MANIFEST_TABLES } = await load('manifest/schema.js');
  const { REASONS } = await load('stages/reasons.js');
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
  lines.push('', '## Reasons', '');
  lines.push('The closed vocabulary of `reason`. Each stands for one disposition.', '');
  lines.push('| reason | disposition | meaning |', '|---|---|---|');
  for (const [reason, { disposition, meaning }] of Object.entries(REASONS)) {
    lines.push(`| \`${reason}\` | \`${disposition}\` | ${cell(meaning)} |`);
  }
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
  const [begin, end] = ['<!-- rules: begin -->', '<!-- rules: end -->'];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/series-units.md has lost the marks of its table.');
  const rows = Object.entries(RULES).map(
    ([name, { reason, looksAt, source, test }]) =>
      `| \`${name}\` | \`${reason}\`, ${REASONS[reason].disposition} | ${cell(looksAt)} | ${cell(source)} | [${path.basename(test, '.test.ts')}](../${test}) |`,
  );
  const table = ['| rule | reason | looks at | source | test |', '|---|---|---|---|---|', ...rows];
  return `${page.slice(0, from)}${begin}\n${table.join('\n')}\n${page.slice(to)}`;
}

/** JSON Schema of the pipeline spec, for editors, from pipelines/schema.ts. */
async function pipelineSchema() {
  const { pipelineJsonSchema } = await load('pipelines/schema.js');
  return `${JSON.stringify(pipelineJsonSchema(), null, 2)}\n`;
}

const PAGES = {
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
