/** The map of the house (docs/architecture.md) as rules: which folder may import values of which. */
const HOUSE =
  '^(activities|cli|cohorts|demo|dicom|dicomweb|dimse|evaluation|manifest|models|pipelines|proof|sdk|stages|web|workers|workflows)/';
const folder = (name) => `^${name}/`;

function only(from, allowed) {
  return {
    name: `${from}-imports`,
    comment: `${from}/ may import values of ${allowed.length === 0 ? 'nothing of the house' : allowed.join(', ')}; types are free`,
    severity: 'error',
    from: { path: folder(from) },
    to: {
      path: HOUSE,
      pathNot: [from, ...allowed].map(folder),
      dependencyTypesNot: ['type-only'],
    },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('pipelines', []),
    only('dicom', []),
    only('dicomweb', []),
    only('dimse', ['dicom']),
    only('manifest', []),
    only('models', []),
    only('evaluation', []),
    only('stages', ['dicom', 'pipelines']),
    only('activities', ['stages', 'dicom', 'dicomweb', 'dimse', 'manifest', 'models', 'pipelines']),
    only('workflows', ['pipelines']),
    only('cohorts', ['activities', 'stages', 'dicom', 'manifest']),
    only('demo', []),
    only('proof', ['dicom', 'stages', 'demo', 'evaluation']),
    {
      name: 'cli-is-the-top',
      comment: 'What commands share with a page or a worker lies below all of them; types too.',
      severity: 'error',
      from: { pathNot: '^(cli|test|scripts|bench)/' },
      to: { path: '^cli/' },
    },
    {
      name: 'workflows-are-deterministic',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'stages-do-no-io',
      comment:
        'Pure logic: hashing and compression are computations, files and network are not. Codecs load their own binaries.',
      severity: 'error',
      from: { path: '^(stages|dicom|evaluation|pipelines|proof)/', pathNot: '^dicom/codecs/' },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(fs|fs/promises|net|http|https|child_process|worker_threads|os)$',
      },
    },
    { name: 'nothing-imports-tests', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.json'] },
  },
};
