import { expect, it } from 'vitest';
import { STEP_VERSIONS } from '../../../activities/versions.ts';
import { findObstacle } from '../../../cli/commands/relabel.ts';
import { pipelineSchema } from '../../../pipelines/schema.ts';

const BASE = pipelineSchema.parse({ name: 'relabelled' });
const CARD = {
  preprocessing: {
    ...{ version: 1, interpolation: 'half-pixel-linear', rounding: 'rint-255', slice_order: 'as ever' },
    ...{ window_hu: [-1000, 400], shape: [128, 224, 224] },
  },
} as Parameters<typeof findObstacle>[1];

const obstacle = (fields: object, versions: object = {}) =>
  findObstacle({ pipeline: { ...BASE, ...fields }, step_versions: { ...STEP_VERSIONS, ...versions } }, CARD);

it('relabels what has DICOM or tensors, whatever version labelled and published it', () => {
  expect(obstacle({})).toBeNull();
  expect(obstacle({ publish: { ...BASE.publish, dicom: false, tensors: true } })).toBeNull();
  expect(obstacle({}, { classify: 1, publish: 1 })).toBeNull();
});

it.each([
  ['neither DICOM nor tensors', { publish: { ...BASE.publish, dicom: false } }, {}],
  ['faces quarantine', { deidentify: { ...BASE.deidentify, faces: 'quarantine' } }, {}],
  ['another version of deidentify, group', {}, { deidentify: 1, group: 1 }],
  ['another version of preprocess', {}, { preprocess: 1 }],
  ['another window or shape', { preprocess: { ...BASE.preprocess, shape: [64, 224, 224] } }, {}],
])('does not relabel: %s', (words, fields, versions) => {
  expect(obstacle(fields, versions)).toContain(words);
});
