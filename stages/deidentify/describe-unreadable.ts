import { dispositionOf, type Reason } from '../reasons.ts';
import type { InstanceRecord } from '../records.ts';

/** The record of a source file that gave nothing but a reason. */
export function describeUnreadable(sourceKey: string, sourceBytes: number, reason: Reason): InstanceRecord {
  return {
    sourceKey,
    sourceBytes,
    sourceDigest: null,
    disposition: dispositionOf(reason),
    reason,
    rule: null,
    patientId: null,
    studyInstanceUid: null,
    seriesInstanceUid: null,
    sopInstanceUid: null,
    frameOfReferenceUid: null,
    sopClassUid: null,
    transferSyntaxUid: null,
    modality: null,
    seriesNumber: null,
    instanceNumber: null,
    image: null,
    evidence: null,
    outputSha256: null,
    outputBytes: null,
  };
}
