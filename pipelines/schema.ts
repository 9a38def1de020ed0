/**
 * The pipeline spec, declared once: the parser, the TypeScript type, the JSON Schema for editors and the
 * documentation all come from here.
 */
import { z } from 'zod';

const SPLIT_KEYS = [
  'orientation',
  'image_type',
  'acquisition',
  'kernel',
  'temporal_position',
  'field_of_view',
  'matrix',
] as const;

const EXCLUSION_RULES = [
  'localizer',
  'dose-report',
  'secondary-capture',
  'screen-save',
  'post-processed',
  'not-ct',
  'ct-fluoroscopy',
  'bolus-tracking',
  'phantom',
  'scanned-document',
] as const;

const probability = z.number().min(0).max(1);
const attributeKeyword = z
  .string()
  .regex(/^[A-Z][A-Za-z0-9]*$/, 'a DICOM attribute keyword such as PatientSize');

/** The whole spec. Unknown keys are errors. Every key but `name` has a default. */
export const pipelineSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words joined by hyphens')
    .max(64)
    .describe('Name of the pipeline, in kebab-case.'),
  source: z
    .strictObject({
      type: z
        .enum(['directory', 'archive', 'dicomweb', 'dimse'])
        .describe('Where the instances come from. Folders are searched for ZIP and TAR archives too.'),
    })
    .default({ type: 'directory' }),
  deidentify: z
    .strictObject({
      profile: z
        .enum(['ct-research'])
        .default('ct-research')
        .describe('White-list that decides what may pass.'),
      dates: z
        .enum(['remove', 'shift'])
        .default('remove')
        .describe('Remove dates, or shift them by a keyed number of days for each patient.'),
      whitelist: z
        .strictObject({
          add: z.array(attributeKeyword).default([]).describe('Further attributes to keep, by keyword.'),
          remove: z
            .array(attributeKeyword)
            .default([])
            .describe('Attributes of the profile to drop, by keyword.'),
        })
        .default({ add: [], remove: [] }),
    })
    .default({ profile: 'ct-research', dates: 'remove', whitelist: { add: [], remove: [] } }),
  group: z
    .strictObject({
      split_by: z
        .array(z.enum(SPLIT_KEYS))
        .default(['orientation', 'image_type', 'acquisition', 'kernel'])
        .describe('What, besides series and patient, tells two stacks of one series apart.'),
      min_slices: z
        .number()
        .int()
        .min(1)
        .max(10_000)
        .default(5)
        .describe('A stack with fewer slices is excluded as too-few-slices.'),
    })
    .default({ split_by: ['orientation', 'image_type', 'acquisition', 'kernel'], min_slices: 5 }),
  exclude: z
    .array(z.enum(EXCLUSION_RULES))
    .default(['localizer', 'dose-report', 'secondary-capture', 'screen-save', 'post-processed', 'not-ct'])
    .describe('What is not an image to learn from.'),
  preprocess: z
    .strictObject({
      window_hu: z
        .tuple([z.number(), z.number()])
        .refine(([low, high]) => low < high, 'the lower bound must be below the upper one')
        .default([-1000, 400])
        .describe('Hounsfield window that is mapped to 0…255.'),
      shape: z
        .tuple([
          z.number().int().min(1).max(1024),
          z.number().int().min(1).max(1024),
          z.number().int().min(1).max(1024),
        ])
        .default([128, 224, 224])
        .describe('Slices, rows and columns of the model input.'),
    })
    .default({ window_hu: [-1000, 400], shape: [128, 224, 224] }),
  classify: z
    .strictObject({
      bundle: z
        .string()
        .min(1)
        .default('starter')
        .describe('Model bundle: a name below models/bundles, or a path.'),
      review_below: z
        .strictObject({
          body_part: probability.default(0.6),
          axis: probability.default(0.9),
          contrast: probability.default(0.7),
        })
        .default({ body_part: 0.6, axis: 0.9, contrast: 0.7 })
        .describe('Calibrated scores below these send a series unit to review.'),
    })
    .default({ bundle: 'starter', review_below: { body_part: 0.6, axis: 0.9, contrast: 0.7 } }),
  publish: z
    .strictObject({
      dicom: z.boolean().default(true).describe('Write de-identified instances below dicom/.'),
      tensors: z.boolean().default(false).describe('Keep each model input below tensors/ (6.4 MB a unit).'),
      thumbnails: z
        .boolean()
        .default(true)
        .describe('Write a three-plane picture of each unit below thumbnails/.'),
    })
    .default({ dicom: true, tensors: false, thumbnails: true }),
});

/** A resolved pipeline: every default filled in. It travels as workflow input. */
export type Pipeline = z.output<typeof pipelineSchema>;

/** JSON Schema (draft 2020-12) of the spec as people write it, for editors. */
export function pipelineJsonSchema(): unknown {
  return { ...z.toJSONSchema(pipelineSchema, { io: 'input' }), title: 'Serieswise pipeline' };
}
