/**
 * The data-set card, README.md: a head in YAML that the Hugging Face hub and its `datasets` library read
 * (https://huggingface.co/docs/hub/datasets-cards), and what a person wants to know before training on it.
 */

import type { CohortSummary } from './describe-cohort.ts';
import type { CohortDocument } from './export-cohort.ts';
import type { CohortFormat } from './plan-pieces.ts';
import { tablePathOf } from './write-manifest.ts';

/** Python that reads the first unit in each format: what it imports, and how. */
const READ: Record<CohortFormat, readonly [string, string]> = {
  dicom: ['pydicom', 'image = pydicom.dcmread(files.path[0]).pixel_array'],
  nifti: ['nibabel', 'hounsfield = nibabel.load(files.path[0]).get_fdata()'],
  npy: ['numpy', 'tensor = numpy.load(files.path[0])  # uint8 [slice, row, column]'],
  zarr: [
    'zarr',
    'tensor = zarr.open_group("tensors.zarr", mode="r")[files.series_unit[0]][:]  # uint8 [slice, row, column]',
  ],
  webdataset: [
    'webdataset',
    'sample = next(iter(webdataset.WebDataset(files.path[0], shardshuffle=False).decode()))  # npy, json, TASK.cls',
  ],
  parquet: [
    'io, numpy',
    'tensor = numpy.load(io.BytesIO(pandas.read_parquet(files.path[0]).tensor[0]))  # uint8 [slice, row, column]',
  ],
};

export function renderCard(document: CohortDocument, summary: CohortSummary): string {
  return `---\n${renderHead(document, summary).join('\n')}\n---\n\n${renderBody(document, summary)}`;
}

function renderHead(document: CohortDocument, summary: CohortSummary): string[] {
  const { title, license, format } = document;
  const isReviewed = summary.labelSources.some(
    ({ source }) => source === 'review' || source === 'adjudication',
  );
  return [
    `pretty_name: ${JSON.stringify(title)}`,
    ...licenseLines(license),
    'task_categories: [image-classification]',
    'tags: [medical, computed-tomography, de-identified]',
    `annotations_creators: [machine-generated${isReviewed ? ', expert-generated' : ''}]`,
    `size_categories: ["${sizeCategory(summary.seriesUnits)}"]`,
    'configs:',
    '- config_name: default',
    ...((format === 'parquet' || format === 'webdataset') && summary.splits.length > 0
      ? ['  data_files:', ...dataFiles(format, summary)]
      : [`  data_files: ${tablePathOf('series')}`]),
  ];
}

/** One word is an identifier of the hub or of SPDX; anything else is a licence of its own there. */
function licenseLines(license: string | null): string[] {
  if (license === null) return ['license: unknown'];
  if (/^[A-Za-z0-9.-]+$/.test(license)) return [`license: ${license.toLowerCase()}`];
  return ['license: other', `license_name: ${JSON.stringify(license)}`];
}

function sizeCategory(count: number): string {
  if (count < 1000) return 'n<1K';
  if (count < 10_000) return '1K<n<10K';
  return count < 100_000 ? '10K<n<100K' : '100K<n<1M';
}

function dataFiles(format: 'parquet' | 'webdataset', summary: CohortSummary): string[] {
  const extension = format === 'parquet' ? 'parquet' : 'tar';
  return summary.splits.flatMap(({ split }) => [
    // Without parts the hub's own word for all is train.
    `  - split: ${split ?? 'train'}`,
    `    path: ${format}/${split ?? 'all'}-*.${extension}`,
  ]);
}

function renderBody(document: CohortDocument, summary: CohortSummary): string {
  const { format, deidentify, bundle } = document;
  const taskTables = ['body_part', 'axis', 'contrast'].map((task) => {
    const rows = summary.labels.filter((row) => row.task === task);
    return `${task}: ${rows.map(({ label, seriesUnits }) => `${label} ${seriesUnits}`).join(', ') || 'none'}`;
  });
  const sources = summary.labelSources.map(
    ({ task, source, seriesUnits }) => `${task} ${source} ${seriesUnits}`,
  );
  return `# ${document.title}

${summary.seriesUnits} CT series units of ${summary.studies} studies and ${summary.patients} patients, \
${document.files} files, ${(document.bytes / 1e6).toFixed(1)} MB. A series unit is one geometrically coherent stack of \
slices. Exported by Serieswise ${document.serieswise_version}.

## Selection

\`\`\`sql
${document.condition}
\`\`\`

## Parts

${table(
  ['part', 'series units', 'patients'],
  summary.splits.map(({ split, seriesUnits, patients }) => [split ?? 'not split', seriesUnits, patients]),
)}

${
  document.splits === null
    ? 'Not split. Whoever splits it should do so by `patient_id`.'
    : `By patient: the part follows from the pseudonym and the seed ${document.seed} alone, so no patient is in two.`
}

## Labels

${taskTables.map((line) => `- ${line}`).join('\n')}

These are the columns \`body_part_resolved\`, \`axis_resolved\` and \`contrast_resolved\`: what people settled in review, \
else what the model bundle \`${bundle.name}\` ${bundle.version} predicted. Where they are from: ${sources.join('; ') || 'no label'}.

## Files

Format \`${format}\`. \`manifest/files\` says which file holds which series unit, with its part and SHA-256; \
\`manifest/series\`, \`labels\` and \`instances\` tell the rest, with the columns of a run.

\`\`\`python
import pandas, ${READ[format][0]}
files = pandas.read_parquet("${tablePathOf('files')}").query("problem.isna()").reset_index()
${READ[format][1]}
\`\`\`

## Provenance

${table(
  ['', ''],
  [
    ['de-identification profile', deidentify.profile],
    ['dates', deidentify.dates],
    [
      'faces',
      `${deidentify.faces}: ${summary.defaced} units defaced, ${summary.recognizable} may show a face`,
    ],
    ['options of PS3.15 annex E.3', deidentify.options.join(', ') || 'as the profile has them'],
    ['pipeline', `\`${document.pipeline_digest}\``],
    ['model bundle', `${bundle.name}@${bundle.version}, \`${bundle.sha256}\``],
    [
      'manufacturers',
      summary.manufacturers
        .map(({ manufacturer, seriesUnits }) => `${manufacturer} ${seriesUnits}`)
        .join(', '),
    ],
  ],
)}

All identifiers are keyed pseudonyms; the key is not part of the data set.

## Licence

${document.license ?? 'None was given at the export. Whoever passes this on has to state one.'}
${document.citation === null ? '' : `\nPlease cite: ${document.citation}\n`}
## Known limits

${limits(summary)
  .map((line) => `- ${line}`)
  .join('\n')}
`;
}

function limits(summary: CohortSummary): string[] {
  const { needsReview, excludedByReview, recognizable, problems } = summary;
  return [
    'Labels that nobody reviewed are predictions; figures measured on them measure agreement with a model.',
    'Pixels are as the scanner made them, but for what the pipeline does about burned-in text and faces.',
    ...(needsReview > 0 ? [`${needsReview} units are marked for review (\`needs_review\`).`] : []),
    ...(excludedByReview > 0
      ? [`${excludedByReview} units are here that review excludes: the condition does not leave them out.`]
      : []),
    ...(recognizable > 0 ? [`${recognizable} units may show a face that could be recognised.`] : []),
    ...problems.map(
      ({ problem, seriesUnits }) => `${seriesUnits} units could not be written: \`${problem}\`.`,
    ),
  ];
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
