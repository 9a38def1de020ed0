/** A bundle's gate: what its training series looked like, so that others are not labelled in silence. */
import { z } from 'zod';

/** The statistics that a gate of version 1 compares, in order: stages/classify/input-statistics.ts computes them. */
const STATISTICS = 24;

const gateSchema = z
  .strictObject({
    schema_version: z.literal(1),
    /** Names of the statistics, for readers. */
    statistics: z.array(z.string()).length(STATISTICS),
    /** Each statistic is divided by it before distances are taken. */
    scale: z.array(z.number().positive()).length(STATISTICS),
    /** Statistics, spread out, of series that the network was made for, in ten-thousandths. */
    prototypes: z.array(z.array(z.int()).length(STATISTICS)).min(1),
    /** So many nearest prototypes count. */
    neighbours: z.int().positive(),
    /** Mean squared distance (a statistic) to these; beyond it a series is unlike all of them. */
    distance: z.number().positive(),
    /** Standard deviation of blocks (0 to 1), under which a series has no contrast at all. */
    least_spread: z.number().nonnegative(),
    /** Correlation of neighbouring voxels, under which there is nothing but noise. */
    least_likeness: z.number().min(-1).max(1),
    /** Share of exact zeros among air, above which air was removed. */
    most_empty_air: z.number().min(0).max(1),
  })
  .refine(({ neighbours, prototypes }) => neighbours <= prototypes.length, 'expected as many prototypes');

export type InputGate = z.infer<typeof gateSchema>;

/** The gate in a bundle's file, or null where it is none. */
export function parseGate(text: string): InputGate | null {
  try {
    return gateSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
