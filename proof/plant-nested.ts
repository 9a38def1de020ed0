/** What is planted below the top level, in private blocks, and wherever PS3.15 table E.1-1 looks. */
import { lookUpTag, tag } from '../dicom/tags.ts';
import { type EditableDataset, setTag, setValue } from './edit-dataset.ts';
import type { FileDraft } from './file-draft.ts';
import { fitIdentifier, type Identifier, type IdentifierKind } from './identifiers.ts';
import { listTextAttributes } from './listed-attributes.ts';

/** Further attributes of PS3.15 table E.1-1 that are planted in each file. */
const LISTED_PER_FILE = 40;

export function plantSequences(draft: FileDraft): void {
  const plant = (
    item: EditableDataset,
    path: string,
    attributes: Record<string, IdentifierKind>,
  ): EditableDataset => {
    for (const [keyword, kind] of Object.entries(attributes)) {
      const fitted = fitIdentifier(draft.identifier(kind), vrOf(keyword));
      if (fitted === null) continue;
      setValue(item, keyword, fitted.text);
      draft.expectRemoved('sequence', `${path}>${keyword}`, fitted);
    }
    return item;
  };
  const request = plant(new Map(), 'RequestAttributesSequence', {
    RequestedProcedureID: 'accession-number',
    AccessionNumber: 'accession-number',
    RequestedProcedureDescription: 'patient-name',
  });
  const performer = plant(new Map(), 'RequestAttributesSequence>PersonIdentificationCodeSequence', {
    CodeValue: 'licence-number',
    CodeMeaning: 'physician',
    InstitutionName: 'institution',
    PersonTelephoneNumbers: 'phone',
  });
  setValue(request, 'PersonIdentificationCodeSequence', [performer]);
  draft.set('RequestAttributesSequence', [request]);
  draft.set('OtherPatientIDsSequence', [
    plant(new Map(), 'OtherPatientIDsSequence', {
      PatientID: 'social-security-number',
      IssuerOfPatientID: 'institution',
    }),
  ]);
  const modified = plant(new Map(), 'OriginalAttributesSequence>ModifiedAttributesSequence', {
    PatientName: 'patient-name',
    PatientID: 'record-number',
    InstitutionName: 'institution',
    PatientAddress: 'address',
  });
  const original: EditableDataset = new Map();
  setValue(original, 'ModifiedAttributesSequence', [modified]);
  draft.set('OriginalAttributesSequence', [original]);
  // Into sequences that are kept, beside what is kept of them.
  for (const keyword of ['ReferencedImageSequence', 'SourceImageSequence']) {
    const items = draft.dataset.get(tag(keyword))!.value as EditableDataset[];
    plant(items[0]!, keyword, {
      PatientName: 'patient-name',
      InstitutionName: 'institution',
      ImageComments: 'email',
    });
  }
  const code: EditableDataset = new Map();
  setValue(code, 'CodeValue', '43789009');
  setValue(code, 'CodingSchemeDesignator', 'SCT');
  draft.set('AnatomicRegionSequence', [
    plant(code, 'AnatomicRegionSequence', {
      CodeMeaning: 'patient-name',
      CodingSchemeVersion: 'record-number',
    }),
  ]);
}

/** In blocks of real creators, and of one that nobody knows. PS3.5 section 7.8 */
export function plantPrivate(draft: FileDraft): void {
  const blocks: [group: number, creator: string][] = [
    [0x0009, 'GEMS_IDEN_01'],
    [0x0029, 'SIEMENS CSA HEADER'],
    [0x0019, 'ZZ TEST PRIVATE'],
  ];
  for (const [group, creator] of blocks) {
    const at = (element: number) => ((group << 16) | element) >>> 0;
    // 0xE0: above the blocks that real files use, so that theirs stay as they are.
    setTag(draft.dataset, at(0x00e0), 'LO', creator);
    const nested: EditableDataset = new Map();
    const name = draft.identifier('patient-name');
    setValue(nested, 'PatientName', name.text);
    const plants: [element: number, vr: string, identifier: Identifier][] = [
      [0xe001, 'LO', draft.any()],
      [0xe002, 'UN', draft.any()],
      [0xe003, 'PN', name],
      [0xe004, 'OB', draft.any()],
    ];
    for (const [element, vr, identifier] of plants) {
      setTag(draft.dataset, at(element), vr, identifier.text);
      draft.expectRemoved(
        'private',
        `${creator} ${(element & 0xff).toString(16).padStart(2, '0')}`,
        identifier,
      );
    }
    setTag(draft.dataset, at(0xe005), 'SQ', [nested]);
    draft.expectRemoved('private', `${creator} 05>PatientName`, name);
  }
}

/** Whatever else PS3.15 table E.1-1 lists and can hold text: a part of it in each file. */
export function plantListed(draft: FileDraft): void {
  const listed = listTextAttributes();
  const start = draft.random.integer(0, listed.length - 1);
  let planted = 0;
  for (let step = 0; step < listed.length && planted < LISTED_PER_FILE; step += 1) {
    const { tag: number, vr, keyword } = listed[(start + step) % listed.length]!;
    if (draft.touched.has(number)) continue;
    const fitted = fitIdentifier(draft.any(), vr);
    if (fitted === null) continue;
    setTag(draft.dataset, number, vr, fitted.text);
    draft.touched.add(number);
    draft.expectRemoved('any-e1-1-attribute', keyword, fitted);
    planted += 1;
  }
}

function vrOf(keyword: string): string {
  return lookUpTag(tag(keyword))!.vr;
}
