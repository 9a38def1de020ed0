/**
 * The label vocabulary of the three tasks, in the paper's order (Li et al., CARJ 2024, Table 1). `evaluation/`
 * imports nothing of the house, so it keeps its own copy; a test holds it equal to the bundles' vocabulary.
 */
export const TASK_LABELS: Readonly<Record<string, readonly string[]>> = {
  body_part: [
    'head',
    'head-and-face',
    'face-orbits-sinus',
    'temporal-bone',
    'head-and-neck',
    'neck',
    'c-spine',
    'c-and-t-spine',
    't-spine',
    't-and-l-spine',
    'l-spine',
    'chest',
    'chest-abdomen-pelvis',
    'abdomen',
    'abdomen-pelvis',
    'pelvis',
  ],
  axis: ['axial', 'coronal', 'sagittal'],
  contrast: ['no', 'yes'],
};

/** The tasks that a wide table has a column for. */
export const TASKS: readonly string[] = Object.keys(TASK_LABELS);

/** Other spellings as slugs, for each label. What `slugifyLabel` alone brings home needs no entry. */
const ALIASES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  body_part: {
    head: ['brain', 'cranium', 'skull', 'neuro-head'],
    'head-and-face': ['head-face', 'brain-and-face', 'brain-face'],
    'face-orbits-sinus': [
      'face',
      'facial-bones',
      'maxillofacial',
      'orbit',
      'orbits',
      'sinus',
      'sinuses',
      'paranasal-sinuses',
      'orbits-sinus',
      'face-orbits-sinuses',
      'face-orbit-sinus',
      'face-and-orbits-and-sinus',
    ],
    'temporal-bone': ['temporal-bones', 'iac', 'iacs', 'mastoid', 'mastoids', 'petrous-bone'],
    'head-and-neck': ['head-neck', 'headneck', 'brain-and-neck'],
    neck: ['soft-tissue-neck', 'neck-soft-tissue'],
    'c-spine': ['cspine', 'cervical-spine', 'cervical', 'spine-cervical'],
    'c-and-t-spine': [
      'c-t-spine',
      'c-spine-and-t-spine',
      'c-spine-t-spine',
      'cervical-and-thoracic-spine',
      'cervicothoracic-spine',
      'cervical-thoracic-spine',
    ],
    't-spine': ['tspine', 'thoracic-spine', 'dorsal-spine', 'spine-thoracic'],
    't-and-l-spine': [
      't-l-spine',
      'tl-spine',
      't-spine-and-l-spine',
      't-spine-l-spine',
      'thoracic-and-lumbar-spine',
      'thoracolumbar-spine',
      'thoracic-lumbar-spine',
    ],
    'l-spine': ['lspine', 'lumbar-spine', 'lumbar', 'lumbosacral-spine', 'spine-lumbar'],
    chest: ['thorax', 'lung', 'lungs'],
    'chest-abdomen-pelvis': [
      'cap',
      'chest-abdomen-and-pelvis',
      'chest-and-abdomen-and-pelvis',
      'chest-abd-pelvis',
      'chest-abdo-pelvis',
      'thorax-abdomen-pelvis',
    ],
    abdomen: ['abd', 'abdo'],
    'abdomen-pelvis': ['abdomen-and-pelvis', 'abd-pelvis', 'abdo-pelvis', 'abdominopelvic', 'abdpelvis'],
    pelvis: ['pelvic'],
  },
  axis: {
    axial: ['ax', 'transverse', 'transversal', 'transaxial', 'tra'],
    coronal: ['cor', 'frontal'],
    sagittal: ['sag'],
  },
  contrast: {
    no: [
      'n',
      'false',
      '0',
      'none',
      'without',
      'without-contrast',
      'no-contrast',
      'non-contrast',
      'noncontrast',
      'non-enhanced',
      'unenhanced',
      'pre-contrast',
      'native',
      'c-minus',
      'minus-c',
      'wo',
    ],
    yes: [
      'y',
      'true',
      '1',
      'with',
      'with-contrast',
      'contrast',
      'iv-contrast',
      'with-iv-contrast',
      'contrast-enhanced',
      'enhanced',
      'post-contrast',
      'c-plus',
      'plus-c',
    ],
  },
};

/** Spellings that say that there is no label, rather than naming one. */
const UNLABELLED = new Set(['', 'na', 'n-a', 'nan', 'null', 'unknown', 'unlabelled', 'unlabeled']);

/** Own spellings: for a task, from the spelling to a label of the vocabulary. */
export type LabelAliases = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Brings a spelling to the vocabulary's form: lower case, words joined by single hyphens. */
export function slugifyLabel(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/&/g, ' and ')
    .replace(/\bc\s*\+|\+\s*c\b/g, ' c-plus ')
    .replace(/^\s*(c\s*-|-\s*c)\s*$/, 'c-minus')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

const tables = new Map<string, Map<string, string>>();
for (const [task, labels] of Object.entries(TASK_LABELS)) {
  const table = new Map<string, string>(labels.map((label) => [label, label]));
  for (const [label, spellings] of Object.entries(ALIASES[task] ?? {})) {
    for (const spelling of spellings) table.set(spelling, label);
  }
  tables.set(task, table);
}

/** What a cell says: a label, that there is none, or something that the alias table does not know. */
export type LabelReading = { kind: 'label'; label: string } | { kind: 'unlabelled' } | { kind: 'unknown' };

/** Reads labels of one task; build one reader for a column, it remembers the spellings it has met. */
export function createLabelReader(task: string, own: LabelAliases = {}): (value: unknown) => LabelReading {
  const table = tables.get(task);
  const ownSpellings = new Map(
    Object.entries(own[task] ?? {}).map(([spelling, label]) => [slugifyLabel(spelling), slugifyLabel(label)]),
  );
  const seen = new Map<string, LabelReading>();
  const interpret = (text: string): LabelReading => {
    const slug = slugifyLabel(text);
    const renamed = ownSpellings.get(slug) ?? slug;
    if (table === undefined) {
      return UNLABELLED.has(renamed) ? { kind: 'unlabelled' } : { kind: 'label', label: renamed };
    }
    const label = table.get(renamed);
    if (label !== undefined) return { kind: 'label', label };
    return UNLABELLED.has(renamed) ? { kind: 'unlabelled' } : { kind: 'unknown' };
  };
  return (value) => {
    if (value === null || value === undefined) return { kind: 'unlabelled' };
    const text = String(value);
    let reading = seen.get(text);
    if (reading === undefined) {
      reading = interpret(text);
      seen.set(text, reading);
    }
    return reading;
  };
}
