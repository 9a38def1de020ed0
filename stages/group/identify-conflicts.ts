import type { Reason } from '../reasons.ts';
import type { InstanceRecord } from '../records.ts';
import { compareText } from './slices.ts';

/**
 * Verdicts on identity, before anything is looked at as an image.
 * - One SOP Instance UID more than once: when the de-identified files are equal to the byte (as they are when the
 *   sources are), the first by source key stays and the others are `duplicate-instance`; when they differ, nobody
 *   knows which one is meant, and all are `conflicting-instances`.
 * - A study that names two patients is `patient-mismatch` as a whole. A file without a patient names none.
 * @returns reasons by source key, for records that are kept so far
 */
export function identifyConflicts(records: readonly InstanceRecord[]): Map<string, Reason> {
  const reasons = new Map<string, Reason>();
  const bySop = new Map<string, InstanceRecord[]>();
  const patientsOfStudy = new Map<string, Set<string>>();
  for (const record of records) {
    if (record.studyInstanceUid !== null && record.patientId !== null) {
      const patients = patientsOfStudy.get(record.studyInstanceUid) ?? new Set();
      patientsOfStudy.set(record.studyInstanceUid, patients.add(record.patientId));
    }
    if (record.disposition !== 'kept') continue;
    if (
      record.studyInstanceUid === null ||
      record.seriesInstanceUid === null ||
      record.sopInstanceUid === null
    ) {
      reasons.set(record.sourceKey, 'identifiers-missing');
      continue;
    }
    bySop.set(record.sopInstanceUid, [...(bySop.get(record.sopInstanceUid) ?? []), record]);
  }
  for (const twins of bySop.values()) {
    if (twins.length < 2) continue;
    const same =
      haveEqual(twins, 'sourceDigest') || haveEqual(twins, 'outputSha256') || twins.every(isForecast);
    twins.sort((a, b) => compareText(a.sourceKey, b.sourceKey));
    twins.forEach((record, index) => {
      if (!same) reasons.set(record.sourceKey, 'conflicting-instances');
      else if (index > 0) reasons.set(record.sourceKey, 'duplicate-instance');
    });
  }
  for (const record of records) {
    if (record.disposition !== 'kept' || reasons.has(record.sourceKey)) continue;
    const patients = patientsOfStudy.get(record.studyInstanceUid ?? '');
    if (patients !== undefined && patients.size > 1) reasons.set(record.sourceKey, 'patient-mismatch');
  }
  return reasons;
}

/** Known by its header alone (`plan`): copies are commoner than conflicts. */
function isForecast(record: InstanceRecord): boolean {
  return record.sourceDigest === null && record.outputSha256 === null;
}

function haveEqual(records: readonly InstanceRecord[], field: 'sourceDigest' | 'outputSha256'): boolean {
  const first = records[0]?.[field] ?? null;
  return first !== null && records.every((record) => record[field] === first);
}
