/** Content items of structured reports. PS3.3 section C.17.3 */
import type { DatasetValues } from './encode-dataset.ts';

/** PS3.3 section 8.8 */
export interface CodedConcept {
  /** At most 16 characters. */
  value: string;
  scheme: string;
  meaning: string;
}

type Relationship = 'CONTAINS' | 'HAS OBS CONTEXT' | 'HAS CONCEPT MOD' | 'HAS ACQ CONTEXT';

/** Adds an item to the one above it. */
export function related(relationship: Relationship, item: DatasetValues): DatasetValues {
  return { RelationshipType: relationship, ...item };
}

/** @param template TID of the DICOM Content Mapping Resource (PS3.16), without the word */
export function containerItem(
  name: CodedConcept,
  children: readonly DatasetValues[],
  template?: string,
): DatasetValues {
  return {
    ...named('CONTAINER', name),
    ContinuityOfContent: 'SEPARATE',
    ...(template === undefined
      ? {}
      : { ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: template }] }),
    ContentSequence: children,
  };
}

export function codeItem(name: CodedConcept, code: CodedConcept): DatasetValues {
  return { ...named('CODE', name), ConceptCodeSequence: [codeOf(code)] };
}

/** @param text ASCII */
export function textItem(name: CodedConcept, text: string): DatasetValues {
  return { ...named('TEXT', name), TextValue: text };
}

export function uidItem(name: CodedConcept, uid: string): DatasetValues {
  return { ...named('UIDREF', name), UID: uid };
}

/** @param value a Decimal String, at most 16 characters */
export function numberItem(name: CodedConcept, value: string, unit: CodedConcept): DatasetValues {
  const measured = { NumericValue: value, MeasurementUnitsCodeSequence: [codeOf(unit)] };
  return { ...named('NUM', name), MeasuredValueSequence: [measured] };
}

/** An image as a whole. */
export function imageItem(name: CodedConcept, image: InstanceReference): DatasetValues {
  return { ...named('IMAGE', name), ReferencedSOPSequence: [referenceTo(image)] };
}

export interface InstanceReference {
  sopClassUid: string;
  sopInstanceUid: string;
}

/** An item of Referenced SOP Sequence. PS3.3 table 10-11 */
export function referenceTo({ sopClassUid, sopInstanceUid }: InstanceReference): DatasetValues {
  return { ReferencedSOPClassUID: sopClassUid, ReferencedSOPInstanceUID: sopInstanceUid };
}

function named(valueType: string, name: CodedConcept): DatasetValues {
  return { ValueType: valueType, ConceptNameCodeSequence: [codeOf(name)] };
}

function codeOf({ value, scheme, meaning }: CodedConcept): DatasetValues {
  return { CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning };
}
