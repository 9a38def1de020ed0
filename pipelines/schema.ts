/**
 * The pipeline spec, declared once: the parser, the TypeScript type, the JSON Schema for editors and the
 * documentation all come from here.
 */
import { z } from 'zod';
import { expectSchema } from './expect-schema.ts';
import { pluginsSchema } from './plugin-schema.ts';
import { sourceSchema } from './source-schema.ts';

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

/** What may stay of a free text, word for word. No backslash: it parts values. */
const permittedValue = z
  .string()
  .regex(/^(?! )[ -[\]-~]{1,64}(?<! )$/, '1 to 64 printable ASCII characters without \\ and outer spaces');
const permit = z.strictObject({
  permit: z.array(permittedValue).min(1).describe('Values that may stay, compared as a whole.'),
});

/** Names and meaning are those of PS3.15 annex E.3; the two longitudinal options are `deidentify.dates`. */
const optionsSchema = z.strictObject({
  retain_uids: z
    .boolean()
    .optional()
    .describe('Retain UIDs: keep valid UIDs as they are. They tell maker, scanner and often date and time.'),
  retain_device_identity: permit
    .optional()
    .describe('Retain Device Identity: keep station name, serial number and the like, of the listed values.'),
  retain_institution_identity: permit
    .optional()
    .describe('Retain Institution Identity: keep institution, address and department, of the listed values.'),
  retain_patient_characteristics: z
    .boolean()
    .optional()
    .describe('Retain Patient Characteristics: sex, age, size, weight. True unless said otherwise.'),
  retain_safe_private: z
    .boolean()
    .optional()
    .describe('Retain Safe Private: numbers of the safe list, by creator and element.'),
  clean_descriptors: z
    .boolean()
    .optional()
    .describe(
      'Clean Descriptors: write descriptions anew in a closed vocabulary; no word is copied. True unless said otherwise.',
    ),
  clean_graphics: z
    .boolean()
    .optional()
    .describe(
      'Clean Graphics: state that overlays, curves and annotations were removed, where that is certain.',
    ),
  clean_pixel_data: z
    .boolean()
    .optional()
    .describe('Clean Pixel Data: refused, since images with burned-in text are quarantined, not cleaned.'),
});

/** The whole spec. Unknown keys are errors. Every key but `name` has a default. */
export const pipelineSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words joined by hyphens')
    .max(64)
    .describe('Name of the pipeline, in kebab-case.'),
  source: sourceSchema.default({ type: 'directory' }).describe('Where the instances come from.'),
  deidentify: z
    .strictObject({
      profile: z
        .enum(['ct-research'])
        .default('ct-research')
        .describe('White-list that decides what may pass.'),
      dates: z
        .enum(['remove', 'shift', 'keep'])
        .default('remove')
        .describe(
          'Remove dates, shift them by a keyed number of days for each patient, or keep them in full.',
        ),
      whitelist: z
        .strictObject({
          add: z.array(attributeKeyword).default([]).describe('Further attributes to keep, by keyword.'),
          remove: z
            .array(attributeKeyword)
            .default([])
            .describe('Attributes of the profile to drop, by keyword.'),
        })
        .default({ add: [], remove: [] })
        .describe('Changes to the white-list.'),
      options: optionsSchema.default({}).describe('Options of PS3.15 annex E.3.'),
      faces: z
        .enum(['keep', 'quarantine', 'deface'])
        .default('keep')
        .describe(
          'Units that may show a face: mark them in the manifest and keep them, quarantine them, or take the face out of the pixels and quarantine those where that cannot be done safely.',
        ),
      crosswalk: z
        .boolean()
        .default(false)
        .describe('Keep an encrypted crosswalk of identifiers and pseudonyms in the state folder.'),
    })
    .default({
      profile: 'ct-research',
      dates: 'remove',
      whitelist: { add: [], remove: [] },
      options: {},
      faces: 'keep',
      crosswalk: false,
    })
    .describe('What may pass, and how it is made unrecognizable.'),
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
    .default({ split_by: ['orientation', 'image_type', 'acquisition', 'kernel'], min_slices: 5 })
    .describe('How instances become series units.'),
  exclude: z
    .array(z.enum(EXCLUSION_RULES))
    .default(['localizer', 'dose-report', 'secondary-capture', 'screen-save', 'post-processed', 'not-ct'])
    .describe('What is not an image to learn from.'),
  plugins: pluginsSchema
    .optional()
    .describe('Exclusion rules of your own (docs/sdk.md), asked in this order after those of `exclude`.'),
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
    .default({ window_hu: [-1000, 400], shape: [128, 224, 224] })
    .describe('How a series unit becomes the model input; a bundle states what it wants.'),
  classify: z
    .strictObject({
      bundle: z
        .string()
        .min(1)
        .default('starter')
        .describe('Model bundle: a name below models/bundles, or a path.'),
      review_below: z
        .strictObject({
          body_part: probability.default(0.6).describe('Of the body part.'),
          axis: probability.default(0.9).describe('Of the imaging axis.'),
          contrast: probability.default(0.7).describe('Of the IV contrast.'),
        })
        .default({ body_part: 0.6, axis: 0.9, contrast: 0.7 })
        .describe('Calibrated scores below these send a series unit to review.'),
    })
    .default({ bundle: 'starter', review_below: { body_part: 0.6, axis: 0.9, contrast: 0.7 } })
    .describe('Which network labels, and what it may not decide alone.'),
  publish: z
    .strictObject({
      dicom: z.boolean().default(true).describe('Write de-identified instances below dicom/.'),
      tensors: z.boolean().default(false).describe('Keep each model input below tensors/ (6.4 MB a unit).'),
      thumbnails: z
        .boolean()
        .default(true)
        .describe('Write a three-plane picture of each unit below thumbnails/.'),
    })
    .default({ dicom: true, tensors: false, thumbnails: true })
    .describe('What is written beside the manifest.'),
  expect: expectSchema
    .optional()
    .describe('What the dataset has to be like; a broken expectation ends the command with exit code 1.'),
});

/** A resolved pipeline: every default filled in. It travels as workflow input. */
export type Pipeline = z.output<typeof pipelineSchema>;

/** A pipeline as people write it: what has a default may be left out. */
export type PipelineSpec = z.input<typeof pipelineSchema>;

/** JSON Schema (draft 2020-12) of the spec as people write it, for editors. */
export function pipelineJsonSchema(): unknown {
  return { ...z.toJSONSchema(pipelineSchema, { io: 'input' }), title: 'Serieswise pipeline' };
}
