/** The cohort in Croissant 1.0: https://docs.mlcommons.org/croissant/docs/croissant-spec.html */
import { columnsOf, derivedColumnsOf } from '../manifest/schema.ts';
import type { CohortDocument } from './export-cohort.ts';
import { FILES_COLUMNS } from './files-table.ts';
import type { CohortFormat } from './plan-pieces.ts';
import { SAMPLE_COLUMNS } from './select-cohort.ts';
import { tablePathOf } from './write-manifest.ts';

/** As the specification has it, word for word: its library warns of any other. */
const CONTEXT = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileProperty: 'cr:fileProperty',
  fileObject: 'cr:fileObject',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  parentField: 'cr:parentField',
  path: 'cr:path',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
};

/** Media type and pattern of the files of each format. */
const FILES: Record<CohortFormat, { encodingFormat: string; includes: string }> = {
  dicom: { encodingFormat: 'application/dicom', includes: 'dicom/*/*/*/*.dcm' },
  nifti: { encodingFormat: 'application/gzip', includes: 'nifti/*.nii.gz' },
  npy: { encodingFormat: 'application/octet-stream', includes: 'tensors/*.npy' },
  zarr: { encodingFormat: 'application/octet-stream', includes: 'tensors.zarr/**' },
  webdataset: { encodingFormat: 'application/x-tar', includes: 'webdataset/*.tar' },
  parquet: { encodingFormat: 'application/x-parquet', includes: 'parquet/*.parquet' },
};

const PARQUET = 'application/x-parquet';
const DATA_TYPES: Record<string, string> = {
  STRING: 'sc:Text',
  string: 'sc:Text',
  INT64: 'sc:Integer',
  int32: 'sc:Integer',
  int64: 'sc:Integer',
  float: 'sc:Float',
  double: 'sc:Float',
  boolean: 'sc:Boolean',
};

interface Column {
  name: string;
  type: string;
  doc?: string;
}

export interface CroissantFacts {
  document: CohortDocument;
  /** SHA-256 of the cohort's tables, by name. */
  tables: Readonly<Record<string, string>>;
  /** Day on which the run ended, ISO 8601. */
  date: string;
  /** Names the content: goes into the version, after `+` (Semantic Versioning, build metadata). */
  digest: string;
}

export function renderCroissant({ document, tables, date, digest }: CroissantFacts): string {
  const { title, license, citation, condition, format } = document;
  const seriesColumns = [...columnsOf('series'), ...derivedColumnsOf('series')];
  const croissant = {
    '@context': CONTEXT,
    '@type': 'sc:Dataset',
    name: title,
    description: `CT series units, de-identified and labelled by Serieswise ${document.serieswise_version}, for which: ${condition}`,
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    citeAs: citation ?? `${title}. Exported with Serieswise ${document.serieswise_version}.`,
    datePublished: date,
    // SPDX's word where nobody stated one.
    license: license ?? 'NOASSERTION',
    version: `1.0.0+${digest.slice(0, 12)}`,
    distribution: [
      ...Object.entries(tables).map(([table, sha256]) => ({
        '@type': 'cr:FileObject',
        '@id': tablePathOf(table),
        name: table,
        contentUrl: tablePathOf(table),
        encodingFormat: PARQUET,
        sha256,
      })),
      { '@type': 'cr:FileSet', '@id': 'data', name: 'data', ...FILES[format] },
    ],
    recordSet: [
      describeSplits(document),
      describeTable('series', seriesColumns, 'One row for every series unit.'),
      describeTable('files', FILES_COLUMNS, 'Which file holds which series unit.'),
      ...(format === 'parquet' ? [describeSamples()] : []),
    ].flat(),
  };
  return `${JSON.stringify(croissant, null, 2)}\n`;
}

function describeSplits({ splits }: CohortDocument) {
  if (splits === null) return [];
  const field = { '@type': 'cr:Field', '@id': 'splits/name', name: 'name', dataType: 'sc:Text' };
  return [
    {
      '@type': 'cr:RecordSet',
      '@id': 'splits',
      name: 'splits',
      dataType: 'cr:Split',
      key: { '@id': 'splits/name' },
      field: [field],
      data: Object.keys(splits).map((name) => ({ 'splits/name': name })),
    },
  ];
}

function describeTable(table: string, columns: readonly Column[], description: string) {
  const source = { fileObject: { '@id': tablePathOf(table) } };
  const field = columns.map((column) => describeField(table, column, source));
  return { '@type': 'cr:RecordSet', '@id': table, name: table, description, field };
}

function describeSamples() {
  const columns = [...SAMPLE_COLUMNS, { name: 'split', type: 'string' }];
  const tensor = { name: 'tensor', type: 'string', doc: 'An NPY file: uint8 [slice, row, column].' };
  return {
    '@type': 'cr:RecordSet',
    '@id': 'samples',
    name: 'samples',
    description: 'Model inputs with their labels.',
    field: [...columns, tensor].map((column) =>
      describeField('samples', column, { fileSet: { '@id': 'data' } }),
    ),
  };
}

function describeField(recordSet: string, { name, type, doc }: Column, source: object) {
  const element = /^list<(.+)>$/.exec(type)?.[1];
  return {
    '@type': 'cr:Field',
    '@id': `${recordSet}/${name}`,
    name,
    ...(doc === undefined ? {} : { description: doc }),
    dataType: DATA_TYPES[element ?? type],
    ...(element === undefined ? {} : { repeated: true }),
    source: { ...source, extract: { column: name } },
  };
}
