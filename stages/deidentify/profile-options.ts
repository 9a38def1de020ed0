/**
 * The options of PS3.15 annex E.3 as this house does them: what each adds to the white-list or takes from it, which
 * contradict each other, and how the output says what was done. ADR 0008 says why they are as they are.
 */
import { tag } from '../../dicom/tags.ts';
import { type ConfidentialityOption, confidentialityOf } from './confidentiality.ts';
import type { ProfileProblem, ProfileSpec } from './profile.ts';
import type { ProfileRow, ValueGrammar } from './profiles/profile-table.ts';

/** What a pipeline says under `deidentify.options`. */
export interface OptionsSpec {
  retain_uids?: boolean | undefined;
  retain_device_identity?: { permit: readonly string[] } | undefined;
  retain_institution_identity?: { permit: readonly string[] } | undefined;
  /** Default: true. */
  retain_patient_characteristics?: boolean | undefined;
  retain_safe_private?: boolean | undefined;
  /** Default: true. */
  clean_descriptors?: boolean | undefined;
  clean_graphics?: boolean | undefined;
  clean_pixel_data?: boolean | undefined;
}

/** A code of CID 7050 and when it is true of an instance. */
export interface MethodCode {
  value: string;
  meaning: string;
  /**
   * - tags: one of them is in the output, with a value
   * - `private`: a private attribute is in the output
   * - `native-pixels`: the pixels could be looked at for overlays in unused bits
   * - absent: always
   */
  when?: readonly number[] | 'private' | 'native-pixels';
}

/** Attributes of a CT image that name a device; K under Retain Device Identity in table E.1-1. */
const DEVICE = ['StationName', 'DeviceSerialNumber', 'DeviceUID', 'GantryID', 'GeneratorID'] as const;
/** Likewise for Retain Institution Identity. */
const INSTITUTION = ['InstitutionName', 'InstitutionAddress', 'InstitutionalDepartmentName'] as const;
const DESCRIPTORS = ['StudyDescription', 'SeriesDescription', 'ProtocolName'] as const;
const CHARACTERISTICS = ['PatientAge', 'PatientSex', 'PatientSize', 'PatientWeight'];

const UID_GRAMMAR: ValueGrammar = { kind: 'uid' };

/** Options whose attributes with action K may be added to the white-list, if a grammar can tell their values. */
export function activeOptions({ options = {} }: ProfileSpec): ConfidentialityOption[] {
  const characteristics: ConfidentialityOption[] =
    options.retain_patient_characteristics === false ? [] : ['retainPatientCharacteristics'];
  const device: ConfidentialityOption[] =
    options.retain_device_identity === undefined ? [] : ['retainDeviceIdentity'];
  return [...characteristics, ...device];
}

/** Options that contradict each other, or that nothing here does. */
export function checkOptions({ options = {}, dates, whitelist }: ProfileSpec): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  if (options.retain_uids === true && dates === 'shift') {
    problems.push({
      path: ['options', 'retain_uids'],
      message:
        'options.retain_uids contradicts `dates: shift`: makers write date and time into UIDs, and one such date tells a patient’s shift',
    });
  }
  if (options.clean_pixel_data === true) {
    problems.push({
      path: ['options', 'clean_pixel_data'],
      message:
        'options.clean_pixel_data cannot be had: images with burned-in text are quarantined, not cleaned, so the option would be claimed for nothing',
    });
  }
  if (options.retain_patient_characteristics === false) {
    for (const [index, keyword] of whitelist.add.entries()) {
      if (!CHARACTERISTICS.includes(keyword)) continue;
      problems.push({
        path: ['whitelist', 'add', index],
        message: `whitelist.add: ${keyword} contradicts options.retain_patient_characteristics: false`,
      });
    }
  }
  for (const name of ['retain_device_identity', 'retain_institution_identity'] as const) {
    const keywords: readonly string[] = name === 'retain_device_identity' ? DEVICE : INSTITUTION;
    if (options[name] === undefined || !keywords.every((keyword) => whitelist.remove.includes(keyword)))
      continue;
    problems.push({
      path: ['options', name],
      message: `options.${name} contradicts whitelist.remove, which leaves out all that it keeps`,
    });
  }
  return problems;
}

/** The rows of a profile with the options in it. */
export function applyOptions(rows: ProfileRow[], { options = {} }: ProfileSpec): ProfileRow[] {
  let result = rows;
  if (options.retain_patient_characteristics === false) {
    result = result.flatMap((row) => {
      if (!CHARACTERISTICS.includes(row.path)) return [row];
      const reason = 'Type 2: present, without a value';
      return row.required ? [{ ...row, action: 'empty', grammar: null, reason }] : [];
    });
  }
  if (options.retain_uids === true) result = result.map(retainUid);
  if (options.retain_device_identity !== undefined) {
    const reason = 'Retain Device Identity: a value that the pipeline permits';
    result.push(...permittedRows(DEVICE, options.retain_device_identity.permit, reason));
  }
  if (options.retain_institution_identity !== undefined) {
    const reason = 'Retain Institution Identity: a value that the pipeline permits';
    result.push(...permittedRows(INSTITUTION, options.retain_institution_identity.permit, reason));
  }
  if (options.clean_descriptors !== false) {
    for (const path of DESCRIPTORS) {
      const grammar: ValueGrammar = { kind: 'descriptor' };
      const reason = 'Clean Descriptors: written anew in a closed vocabulary';
      result.push({ path, action: 'map', grammar, otherwise: 'remove', required: false, reason });
    }
  }
  return result;
}

/** Only where table E.1-1 says K under Retain UIDs. */
function retainUid(row: ProfileRow): ProfileRow {
  const number = tagOfPath(row.path);
  if (row.action !== 'pseudonym' || number === null) return row;
  if (confidentialityOf(number)?.options.retainUids !== 'K') return row;
  const reason = `${row.reason}. Retain UIDs: the source’s own; its pseudonym if it is not valid`;
  return { ...row, action: 'keep', grammar: UID_GRAMMAR, reason };
}

function tagOfPath(path: string): number | null {
  const keyword = path.slice(path.lastIndexOf('>') + 1);
  return keyword === 'FunctionalGroups' ? null : tag(keyword);
}

function permittedRows(paths: readonly string[], values: readonly string[], reason: string): ProfileRow[] {
  return paths.map((path) => ({
    path,
    action: 'keep',
    grammar: { kind: 'permitted', values },
    otherwise: 'remove',
    required: false,
    reason,
  }));
}

/**
 * Codes of CID 7050, only for what is really done. Clean Graphics is not claimed by default, although what it
 * would clean is removed: the code would tell a reader to look for something that is not there.
 */
export function methodCodesOf(
  rows: readonly ProfileRow[],
  { dates, options = {} }: ProfileSpec,
): MethodCode[] {
  const retainsCharacteristics = rows.some(
    (row) => CHARACTERISTICS.includes(row.path) && row.action === 'keep',
  );
  const codes: (MethodCode | false)[] = [
    { value: '113100', meaning: 'Basic Application Confidentiality Profile' },
    options.clean_graphics === true && {
      value: '113103',
      meaning: 'Clean Graphics Option',
      when: 'native-pixels',
    },
    options.clean_descriptors !== false && { value: '113105', meaning: 'Clean Descriptors Option' },
    dates === 'keep' && {
      value: '113106',
      meaning: 'Retain Longitudinal Temporal Information Full Dates Option',
    },
    dates === 'shift' && {
      value: '113107',
      meaning: 'Retain Longitudinal Temporal Information Modified Dates Option',
    },
    retainsCharacteristics && { value: '113108', meaning: 'Retain Patient Characteristics Option' },
    options.retain_device_identity !== undefined && {
      value: '113109',
      meaning: 'Retain Device Identity Option',
      when: DEVICE.map(tag),
    },
    options.retain_uids === true && { value: '113110', meaning: 'Retain UIDs Option' },
    options.retain_safe_private === true && {
      value: '113111',
      meaning: 'Retain Safe Private Option',
      when: 'private',
    },
    options.retain_institution_identity !== undefined && {
      value: '113112',
      meaning: 'Retain Institution Identity Option',
      when: INSTITUTION.map(tag),
    },
  ];
  return codes.filter((code) => code !== false);
}

/** What is done otherwise than by the profile as it is shipped, in words; 64 characters each at most (LO). */
export function methodTextsOf({ dates, whitelist }: ProfileSpec): string[] {
  const texts: string[] = [];
  if (dates === 'shift') texts.push('Dates shifted by one keyed number of days for each patient');
  if (dates === 'keep') texts.push('Dates and times kept');
  const { add, remove } = whitelist;
  if (add.length + remove.length > 0)
    texts.push(`White-list changed: ${add.length} attributes added, ${remove.length} left out`);
  return texts;
}

/** Whether a code is true of an instance. */
export function isDone(
  { when }: MethodCode,
  elements: ReadonlyMap<number, Uint8Array>,
  hasNativePixels: boolean,
): boolean {
  if (when === undefined) return true;
  if (when === 'native-pixels') return hasNativePixels;
  if (when === 'private') return [...elements.keys()].some((key) => ((key >>> 16) & 1) === 1);
  return when.some((key) => elements.has(key));
}
