/** The schema of a bundle's card.json: what a network is, what it wants, what was measured. docs: Model bundle. */
import { z } from 'zod';
import { LABELS, TASKS, type Task } from './labels.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
/** Plain names alone: a card may not point outside its folder. */
const fileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'expected a plain file name');
const count = z.int().nonnegative();

const taskSchema = z.strictObject({
  /** The ONNX file that holds the task's head. */
  file: fileName,
  /** Name of the graph output with logits, shape [N, labels]. */
  logits: z.string().min(1),
  /** Name of the graph output with softmax of the logits. */
  probabilities: z.string().min(1),
  labels: z.array(z.string()).min(2),
  /** Logits are divided by it before softmax; fitted on validation data. */
  temperature: z.number().positive(),
});

/** One measured figure. Extra keys are allowed: they tell more of how it was measured. */
const resultSchema = z.looseObject({
  data: z.string().min(1),
  method: z.string().min(1),
  task: z.string().min(1),
  metric: z.string().min(1),
  value: z.number().nullable(),
  ci_low: z.number().nullish(),
  ci_high: z.number().nullish(),
  interval: z.string().nullish(),
  series: count.nullish(),
  patients: count.nullish(),
});

/** Version 1 is the preprocessing of the contract; its parameters are spelled out so that nobody has to guess. */
const preprocessingSchema = z.strictObject({
  version: z.int().positive(),
  window_hu: z.tuple([z.number(), z.number()]).refine(([low, high]) => low < high, 'expected [low, high]'),
  /** Slices, rows, columns. */
  shape: z.tuple([z.int().positive(), z.int().positive(), z.int().positive()]),
  interpolation: z.literal('half-pixel-linear'),
  rounding: z.literal('rint-255'),
  slice_order: z.string().min(1),
});

const tasksSchema = z
  .strictObject({
    body_part: taskSchema.optional(),
    axis: taskSchema.optional(),
    contrast: taskSchema.optional(),
  } satisfies Record<Task, unknown>)
  .refine((tasks) => TASKS.some((task) => tasks[task] !== undefined), 'expected at least one task');

/** A score from which on answers are wrong at most this often, and the share of series that reaches it. */
const thresholdSchema = z.strictObject({
  risk: z.number().min(0).max(1),
  threshold: z.number().min(0).max(1),
  coverage: z.number().min(0).max(1),
});

/** Selective prediction: which scores to believe. */
const reviewSchema = z.strictObject({
  thresholds: z
    .strictObject({
      /** The series on which thresholds were chosen. */
      data: z.string().min(1),
      body_part: z.array(thresholdSchema).optional(),
      axis: z.array(thresholdSchema).optional(),
      contrast: z.array(thresholdSchema).optional(),
    } satisfies Record<Task | 'data', unknown>)
    .optional(),
  /** Scores under these go to review, whatever the pipeline asks for. */
  accept_from: z
    .strictObject({
      body_part: z.number().min(0).max(1).optional(),
      axis: z.number().min(0).max(1).optional(),
      contrast: z.number().min(0).max(1).optional(),
    } satisfies Record<Task, unknown>)
    .optional(),
  /** The file that tells series of the bundle's kind from others, and what was measured of it. */
  gate: z.looseObject({ file: fileName }).optional(),
});

export const cardSchema = z
  .strictObject({
    schema_version: z.literal(1),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'expected kebab-case'),
    version: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.+-]*$/, 'expected a version such as 1.0.0'),
    licence: z.string().min(1),
    description: z.string().min(1),
    input: z.strictObject({
      name: z.string().min(1),
      dtype: z.literal('uint8'),
      shape: z.tuple([
        z.literal('N'),
        z.literal(1),
        z.int().positive(),
        z.int().positive(),
        z.int().positive(),
      ]),
    }),
    preprocessing: preprocessingSchema,
    tasks: tasksSchema,
    files: z.record(fileName, z.strictObject({ sha256, bytes: count })),
    /** Sources with their licences; a bundle names everything that it learned from. */
    trained_on: z.array(z.union([z.string(), z.looseObject({})])),
    /** Patients behind each label: by label, or by task and label. */
    patients_per_label: z.record(z.string(), z.union([count, z.record(z.string(), count)])),
    results: z.array(resultSchema),
    calibration: z.looseObject({}),
    limits: z.array(z.string()),
    made_by: z.string().min(1),
    /** When a person should look: see docs/models/review.md. */
    review: reviewSchema.optional(),
    /** Whatever a maker wants to keep with the card and this program need not understand. */
    extensions: z.looseObject({}).optional(),
  })
  .superRefine((card, context) => {
    const [, , ...inputShape] = card.input.shape;
    if (inputShape.join() !== card.preprocessing.shape.join()) {
      context.addIssue({
        code: 'custom',
        path: ['input', 'shape'],
        message: 'expected ["N", 1, …] and then the shape of preprocessing',
      });
    }
    const gate = card.review?.gate?.file;
    if (gate !== undefined && !Object.hasOwn(card.files, gate)) {
      context.addIssue({
        code: 'custom',
        path: ['review', 'gate', 'file'],
        message: 'expected one of the files that the card lists under "files"',
      });
    }
    for (const task of TASKS) {
      const file = card.tasks[task]?.file;
      if (file !== undefined && !Object.hasOwn(card.files, file)) {
        context.addIssue({
          code: 'custom',
          path: ['tasks', task, 'file'],
          message: 'expected one of the files that the card lists under "files"',
        });
      }
    }
  });

/** A card.json as it is kept in a bundle's folder. */
export type BundleCard = z.infer<typeof cardSchema>;
export type BundleTask = z.infer<typeof taskSchema>;

/** Labels of a task in a card that the vocabulary does not have, or that it has twice. */
export function findWrongLabels(task: Task, labels: readonly string[]): string[] {
  const known: readonly string[] = LABELS[task];
  return labels.filter((label, index) => !known.includes(label) || labels.indexOf(label) !== index);
}
