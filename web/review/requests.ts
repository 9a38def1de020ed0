/** Requests of the page, checked: nothing else reaches SQL or the disk. */
import { z } from 'zod';
import { isSeriesUnitKey } from '../../stages/publish/output-paths.ts';
import { FACETS, STATES } from './contracts.ts';

const unit = z.string().refine(isSeriesUnitKey);
const readingMs = z.number().min(0).max(86_400_000);
const labels = z.strictObject({
  body_part: z.string().max(64),
  axis: z.string().max(64),
  contrast: z.string().max(64),
});

export const decisionRequest = z.discriminatedUnion('action', [
  z.strictObject({ action: z.enum(['accept', 'relabel']), unit, labels, readingMs }),
  z.strictObject({ action: z.literal('exclude'), unit, readingMs }),
  z.strictObject({ action: z.literal('undo') }),
]);

export const queueRequest = z.strictObject({
  state: z.enum(STATES),
  conflicts: z.boolean(),
  key: z.string().regex(/^[a-z0-9]{0,26}$/),
  facets: z.partialRecord(z.enum(FACETS), z.string().max(128)),
  sample: z.number().int().min(1).max(10_000_000).nullable(),
});

export const sampleRequest = z.strictObject({
  filter: queueRequest,
  errorRate: z.number().gt(0).lt(1),
  confidence: z.number().gt(0.5).lt(1),
  allowedErrors: z.number().int().min(0).max(1000),
});

export const pageRequest = z.strictObject({
  snapshot: z.coerce.number().int().min(1),
  from: z.coerce.number().int().min(0),
  count: z.coerce.number().int().min(1).max(500),
});
