import type { ExclusionHint } from '../records.ts';

/**
 * What terms of Image Type (or Frame Type) say against an image: PS3.3 C.8.2.1.1.1 (CT), C.8.15.3 and C.8.16.1
 * (enhanced multi-frame) and the vendors' own. Terms are compared in upper case with spaces, dots and hyphens as `_`.
 */
const HINT_OF_TERM: ReadonlyMap<string, ExclusionHint> = new Map<string, ExclusionHint>([
  ['LOCALIZER', 'localizer'],
  ['LOCALISER', 'localizer'],
  ['SCOUT', 'localizer'],
  ['SCANOSCOPE', 'localizer'],
  ['TOPOGRAM', 'localizer'],
  ['SURVIEW', 'localizer'],
  ['REF_SURVIEW', 'localizer'],
  ['CT_SOM5_TOP', 'localizer'],
  ['CT_SOM7_TOP', 'localizer'],
  ['CT_SOM8_TOP', 'localizer'],
  ['DOSE', 'dose-report'],
  ['DOSE_INFO', 'dose-report'],
  ['DOSE_REPORT', 'dose-report'],
  ['DOSE_SHEET', 'dose-report'],
  ['CT_SOM5_PROT', 'dose-report'],
  ['CT_SOM7_PROT', 'dose-report'],
  ['CT_SOM8_PROT', 'dose-report'],
  ['DOSEMAP', 'dose-report'],
  ['PROT', 'dose-report'],
  ['PROTOCOL', 'dose-report'],
  ['SCREEN_SAVE', 'screen-save'],
  ['SCREENSAVE', 'screen-save'],
  ['SCREEN_SHOT', 'screen-save'],
  ['CAPTURE', 'screen-save'],
  ['SCANNED_DOCUMENT', 'scanned-document'],
  ['MIP', 'mip'],
  ['MAX_IP', 'mip'],
  ['MIN_IP', 'mip'],
  ['MINIP', 'mip'],
  ['MAXIMUM', 'mip'],
  ['MINIMUM', 'mip'],
  ['CSA_MIP', 'mip'],
  ['PROJECTION_IMAGE', 'mip'],
  ['3D', 'volume-rendering'],
  ['VRT', 'volume-rendering'],
  ['VOLREN', 'volume-rendering'],
  ['VOLUME_RENDER', 'volume-rendering'],
  ['VOLUME_RENDERING', 'volume-rendering'],
  ['VOLUME_RENDERED', 'volume-rendering'],
  ['SURFACE_RENDERED', 'volume-rendering'],
  ['RENDERING', 'volume-rendering'],
  ['SURFACE_RENDER', 'volume-rendering'],
  ['SSD', 'volume-rendering'],
  ['CSA_3D', 'volume-rendering'],
  ['CSA_VRT', 'volume-rendering'],
  ['RCBF', 'perfusion'],
  ['RCBV', 'perfusion'],
  ['CBF', 'perfusion'],
  ['CBV', 'perfusion'],
  ['MTT', 'perfusion'],
  ['TTP', 'perfusion'],
  ['TMAX', 'perfusion'],
  ['PBV', 'perfusion'],
  ['PERMEABILITY', 'perfusion'],
  ['PARAMETRIC', 'perfusion'],
  ['SUBTRACT', 'subtraction'],
  ['SUBTRACTION', 'subtraction'],
  ['SUB', 'subtraction'],
  ['FLUORO', 'fluoroscopy'],
  ['FLUOROSCOPY', 'fluoroscopy'],
  ['CT_SOM5_FLUORO', 'fluoroscopy'],
  ['CT_SOM7_FLUORO', 'fluoroscopy'],
  ['CT_FLUORO', 'fluoroscopy'],
  ['CT_SOM5_MON', 'bolus-tracking'],
  ['CT_SOM7_MON', 'bolus-tracking'],
  ['CT_SOM8_MON', 'bolus-tracking'],
  ['MONITORING', 'bolus-tracking'],
  ['SMARTPREP', 'bolus-tracking'],
  ['CT_SOM5_PMON', 'bolus-tracking'],
  ['MON', 'bolus-tracking'],
  ['BOLUS', 'bolus-tracking'],
  ['TEST_BOLUS', 'bolus-tracking'],
]);

/** Quantities that enhanced CT computes from pixels: a map, not Hounsfield units of a slice. */
const DERIVED_MAPS = new Set(['PERFUSION', 'QUANTITY', 'DIVISION', 'STD_DEVIATION']);

/** Terms that tell two kinds of picture in one series apart, with the word for each. The rest does not split. */
const KIND_OF_TERM: ReadonlyMap<string, string> = new Map([
  ['AVERAGE', 'average'],
  ['MEAN', 'average'],
  ['REFORMATTED', 'reformatted'],
  ['MPR', 'reformatted'],
  ['CSA_MPR', 'reformatted'],
  ['MIP', 'projection'],
  ['MAX_IP', 'projection'],
  ['MIN_IP', 'projection'],
  ['MINIP', 'projection'],
  ['VMI', 'monoenergetic'],
  ['MONOENERGETIC', 'monoenergetic'],
  ['MONO_ENERGETIC', 'monoenergetic'],
  ['MONO', 'monoenergetic'],
  ['GSI_MONO', 'monoenergetic'],
  ['CT_SOM5_MPR', 'reformatted'],
  ['CT_SOM7_MPR', 'reformatted'],
  ['CT_SOM8_MPR', 'reformatted'],
  ['VNC', 'virtual-unenhanced'],
  ['VIRTUAL_UNENHANCED', 'virtual-unenhanced'],
  ['IODINE', 'iodine'],
  ['MATERIAL_SPECIFIC', 'material'],
  ['MATERIAL_FRACTION', 'material'],
  ['EFFECTIVE_Z', 'effective-z'],
  ['ELECTRON_DENSITY', 'electron-density'],
  ['LOCALIZER', 'localizer'],
]);

function normaliseTerm(term: string): string {
  return term
    .trim()
    .toUpperCase()
    .replaceAll(/[\s.-]+/g, '_');
}

/** What the terms of an image's type say against it, each with the term that says it. */
export function hintsOfImageType(imageType: readonly string[]): { hint: ExclusionHint; term: string }[] {
  const terms = imageType.map(normaliseTerm);
  return terms.flatMap((term) => {
    const hint = HINT_OF_TERM.get(term);
    if (hint !== undefined) return { hint, term };
    // ORIGINAL\PRIMARY\...\PERFUSION is a source image of a perfusion study, DERIVED is the map made of it.
    return terms[0] === 'DERIVED' && DERIVED_MAPS.has(term) ? { hint: 'perfusion' as const, term } : [];
  });
}

/** The kinds of picture that an Image Type names, canonical; empty for a plain slice. */
export function kindOfImageType(imageType: readonly string[]): string {
  const kinds = imageType.flatMap((term) => KIND_OF_TERM.get(normaliseTerm(term)) ?? []);
  return [...new Set(kinds)].sort().join('+');
}

/** Value 1 of Image Type: whether pixels were derived from others. */
export function originOfImageType(imageType: readonly string[]): string {
  const term = normaliseTerm(imageType[0] ?? '');
  return term === 'ORIGINAL' || term === 'DERIVED' ? term.toLowerCase() : '';
}

/** Whether an Image Type has this term, however it is spelled. */
export function hasImageTypeTerm(imageType: readonly string[], term: string): boolean {
  return imageType.some((candidate) => normaliseTerm(candidate) === term);
}
