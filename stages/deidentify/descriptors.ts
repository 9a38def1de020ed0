/**
 * Clean Descriptors, PS3.15 E.3.5, in this house's way: no word of a description is copied. What the text says in the
 * label vocabulary is written in its place, so nothing but these words can be in the output.
 */
import type { Axis, BodyPart } from '../../models/labels.ts';
import { describeHeaders, NO_HEADER_WORDS } from '../evidence/header-evidence.ts';

/** Keyed by type, so that a label that the vocabulary gains is missed by the compiler, not by people. */
const LABELS: Record<BodyPart | Axis, true> = {
  head: true,
  'head-and-face': true,
  'face-orbits-sinus': true,
  'temporal-bone': true,
  'head-and-neck': true,
  neck: true,
  'c-spine': true,
  'c-and-t-spine': true,
  't-spine': true,
  't-and-l-spine': true,
  'l-spine': true,
  chest: true,
  'chest-abdomen-pelvis': true,
  abdomen: true,
  'abdomen-pelvis': true,
  pelvis: true,
  axial: true,
  coronal: true,
  sagittal: true,
};
const CONTRAST = { yes: 'with-contrast', no: 'without-contrast' } as const;
const KERNEL = { soft: 'soft-kernel', bone: 'bone-kernel', lung: 'lung-kernel' } as const;
const PHASES = ['non-contrast', 'arterial', 'portal-venous', 'delayed'] as const;

/** Everything that a cleaned description may consist of. */
export const DESCRIPTOR_WORDS: ReadonlySet<string> = new Set([
  ...Object.keys(LABELS),
  ...PHASES,
  ...Object.values(CONTRAST),
  ...Object.values(KERNEL),
]);

/**
 * @param text one character a byte, without padding
 * @returns `true` for a text that is cleaned already, the words to write, or `null` when it says nothing known
 */
export function judgeDescriptor(text: string): true | string | null {
  if (text !== '' && text.split(' ').every((word) => DESCRIPTOR_WORDS.has(word))) return true;
  const { bodyPart, axis, contrast, phase, kernelClass } = describeHeaders({
    ...NO_HEADER_WORDS,
    seriesDescription: text,
  });
  const words = [
    bodyPart,
    axis,
    contrast === null ? null : CONTRAST[contrast],
    // Says no more than `without-contrast`.
    phase === 'non-contrast' ? null : phase,
    kernelClass === null ? null : KERNEL[kernelClass],
  ].filter((word) => word !== null);
  return words.length === 0 ? null : words.join(' ');
}
