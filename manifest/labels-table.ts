/** All scores behind the labels. */
import { TASKS } from './value-sets.ts';

export const LABELS_TABLE = {
  doc: 'One row for every classified series unit and task, with all scores.',
  key: ['series_unit', 'task'],
  columns: [
    { name: 'series_unit', type: 'string', nullable: false, doc: 'Key of the series unit.' },
    { name: 'task', type: 'string', nullable: false, values: TASKS, doc: 'Classification task.' },
    { name: 'label', type: 'string', nullable: false, doc: 'The most probable label.' },
    {
      name: 'score',
      type: 'float',
      nullable: false,
      doc: 'Calibrated probability of `label`; the same number as in `scores`.',
    },
    { name: 'second_label', type: 'string', nullable: false, doc: 'The second most probable label.' },
    { name: 'second_score', type: 'float', nullable: false, doc: 'Calibrated probability of it.' },
    {
      name: 'scores',
      type: 'list<float>',
      nullable: false,
      doc: "Calibrated probabilities of all labels, in the bundle's label order; they sum to 1.",
    },
    {
      name: 'logits',
      type: 'list<float>',
      nullable: false,
      doc: "The network's outputs before softmax and calibration, rounded to 1e-4, in the same order.",
    },
    { name: 'bundle', type: 'string', nullable: false, doc: 'Model bundle, as NAME@VERSION.' },
    {
      name: 'bundle_sha256',
      type: 'string',
      nullable: false,
      doc: "Digest of the bundle's card, which holds the digests of its files.",
    },
    {
      name: 'accept_from',
      type: 'double',
      nullable: true,
      doc: 'Score from which on the bundle itself believes the label; null where its card says none.',
    },
  ],
} as const;
