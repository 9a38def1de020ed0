import type { DicomDataset, DicomElement } from './dataset.ts';
import { isPrivateCreatorTag, lookUpTag, TAGS } from './tags.ts';

/**
 * The VR of an element in an implicit data set, from the dictionary; `UN` where that is silent. Where the dictionary
 * names several, they come joined (`US/SS`) and `resolveVr` decides when the data set is complete.
 */
export function implicitVrOf(tagNumber: number): string {
  // Group lengths. PS3.5 section 7.2
  if ((tagNumber & 0xffff) === 0) return 'UL';
  if (isPrivateCreatorTag(tagNumber)) return 'LO';
  const entry = lookUpTag(tagNumber);
  if (entry === undefined) return 'UN';
  return entry.vrs.length === 1 ? entry.vr : entry.vrs.join('/');
}

/** PS3.5 annex A.1: `US or SS` by Pixel Representation, of this or an outer data set; everything else is OW. */
export function resolveVr(dataset: DicomDataset, element: DicomElement, view: DataView): void {
  if (element.vr !== 'US/SS') {
    element.vr = 'OW';
    return;
  }
  element.vr = 'US';
  for (let at: DicomDataset | null = dataset; at !== null; at = at.parent) {
    const representation = at.elements.get(TAGS.PixelRepresentation);
    if (representation === undefined || representation.length < 2) continue;
    if (view.getUint16(representation.dataOffset, at.littleEndian) === 1) element.vr = 'SS';
    return;
  }
}
