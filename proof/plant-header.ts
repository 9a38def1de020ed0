/** What is planted into the attributes of a header. */
import { lookUpTag, tag } from '../dicom/tags.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { Place } from './answer-key.ts';
import { type EditableDataset, setValue, textOf } from './edit-dataset.ts';
import type { FileDraft } from './file-draft.ts';
import { fitIdentifier } from './identifiers.ts';
import { DESCRIPTIONS, FREE_TEXT, NAMED_ATTRIBUTES, SHIFTED_DATES, SMUGGLED } from './places.ts';

/** The sources' own words are not part of the key. */
export function dropOldIdentity(draft: FileDraft): void {
  for (const keyword of [
    'PatientIdentityRemoved',
    'DeidentificationMethod',
    'DeidentificationMethodCodeSequence',
  ])
    draft.dataset.delete(tag(keyword));
  for (const keyword of ['BurnedInAnnotation', 'SmallestImagePixelValue', 'LargestImagePixelValue']) {
    // They speak of other pixels than those of the proof.
    draft.dataset.delete(tag(keyword));
  }
}

export function plantPatient(draft: FileDraft): void {
  const { sex, birthDate, recordNumber } = draft.patient;
  const name = draft.identifier('patient-name');
  draft.set('PatientName', name.text);
  draft.set('PatientID', recordNumber);
  draft.expectRemoved('attribute', 'PatientName', name);
  draft.expectRemoved('attribute', 'PatientID', draft.identifier('record-number'));
  const patientCheck = {
    action: 'patid_consistent',
    place: 'attribute',
    value: recordNumber,
    kind: null,
  } as const;
  if (draft.place.burned === null)
    draft.checks.push({ ...patientCheck, category: 'hipaa', rule: 'H', where: 'PatientID' });
  draft.set('PatientBirthDate', birthDate);
  draft.expectRemoved('attribute', 'PatientBirthDate', { kind: 'date', text: birthDate, token: birthDate });
  draft.set('PatientSex', sex);
  draft.set('PatientAge', `0${20 + (draft.patient.number % 60)}Y`);
  for (const keyword of ['PatientSex', 'PatientAge']) draft.touched.delete(tag(keyword));
}

export function plantUids(draft: FileDraft): void {
  const { study, slice, slices } = draft.place;
  const root = `${draft.patient.uidRoot}.${study + 1}`;
  const isBurned = slice >= slices;
  const uids: Record<string, string> = {
    StudyInstanceUID: root,
    // An image with text in it is a series of its own.
    SeriesInstanceUID: `${root}.${isBurned ? 9 : 1}`,
    SOPInstanceUID: draft.uid(study, slice),
    FrameOfReferenceUID: `${root}.5`,
    IrradiationEventUID: `${root}.6`,
    DeviceUID: `${draft.patient.uidRoot}.77`,
    InstanceCreatorUID: `${draft.patient.uidRoot}.78`,
  };
  for (const [keyword, uid] of Object.entries(uids)) {
    draft.set(keyword, uid);
    expectUid(draft, keyword, uid, keyword !== 'DeviceUID' && keyword !== 'InstanceCreatorUID');
  }
  const sibling = draft.uid(study, isBurned ? 0 : (slice + 1) % slices);
  const reference = (): EditableDataset => {
    const item: EditableDataset = new Map();
    setValue(item, 'ReferencedSOPClassUID', SOP_CLASSES.ctImageStorage);
    setValue(item, 'ReferencedSOPInstanceUID', sibling);
    return item;
  };
  for (const keyword of ['ReferencedImageSequence', 'SourceImageSequence']) {
    draft.set(keyword, [reference()]);
    expectUid(draft, `${keyword}>ReferencedSOPInstanceUID`, sibling, true);
  }
  const other = reference();
  setValue(other, 'ReferencedSOPInstanceUID', `${root}.88`);
  draft.set('ReferencedStudySequence', [other]);
  expectUid(draft, 'ReferencedStudySequence>ReferencedSOPInstanceUID', `${root}.88`, false);
}

/** @param isKept the profile keeps the reference, so that it must lead to the same object afterwards */
function expectUid(draft: FileDraft, where: string, value: string, isKept: boolean): void {
  const base = { category: 'dicom', rule: 'PS3.15 U', where, value, kind: null } as const;
  const place: Place = where.includes('>') ? 'sequence' : 'attribute';
  draft.checks.push({ ...base, action: 'uid_changed', place });
  if (isKept && draft.place.burned === null) draft.checks.push({ ...base, action: 'uid_consistent', place });
}

export function plantDates(draft: FileDraft): void {
  const { date, slice } = draft.place;
  const day = date.toISOString().slice(0, 10).replaceAll('-', '');
  for (const keyword of SHIFTED_DATES) {
    const isDateTime = keyword.endsWith('DateTime');
    const value = isDateTime ? `${day}1015${String(slice % 60).padStart(2, '0')}` : day;
    draft.set(keyword, value);
    if (draft.place.burned !== null) continue;
    const check = {
      action: 'date_shifted',
      place: 'attribute',
      where: keyword,
      value,
      kind: 'date',
    } as const;
    draft.checks.push({ ...check, category: 'hipaa', rule: 'C' });
    draft.checks.push({ ...check, category: 'best-practice', rule: 'intervals', kind: null });
  }
  for (const keyword of ['StudyTime', 'SeriesTime', 'AcquisitionTime', 'ContentTime'])
    draft.set(keyword, '101500');
}

export function plantNames(draft: FileDraft): void {
  for (const [keyword, kind] of Object.entries(NAMED_ATTRIBUTES)) {
    const fitted = fitIdentifier(draft.identifier(kind), vrOf(keyword));
    if (fitted === null) continue;
    draft.set(keyword, fitted.text);
    draft.expectRemoved('attribute', keyword, fitted);
  }
}

export function plantFreeText(draft: FileDraft): void {
  for (const [keyword, descriptions] of Object.entries(DESCRIPTIONS)) {
    const [text, ...worth] = descriptions[draft.patient.number % descriptions.length]!;
    const identifiers = [draft.identifier('patient-name'), draft.identifier('date'), draft.any()];
    draft.set(keyword, [text, ...identifiers.map((identifier) => identifier.text)].join(' ').slice(0, 64));
    const written = textOf(draft.dataset, keyword)!;
    for (const identifier of identifiers) {
      if (written.includes(identifier.token)) draft.expectRemoved('free-text', keyword, identifier);
    }
    if (draft.place.burned !== null) continue;
    for (const value of worth) {
      draft.checks.push({
        action: 'text_retained',
        category: 'best-practice',
        rule: 'Clean Descriptors',
        place: 'free-text',
        where: keyword,
        value,
        kind: null,
      });
    }
  }
  for (const keyword of FREE_TEXT) {
    const one = draft.any();
    const two = draft.any();
    const text = `Seen on request of ${one.text}, see also ${two.text}.`;
    draft.set(keyword, vrOf(keyword) === 'LO' ? text.slice(0, 64) : text);
    const written = textOf(draft.dataset, keyword)!;
    for (const identifier of new Set([one, two])) {
      if (written.includes(identifier.token)) draft.expectRemoved('free-text', keyword, identifier);
    }
  }
}

/** The same in all images of a patient, since a series has one kernel. */
export function plantSmuggled(draft: FileDraft): void {
  const [keyword, lead] = SMUGGLED[draft.patient.number % SMUGGLED.length]!;
  const name = draft.identifier('patient-name');
  const number = draft.identifier('record-number');
  const isNumber = vrOf(keyword) === 'DS';
  const identifier = isNumber
    ? number
    : vrOf(keyword) === 'CS'
      ? { ...name, token: name.token.toUpperCase() }
      : name;
  draft.set(keyword, `${lead}${identifier.token}`);
  draft.expectRemoved('kept-attribute', keyword, identifier);
}

function vrOf(keyword: string): string {
  return lookUpTag(tag(keyword))!.vr;
}
