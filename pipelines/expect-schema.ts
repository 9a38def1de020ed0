/** What a dataset has to be like, as the pipeline states it: queries with bounds. */
import { z } from 'zod';

const expectation = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words joined by hyphens')
      .max(64)
      .describe('What is expected, in kebab-case; unique in the pipeline.'),
    of: z
      .enum(['run', 'cohort'])
      .default('run')
      .describe(
        "What is looked at: the run's own tables at its end, or those of each exported cohort, which has the table files with the split.",
      ),
    sql: z
      .string()
      .min(1)
      .max(10_000)
      .describe('One SELECT over the manifest tables that gives one number: one row, one column.'),
    at_least: z.number().optional().describe('The least that the number may be.'),
    at_most: z.number().optional().describe('The most that the number may be.'),
  })
  .refine(
    ({ at_least: least, at_most: most }) =>
      (least ?? most) !== undefined && (least ?? -Infinity) <= (most ?? Infinity),
    'at_least or at_most is needed, and at_least must not be above at_most',
  );

export const expectSchema = z
  .array(expectation)
  .max(200)
  .refine(
    (all) => new Set(all.map(({ name }) => name)).size === all.length,
    'two expectations have one name',
  );

export type Expectation = z.output<typeof expectation>;
