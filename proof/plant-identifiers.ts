import { makeRandom, type Random } from '../demo/random.ts';
import { drawText } from '../demo/text-raster.ts';
import { lookUpTag, TAGS, tag } from '../dicom/tags.ts';
import { SOP_CLASSES, TRANSFER_SYNTAXES } from '../dicom/uids.ts';
import type { AnswerKey, Check, FileAnswers, Place } from './answer-key.ts';
import { type EditableDataset, encodePlanted, setTag, setValue, textOf } from './edit-dataset.ts';
import {
  categoryOf,
  fitIdentifier,
  IDENTIFIER_KINDS,
  type Identifier,
  type IdentifierKind,
  makePatient,
  type SyntheticPatient,
} from './identifiers.ts';
import { listTextAttributes } from './listed-attributes.ts';
import { CLEANED_TEXT, FREE_TEXT, NAMED_ATTRIBUTES, SHIFTED_DATES, SMUGGLED } from './places.ts';
import { cropPixels, type ProofSource } from './proof-source.ts';
import { listRetention } from './retention.ts';

export interface PlantOptions {
  /** Same seed and sources, same files and answers. */
  seed: number;
  patients: number;
  /** Images of each study. */
  slices: number;
}

/** How text gets into pixels: as an object that says so itself, or in an image that is silent about it. */
type Burned = 'header-says-so' | 'secondary-capture' | 'screen-save' | 'silent';

const IMAGE_SIDE = 64;
const BURNED_SIDE = 256;
/** Further attributes of PS3.15 table E.1-1 that are planted in each file. */
const LISTED_PER_FILE = 40;
const KINDS = Object.keys(IDENTIFIER_KINDS) as IdentifierKind[];
const WORDS = [
  ['CHEST', 'WITHOUT CONTRAST'],
  ['ABDOMEN', 'VENOUS'],
  ['HEAD', 'WITHOUT CONTRAST'],
  ['PELVIS', 'ARTERIAL'],
] as const;

/**
 * Plants synthetic identifiers into real headers, and writes down what must become of them. Every patient has a study
 * of `slices` images; every fifth a second one, later, and every fourth an image with text burned in.
 * @param write takes each file as it is made
 */
export function plantIdentifiers(
  sources: readonly ProofSource[],
  { seed, patients, slices }: PlantOptions,
  write: (path: string, bytes: Uint8Array) => void,
): AnswerKey {
  if (sources.length === 0) throw new RangeError('no CT image to plant into');
  const files: FileAnswers[] = [];
  const identifiers: AnswerKey['identifiers'] = [];
  for (let number = 0; number < patients; number += 1) {
    const random = makeRandom(seed, number);
    const patient = makePatient(number, random);
    for (const { kind, token } of Object.values(patient.identifiers)) {
      const rule = IDENTIFIER_KINDS[kind];
      identifiers.push({ patient: number, kind, category: categoryOf(kind), rule, text: token });
    }
    const studies = number % 5 === 0 ? 2 : 1;
    const day = Date.UTC(random.integer(2015, 2022), random.integer(0, 11), random.integer(1, 28));
    for (let study = 0; study < studies; study += 1) {
      const source = sources[(number + study * 7) % sources.length]!;
      const date = new Date(day + study * random.integer(20, 400) * 86_400_000);
      for (let slice = 0; slice < slices; slice += 1) {
        const planter = new FilePlanter(patient, random, source, {
          study,
          slice,
          slices,
          date,
          burned: null,
        });
        const file = planter.plant();
        write(file.answers.path, file.bytes);
        files.push(file.answers);
      }
    }
    if (number % 4 === 0) {
      const ways: Burned[] = ['header-says-so', 'secondary-capture', 'screen-save', 'silent'];
      const burned = ways[(number / 4) % ways.length]!;
      const source = sources[number % sources.length]!;
      const place = { study: 0, slice: 900, slices, date: new Date(day), burned };
      const file = new FilePlanter(patient, random, source, place).plant();
      write(file.answers.path, file.bytes);
      files.push(file.answers);
    }
  }
  return { seed, patients, files, identifiers };
}

interface ImagePlace {
  study: number;
  slice: number;
  slices: number;
  date: Date;
  burned: Burned | null;
}

/** Makes one file of a patient, and its answers. */
class FilePlanter {
  readonly #patient: SyntheticPatient;
  readonly #random: Random;
  readonly #source: ProofSource;
  readonly #place: ImagePlace;
  readonly #dataset: EditableDataset;
  readonly #checks: Check[] = [];
  readonly #touched = new Set<number>();

  constructor(patient: SyntheticPatient, random: Random, source: ProofSource, place: ImagePlace) {
    this.#patient = patient;
    this.#random = random;
    this.#source = source;
    this.#place = place;
    this.#dataset = new Map(source.dataset);
  }

  plant(): { answers: FileAnswers; bytes: Uint8Array } {
    const { burned, study, slice } = this.#place;
    this.#dropOldIdentity();
    this.#plantPatient();
    this.#plantUids();
    this.#plantDates();
    this.#plantGeometry();
    this.#plantNames();
    this.#plantFreeText();
    this.#plantSmuggled();
    this.#plantSequences();
    this.#plantPrivate();
    this.#plantListed();
    const pixels = this.#plantPixels();
    const { meta, preamble, trailingPadding } = this.#plantAround();
    const path = this.#plantPath();
    if (burned === null) {
      this.#checks.push(...listRetention(this.#source.dataset, this.#dataset, this.#touched, pixels));
    }
    const bytes = encodePlanted({
      dataset: this.#dataset,
      pixels,
      meta,
      preamble,
      trailingPadding,
      transferSyntaxUid: this.#transferSyntax(),
      sopClassUid: textOf(this.#dataset, 'SOPClassUID') ?? '',
      sopInstanceUid: this.#uid(study, slice),
    });
    const answers = { path, patient: this.#patient.number, mustHide: burned !== null, checks: this.#checks };
    return { answers, bytes };
  }

  #identifier(kind: IdentifierKind): Identifier {
    return this.#patient.identifiers[kind];
  }

  #any(): Identifier {
    return this.#identifier(KINDS[this.#random.integer(0, KINDS.length - 1)]!);
  }

  /** The identifier stands there, and must not come out. */
  #expectRemoved(place: Place, where: string, { kind, token }: Identifier): void {
    this.#checks.push({
      action: 'text_removed',
      category: categoryOf(kind),
      rule: IDENTIFIER_KINDS[kind],
      place,
      where,
      value: token,
      kind,
    });
  }

  #set(keyword: string, value: string | number | EditableDataset[]): void {
    setValue(this.#dataset, keyword, value);
    this.#touched.add(tag(keyword));
  }

  #uid(study: number, slice: number): string {
    return `${this.#patient.uidRoot}.${study + 1}.1.${slice + 1}`;
  }

  #transferSyntax(): string {
    if (!this.#source.explicitVr) return TRANSFER_SYNTAXES.implicitVrLittleEndian;
    return this.#patient.number % 10 === 3
      ? TRANSFER_SYNTAXES.deflatedExplicitVrLittleEndian
      : TRANSFER_SYNTAXES.explicitVrLittleEndian;
  }

  /** The sources' own words are not part of the key. */
  #dropOldIdentity(): void {
    for (const keyword of [
      'PatientIdentityRemoved',
      'DeidentificationMethod',
      'DeidentificationMethodCodeSequence',
    ])
      this.#dataset.delete(tag(keyword));
    for (const keyword of ['BurnedInAnnotation', 'SmallestImagePixelValue', 'LargestImagePixelValue']) {
      // They speak of other pixels than those of the proof.
      this.#dataset.delete(tag(keyword));
    }
  }

  #plantPatient(): void {
    const { sex, birthDate, recordNumber } = this.#patient;
    const name = this.#identifier('patient-name');
    this.#set('PatientName', name.text);
    this.#set('PatientID', recordNumber);
    this.#expectRemoved('attribute', 'PatientName', name);
    this.#expectRemoved('attribute', 'PatientID', this.#identifier('record-number'));
    const patientCheck = {
      action: 'patid_consistent',
      place: 'attribute',
      value: recordNumber,
      kind: null,
    } as const;
    this.#checks.push({ ...patientCheck, category: 'hipaa', rule: 'H', where: 'PatientID' });
    this.#set('PatientBirthDate', birthDate);
    this.#expectRemoved('attribute', 'PatientBirthDate', { kind: 'date', text: birthDate, token: birthDate });
    this.#set('PatientSex', sex);
    this.#set('PatientAge', `0${20 + (this.#patient.number % 60)}Y`);
    for (const keyword of ['PatientSex', 'PatientAge']) this.#touched.delete(tag(keyword));
  }

  #plantUids(): void {
    const { study, slice, slices } = this.#place;
    const root = `${this.#patient.uidRoot}.${study + 1}`;
    const isBurned = slice >= slices;
    const uids: Record<string, string> = {
      StudyInstanceUID: root,
      // An image with text in it is a series of its own.
      SeriesInstanceUID: `${root}.${isBurned ? 9 : 1}`,
      SOPInstanceUID: this.#uid(study, slice),
      FrameOfReferenceUID: `${root}.5`,
      IrradiationEventUID: `${root}.6`,
      DeviceUID: `${this.#patient.uidRoot}.77`,
      InstanceCreatorUID: `${this.#patient.uidRoot}.78`,
    };
    for (const [keyword, uid] of Object.entries(uids)) {
      this.#set(keyword, uid);
      this.#expectUid(keyword, uid, keyword !== 'DeviceUID' && keyword !== 'InstanceCreatorUID');
    }
    const sibling = this.#uid(study, isBurned ? 0 : (slice + 1) % slices);
    const reference = (): EditableDataset => {
      const item: EditableDataset = new Map();
      setValue(item, 'ReferencedSOPClassUID', SOP_CLASSES.ctImageStorage);
      setValue(item, 'ReferencedSOPInstanceUID', sibling);
      return item;
    };
    for (const keyword of ['ReferencedImageSequence', 'SourceImageSequence']) {
      this.#set(keyword, [reference()]);
      this.#expectUid(`${keyword}>ReferencedSOPInstanceUID`, sibling, true);
    }
    const other = reference();
    setValue(other, 'ReferencedSOPInstanceUID', `${root}.88`);
    this.#set('ReferencedStudySequence', [other]);
    this.#expectUid('ReferencedStudySequence>ReferencedSOPInstanceUID', `${root}.88`, false);
  }

  /** @param isKept the profile keeps the reference, so that it must lead to the same object afterwards */
  #expectUid(where: string, value: string, isKept: boolean): void {
    const base = { category: 'dicom', rule: 'PS3.15 U', where, value, kind: null } as const;
    const place: Place = where.includes('>') ? 'sequence' : 'attribute';
    this.#checks.push({ ...base, action: 'uid_changed', place });
    if (isKept && this.#place.burned === null)
      this.#checks.push({ ...base, action: 'uid_consistent', place });
  }

  #plantDates(): void {
    const { date, slice } = this.#place;
    const day = date.toISOString().slice(0, 10).replaceAll('-', '');
    for (const keyword of SHIFTED_DATES) {
      const isDateTime = keyword.endsWith('DateTime');
      const value = isDateTime ? `${day}1015${String(slice % 60).padStart(2, '0')}` : day;
      this.#set(keyword, value);
      if (this.#place.burned !== null) continue;
      const base = {
        category: 'hipaa',
        rule: 'C',
        place: 'attribute',
        where: keyword,
        kind: 'date',
      } as const;
      this.#checks.push({ ...base, action: 'date_shifted', value });
    }
    for (const keyword of ['StudyTime', 'SeriesTime', 'AcquisitionTime', 'ContentTime'])
      this.#set(keyword, '101500');
  }

  #plantGeometry(): void {
    const { slice } = this.#place;
    const position = (textOf(this.#dataset, 'ImagePositionPatient') ?? '0\\0\\0').split('\\').map(Number);
    const direction = (textOf(this.#dataset, 'ImageOrientationPatient') ?? '1\\0\\0\\0\\1\\0')
      .split('\\')
      .map(Number) as [number, number, number, number, number, number];
    const [a, b, c, d, e, f] = direction;
    const normal = [b * f - c * e, c * d - a * f, a * e - b * d];
    const along = position.map((value, axis) => (value + normal[axis]! * slice * 5).toFixed(4));
    setValue(this.#dataset, 'ImagePositionPatient', along.join('\\'));
    setValue(this.#dataset, 'InstanceNumber', String(slice + 1));
    const side = this.#place.burned === null ? IMAGE_SIDE : BURNED_SIDE;
    setValue(this.#dataset, 'Rows', side);
    setValue(this.#dataset, 'Columns', side);
  }

  #plantNames(): void {
    for (const [keyword, kind] of Object.entries(NAMED_ATTRIBUTES)) {
      const fitted = fitIdentifier(this.#identifier(kind), vrOf(keyword));
      if (fitted === null) continue;
      this.#set(keyword, fitted.text);
      this.#expectRemoved('attribute', keyword, fitted);
    }
  }

  #plantFreeText(): void {
    const [part, phase] = WORDS[this.#patient.number % WORDS.length]!;
    for (const keyword of CLEANED_TEXT) {
      const identifiers = [this.#identifier('patient-name'), this.#identifier('date'), this.#any()];
      this.#set(keyword, [part, phase, ...identifiers.map(({ text }) => text)].join(' ').slice(0, 64));
      const written = textOf(this.#dataset, keyword)!;
      for (const identifier of identifiers) {
        if (written.includes(identifier.token)) this.#expectRemoved('free-text', keyword, identifier);
      }
      if (this.#place.burned !== null) continue;
      this.#checks.push({
        action: 'text_retained',
        category: 'best-practice',
        rule: 'Clean Descriptors',
        place: 'free-text',
        where: keyword,
        value: part,
        kind: null,
      });
    }
    for (const keyword of FREE_TEXT) {
      const one = this.#any();
      const two = this.#any();
      const text = `Seen on request of ${one.text}, see also ${two.text}.`;
      this.#set(keyword, vrOf(keyword) === 'LO' ? text.slice(0, 64) : text);
      const written = textOf(this.#dataset, keyword)!;
      for (const identifier of new Set([one, two])) {
        if (written.includes(identifier.token)) this.#expectRemoved('free-text', keyword, identifier);
      }
    }
  }

  /** The same in all images of a patient, since a series has one kernel. */
  #plantSmuggled(): void {
    const [keyword, lead] = SMUGGLED[this.#patient.number % SMUGGLED.length]!;
    const name = this.#identifier('patient-name');
    const number = this.#identifier('record-number');
    const isNumber = vrOf(keyword) === 'DS';
    const identifier = isNumber
      ? number
      : vrOf(keyword) === 'CS'
        ? { ...name, token: name.token.toUpperCase() }
        : name;
    this.#set(keyword, `${lead}${identifier.token}`);
    this.#expectRemoved('kept-attribute', keyword, identifier);
  }

  #plantSequences(): void {
    const plant = (
      item: EditableDataset,
      path: string,
      attributes: Record<string, IdentifierKind>,
    ): EditableDataset => {
      for (const [keyword, kind] of Object.entries(attributes)) {
        const fitted = fitIdentifier(this.#identifier(kind), vrOf(keyword));
        if (fitted === null) continue;
        setValue(item, keyword, fitted.text);
        this.#expectRemoved('sequence', `${path}>${keyword}`, fitted);
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
    this.#set('RequestAttributesSequence', [request]);
    this.#set('OtherPatientIDsSequence', [
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
    this.#set('OriginalAttributesSequence', [original]);
    // Into sequences that are kept, beside what is kept of them.
    for (const keyword of ['ReferencedImageSequence', 'SourceImageSequence']) {
      const items = this.#dataset.get(tag(keyword))!.value as EditableDataset[];
      plant(items[0]!, keyword, {
        PatientName: 'patient-name',
        InstitutionName: 'institution',
        ImageComments: 'email',
      });
    }
    const code: EditableDataset = new Map();
    setValue(code, 'CodeValue', '43789009');
    setValue(code, 'CodingSchemeDesignator', 'SCT');
    this.#set('AnatomicRegionSequence', [
      plant(code, 'AnatomicRegionSequence', {
        CodeMeaning: 'patient-name',
        CodingSchemeVersion: 'record-number',
      }),
    ]);
  }

  /** In blocks of real creators, and of one that nobody knows. PS3.5 section 7.8 */
  #plantPrivate(): void {
    const blocks: [group: number, creator: string][] = [
      [0x0009, 'GEMS_IDEN_01'],
      [0x0029, 'SIEMENS CSA HEADER'],
      [0x0019, 'ZZ TEST PRIVATE'],
    ];
    for (const [group, creator] of blocks) {
      const at = (element: number) => ((group << 16) | element) >>> 0;
      // 0xE0: above the blocks that real files use, so that theirs stay as they are.
      setTag(this.#dataset, at(0x00e0), 'LO', creator);
      const nested: EditableDataset = new Map();
      const name = this.#identifier('patient-name');
      setValue(nested, 'PatientName', name.text);
      const plants: [element: number, vr: string, identifier: Identifier][] = [
        [0xe001, 'LO', this.#any()],
        [0xe002, 'UN', this.#any()],
        [0xe003, 'PN', name],
        [0xe004, 'OB', this.#any()],
      ];
      for (const [element, vr, identifier] of plants) {
        setTag(this.#dataset, at(element), vr, identifier.text);
        this.#expectRemoved(
          'private',
          `${creator} ${(element & 0xff).toString(16).padStart(2, '0')}`,
          identifier,
        );
      }
      setTag(this.#dataset, at(0xe005), 'SQ', [nested]);
      this.#expectRemoved('private', `${creator} 05>PatientName`, name);
    }
  }

  /** Whatever else PS3.15 table E.1-1 lists and can hold text: a part of it in each file. */
  #plantListed(): void {
    const listed = listTextAttributes();
    const start = this.#random.integer(0, listed.length - 1);
    let planted = 0;
    for (let step = 0; step < listed.length && planted < LISTED_PER_FILE; step += 1) {
      const { tag: number, vr, keyword } = listed[(start + step) % listed.length]!;
      if (this.#touched.has(number)) continue;
      const fitted = fitIdentifier(this.#any(), vr);
      if (fitted === null) continue;
      setTag(this.#dataset, number, vr, fitted.text);
      this.#touched.add(number);
      this.#expectRemoved('any-e1-1-attribute', keyword, fitted);
      planted += 1;
    }
  }

  #plantPixels(): Uint8Array {
    const { burned, slice } = this.#place;
    const side = burned === null ? IMAGE_SIDE : BURNED_SIDE;
    const pixels = cropPixels(this.#source, side, slice);
    if (burned === null) return pixels;
    const grid = new Uint16Array(pixels.buffer, pixels.byteOffset, pixels.length / 2);
    const name = this.#identifier('patient-name');
    const number = this.#identifier('record-number');
    const lines = [name.text, number.text, this.#patient.birthDate];
    const stored = Number(this.#dataset.get(TAGS.BitsStored)?.value[0] ?? 12);
    const white = 2 ** (Math.min(stored, 12) - 1) - 1;
    for (const [index, line] of lines.entries())
      drawText(grid, side, { row: 8 + index * 20, column: 8 }, line, 2, white);
    if (burned === 'header-says-so') this.#set('BurnedInAnnotation', 'YES');
    if (burned === 'secondary-capture') this.#set('SOPClassUID', '1.2.840.10008.5.1.4.1.1.7');
    if (burned === 'screen-save') this.#set('ImageType', 'DERIVED\\SECONDARY\\SCREEN SAVE');
    for (const identifier of [name, number]) {
      this.#checks.push({
        action: 'pixels_hidden',
        category: 'hipaa',
        rule: IDENTIFIER_KINDS[identifier.kind],
        place: 'pixels',
        where: `text in the image, ${burned}`,
        value: identifier.token,
        kind: identifier.kind,
      });
    }
    return pixels;
  }

  /** Around the data set: preamble, File Meta, padding behind it. */
  #plantAround() {
    const station = this.#identifier('station');
    const meta = [
      [0x00020013, 'SH', this.#identifier('device-serial').token],
      [0x00020016, 'AE', station.token],
      [0x00020017, 'AE', station.token],
      [0x00020018, 'AE', station.token],
      [0x00020100, 'UI', '2.999.5'],
      [0x00020102, 'OB', this.#identifier('record-number').text],
    ] as const;
    this.#expectRemoved('file-meta', 'ImplementationVersionName', this.#identifier('device-serial'));
    for (const where of ['Source', 'Sending', 'Receiving'])
      this.#expectRemoved('file-meta', `${where}ApplicationEntityTitle`, station);
    this.#expectRemoved('file-meta', 'PrivateInformation', this.#identifier('record-number'));
    const before = this.#any();
    const behind = this.#any();
    this.#expectRemoved('preamble', 'preamble', before);
    this.#expectRemoved('trailing-padding', 'DataSetTrailingPadding', behind);
    return { meta, preamble: before.text, trailingPadding: behind.text };
  }

  /** Folders and file names as archives have them. */
  #plantPath(): string {
    const { study, slice } = this.#place;
    const name = this.#identifier('patient-name');
    const accession = this.#identifier('accession-number');
    const number = this.#identifier('record-number');
    for (const identifier of [name, accession, number]) this.#expectRemoved('file-name', 'path', identifier);
    const file = `IM${String(slice + 1).padStart(4, '0')}_${name.token}.dcm`;
    return `${name.text.replace('^', '_')}_${number.token}/${accession.token}-${study + 1}/${file}`;
  }
}

function vrOf(keyword: string): string {
  return lookUpTag(tag(keyword))!.vr;
}
