/** What became of each source file. */
import { DISPOSITIONS } from './value-sets.ts';

export const INSTANCES_TABLE = {
  doc: 'One row for every source file seen (members of archives count as files).',
  key: ['source_key'],
  columns: [
    {
      name: 'source_key',
      type: 'string',
      nullable: false,
      doc: 'Keyed hash of the path and member name, never the path. 32 hexadecimal digits.',
    },
    { name: 'source_bytes', type: 'int64', nullable: false, doc: 'Size of the source file, bytes.' },
    {
      name: 'source_digest',
      type: 'string',
      nullable: true,
      doc: 'Keyed digest of the content; null when the file could not be read.',
    },
    {
      name: 'disposition',
      type: 'string',
      nullable: false,
      values: DISPOSITIONS,
      doc: 'What became of the file.',
    },
    {
      name: 'reason',
      type: 'string',
      nullable: true,
      doc: 'Why the file was not kept, from the closed vocabulary below; null when kept.',
    },
    { name: 'patient_id', type: 'string', nullable: true, doc: 'Pseudonym of the patient.' },
    { name: 'study_instance_uid', type: 'string', nullable: true, doc: 'Pseudonymous UID of the study.' },
    { name: 'series_instance_uid', type: 'string', nullable: true, doc: 'Pseudonymous UID of the series.' },
    { name: 'sop_instance_uid', type: 'string', nullable: true, doc: 'Pseudonymous UID of the instance.' },
    {
      name: 'series_unit',
      type: 'string',
      nullable: true,
      doc: 'Series unit that holds the instance (or its first frame), kept or not; null when in none.',
    },
    { name: 'sop_class_uid', type: 'string', nullable: true, doc: 'SOP Class UID of the standard.' },
    {
      name: 'transfer_syntax_uid',
      type: 'string',
      nullable: true,
      doc: 'Transfer Syntax UID of the source file.',
    },
    { name: 'instance_number', type: 'int32', nullable: true, doc: 'Instance Number (0020,0013).' },
    {
      name: 'image_position_patient',
      type: 'list<double>',
      nullable: true,
      doc: 'Image Position (Patient) of the instance or its first frame, mm, in LPS.',
    },
    {
      name: 'output_path',
      type: 'string',
      nullable: true,
      doc: 'De-identified file, relative to the output folder; null when none was written.',
    },
    {
      name: 'output_sha256',
      type: 'string',
      nullable: true,
      doc: 'SHA-256 of the de-identified file.',
    },
    {
      name: 'frame_count',
      type: 'int32',
      nullable: true,
      doc: 'Number of frames of the image; 1 for a single-frame image, null when it is not an image.',
    },
    {
      name: 'rule',
      type: 'string',
      nullable: true,
      doc: 'The rule behind the reason (docs/series-units.md); null when kept.',
    },
    {
      name: 'rule_evidence',
      type: 'list<string>',
      nullable: true,
      doc: 'Values that the rule rests on, as `name=value`; empty when kept: numbers and closed vocabularies, no text of the source.',
    },
    {
      name: 'slice_index',
      type: 'int32',
      nullable: true,
      doc: 'Place of the instance (or its first frame there) in its series unit, from 0 in the order of the slices; null in units without geometry.',
    },
    {
      name: 'slice_position_mm',
      type: 'double',
      nullable: true,
      doc: 'Distance from the first slice of the unit along the normal of the stack, mm.',
    },
  ],
} as const;
