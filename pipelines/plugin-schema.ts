/** Exclusion rules of one's own, as part of the pipeline spec. */
import { z } from 'zod';

export const pluginsSchema = z.array(
  z.strictObject({
    module: z
      .string()
      .min(1)
      .describe('One .mjs file, by its path from the folder of the spec; once resolved, NAME#SHA256.'),
    options: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .default({})
      .describe('What the rule is told: text, numbers, true or false, by name.'),
  }),
);
