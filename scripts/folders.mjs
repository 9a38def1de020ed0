/** The folders of the program's sources (docs/architecture.md): what is built, and what import rules hold for. */
export const FOLDERS = [
  'activities',
  'cli',
  'cohorts',
  'demo',
  'dicom',
  'dicomweb',
  'dimse',
  'evaluation',
  'manifest',
  'models',
  'pipelines',
  'proof',
  'stages',
  'web',
  'workers',
  'workflows',
];
