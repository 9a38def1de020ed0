/**
 * The manifest's tables, declared once: row types, Parquet schemas, sort keys and docs/manifest.md come from here.
 * Columns are public: add at the end of a table, never rename, never reorder.
 */

import { RETRIEVALS_TABLE } from './retrieval-table.ts';
import { RESOLVED_COLUMNS, REVIEWS_TABLE } from './review-tables.ts';

/** Version of the tables as a whole; carried by every file as `serieswise.schema_version`. */
export const MANIFEST_SCHEMA_VERSION = '1';

/** Parquet types that the tables use. `int64` is a JavaScript number below 2^53 in rows and INT64 in the file. */
export type ColumnType =
  | 'string'
  | 'int32'
  | 'int64'
  | 'double'
  | 'float'
  | 'boolean'
  | 'list<double>'
  | 'list<float>'
  | 'list<string>';

/** One column of a table. */
export interface ColumnDeclaration {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** The closed set of values of a string column (or of a list's elements), where there is one. */
  readonly values?: readonly string[];
  /** What the column means, with its unit. */
  readonly doc: string;
}

interface TableDeclaration {
  readonly doc: string;
  /** Columns by which rows are sorted and unique. */
  readonly key: readonly string[];
  readonly columns: readonly ColumnDeclaration[];
  /** Columns that no file holds: SQL over the tables has them after the others. */
  readonly derived?: readonly ColumnDeclaration[];
}

const DISPOSITIONS = ['kept', 'excluded', 'duplicate', 'quarantined', 'unreadable'] as const;
const AGREEMENTS = ['agree', 'refine', 'conflict', 'header-silent'] as const;
const TASKS = ['body_part', 'axis', 'contrast'] as const;
const AXES = ['axial', 'coronal', 'sagittal'] as const;
const CONTRASTS = ['no', 'yes'] as const;

export const MANIFEST_TABLES = {
  instances: {
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
  },
  series: {
    doc: 'One row for every series unit: one geometrically coherent stack that gets one set of labels.',
    key: ['series_unit'],
    derived: RESOLVED_COLUMNS,
    columns: [
      {
        name: 'series_unit',
        type: 'string',
        nullable: false,
        doc: 'Key of the series unit: `su` and 24 hexadecimal digits.',
      },
      { name: 'patient_id', type: 'string', nullable: false, doc: 'Pseudonym of the patient.' },
      { name: 'study_instance_uid', type: 'string', nullable: false, doc: 'Pseudonymous UID of the study.' },
      {
        name: 'series_instance_uid',
        type: 'string',
        nullable: false,
        doc: 'Pseudonymous UID of the series.',
      },
      { name: 'modality', type: 'string', nullable: true, doc: 'Modality (0008,0060).' },
      { name: 'instance_count', type: 'int32', nullable: false, doc: 'Number of slices in the unit.' },
      {
        name: 'disposition',
        type: 'string',
        nullable: false,
        values: DISPOSITIONS,
        doc: 'What became of the unit.',
      },
      {
        name: 'reason',
        type: 'string',
        nullable: true,
        doc: 'Why the unit was not kept, from the closed vocabulary below; null when kept.',
      },
      { name: 'rows', type: 'int32', nullable: true, doc: 'Rows of a slice.' },
      { name: 'columns', type: 'int32', nullable: true, doc: 'Columns of a slice.' },
      {
        name: 'pixel_spacing_mm',
        type: 'list<double>',
        nullable: true,
        doc: 'Distance between rows, then between columns, mm (PS3.3 10.7.1.3).',
      },
      {
        name: 'slice_spacing_mm',
        type: 'double',
        nullable: true,
        doc: 'Median distance between neighbouring slices along the normal of the stack, mm.',
      },
      {
        name: 'slice_spacing_regular',
        type: 'boolean',
        nullable: true,
        doc: 'Whether all neighbouring slices are that far apart, within 5% or 0.1 mm.',
      },
      {
        name: 'slice_gap_count',
        type: 'int32',
        nullable: true,
        doc: 'Number of missing slices; null where the spacing is irregular otherwise too.',
      },
      {
        name: 'gantry_tilt_deg',
        type: 'double',
        nullable: true,
        doc: 'Angle between the normal and the line of the positions, degrees, positive when the upper end leans to the back; of the header with one slice.',
      },
      {
        name: 'image_orientation_patient',
        type: 'list<double>',
        nullable: true,
        doc: 'Direction cosines of a row, then of a column (six numbers).',
      },
      {
        name: 'axis_geometry',
        type: 'string',
        nullable: true,
        values: AXES,
        doc: 'Imaging axis from the image orientation alone.',
      },
      {
        name: 'coverage_mm',
        type: 'double',
        nullable: true,
        doc: 'Extent of the stack along its normal, mm.',
      },
      {
        name: 'manufacturer',
        type: 'string',
        nullable: true,
        doc: 'Manufacturer, through a closed vocabulary; `other` when not in it.',
      },
      {
        name: 'manufacturer_model_name',
        type: 'string',
        nullable: true,
        doc: "Manufacturer's Model Name, through a closed vocabulary; `other` when not in it.",
      },
      {
        name: 'convolution_kernel',
        type: 'string',
        nullable: true,
        doc: 'Convolution Kernel, through a closed vocabulary; `other` when not in it.',
      },
      { name: 'kvp', type: 'double', nullable: true, doc: 'Peak tube voltage, kV.' },
      {
        name: 'body_part_header',
        type: 'string',
        nullable: true,
        doc: "What the header's words claim, in the label vocabulary; null where the header is silent.",
      },
      {
        name: 'axis_header',
        type: 'string',
        nullable: true,
        values: AXES,
        doc: "What the header's words claim of the axis; null where the header is silent.",
      },
      {
        name: 'contrast_header',
        type: 'string',
        nullable: true,
        values: CONTRASTS,
        doc: "What the header's words claim of contrast; null where the header is silent.",
      },
      { name: 'body_part', type: 'string', nullable: true, doc: 'Predicted body part.' },
      { name: 'axis', type: 'string', nullable: true, values: AXES, doc: 'Predicted imaging axis.' },
      {
        name: 'contrast',
        type: 'string',
        nullable: true,
        values: CONTRASTS,
        doc: 'Predicted intravenous contrast.',
      },
      {
        name: 'body_part_score',
        type: 'float',
        nullable: true,
        doc: 'Calibrated probability of the predicted body part.',
      },
      {
        name: 'axis_score',
        type: 'float',
        nullable: true,
        doc: 'Calibrated probability of the predicted axis.',
      },
      {
        name: 'contrast_score',
        type: 'float',
        nullable: true,
        doc: 'Calibrated probability of the predicted contrast.',
      },
      {
        name: 'needs_review',
        type: 'boolean',
        nullable: true,
        doc: 'Whether a person should look; null for units that were not classified.',
      },
      {
        name: 'review_reasons',
        type: 'list<string>',
        nullable: true,
        doc: 'Why a person should look; empty when none should.',
      },
      {
        name: 'body_part_agreement',
        type: 'string',
        nullable: true,
        values: AGREEMENTS,
        doc: 'How the predicted body part stands to the header.',
      },
      {
        name: 'axis_agreement',
        type: 'string',
        nullable: true,
        values: AGREEMENTS,
        doc: 'How the predicted axis stands to the header.',
      },
      {
        name: 'contrast_agreement',
        type: 'string',
        nullable: true,
        values: AGREEMENTS,
        doc: 'How the predicted contrast stands to the header.',
      },
      {
        name: 'tensor_sha256',
        type: 'string',
        nullable: true,
        doc: 'SHA-256 of the model input, of its defaced form where the face was taken out.',
      },
      {
        name: 'bundle',
        type: 'string',
        nullable: true,
        doc: 'Model bundle that made the predictions, as NAME@VERSION.',
      },
      {
        name: 'header_kernel_class',
        type: 'string',
        nullable: true,
        values: ['soft', 'bone', 'lung'],
        doc: 'Class of the reconstruction kernel that the header claims.',
      },
      {
        name: 'header_phase',
        type: 'string',
        nullable: true,
        values: ['non-contrast', 'arterial', 'portal-venous', 'delayed'],
        doc: 'Contrast phase that the header claims.',
      },
      {
        name: 'tensor_mean',
        type: 'double',
        nullable: true,
        doc: 'Mean grey level of the model input, 0 to 255.',
      },
      {
        name: 'tensor_air_fraction',
        type: 'double',
        nullable: true,
        doc: 'Share of the model input at the lower end of the window.',
      },
      {
        name: 'tensor_saturated_fraction',
        type: 'double',
        nullable: true,
        doc: 'Share of the model input at the upper end of the window.',
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
        name: 'slice_gap_positions_mm',
        type: 'list<double>',
        nullable: true,
        doc: 'Where the missing slices would lie, as distances from the first slice, mm; null where the spacing is irregular otherwise too.',
      },
      {
        name: 'slice_spacing_min_mm',
        type: 'double',
        nullable: true,
        doc: 'Smallest step between slices, mm.',
      },
      {
        name: 'slice_spacing_max_mm',
        type: 'double',
        nullable: true,
        doc: 'Largest step between slices, mm.',
      },
      {
        name: 'slice_spacing_runs_mm',
        type: 'list<double>',
        nullable: true,
        doc: 'Steps between slices in their order, equal ones in a row named once, mm: one number where the spacing is regular.',
      },
      {
        name: 'slice_spacing_run_steps',
        type: 'list<double>',
        nullable: true,
        doc: 'How many steps each of these stands for.',
      },
      { name: 'slice_thickness_mm', type: 'double', nullable: true, doc: 'Median of Slice Thickness, mm.' },
      {
        name: 'slice_overlap_mm',
        type: 'double',
        nullable: true,
        doc: 'Slice thickness less spacing, mm: positive where neighbours overlap, negative where something lies between them.',
      },
      {
        name: 'rescale_mixed',
        type: 'boolean',
        nullable: true,
        doc: 'Whether slices differ in Rescale Slope or Intercept; each is read with its own.',
      },
      {
        name: 'frame_of_reference_count',
        type: 'int32',
        nullable: true,
        doc: 'Number of frames of reference that the slices name; more than one where the slices fit together all the same.',
      },
      {
        name: 'in_plane_rotation_deg',
        type: 'double',
        nullable: true,
        doc: 'Clockwise turn of rows and columns against the usual view of the plane, degrees, after a mirrored matrix is put right; 180 for feet first or prone.',
      },
      {
        name: 'matrix_mirrored',
        type: 'boolean',
        nullable: true,
        doc: 'Whether rows and columns are the mirror image of the usual view.',
      },
      {
        name: 'pass_number',
        type: 'int32',
        nullable: true,
        doc: 'Which of several passes over the same positions the unit is, from 1 in their order; null when there is one.',
      },
      { name: 'pass_count', type: 'int32', nullable: true, doc: 'How many passes there are.' },
      {
        name: 'pass_evidence',
        type: 'string',
        nullable: true,
        values: [
          'temporal-position',
          'trigger-time',
          'acquisition-number',
          'acquisition-time',
          'content-time',
          'instance-number',
        ],
        doc: 'What told the passes apart. Of times only the order is used.',
      },
      {
        name: 'removed_slice_count',
        type: 'int32',
        nullable: true,
        doc: 'Slices taken out of the stack: odd ones, and others at a taken position; null in units without geometry.',
      },
      {
        name: 'recognizable_visual_features',
        type: 'boolean',
        nullable: true,
        doc: 'Whether a rendering of the source may show a face: by predicted body part, second guess, header, or a skull in the pixels; null where nothing tells.',
      },
      {
        name: 'defaced',
        type: 'boolean',
        nullable: true,
        doc: 'Whether the face was taken out of the published pixels (`faces: deface`); null in units without labels.',
      },
    ],
  },
  labels: {
    doc: 'One row for every classified series unit and task, with all scores.',
    key: ['series_unit', 'task'],
    columns: [
      { name: 'series_unit', type: 'string', nullable: false, doc: 'Key of the series unit.' },
      { name: 'task', type: 'string', nullable: false, values: TASKS, doc: 'Classification task.' },
      { name: 'label', type: 'string', nullable: false, doc: 'The most probable label.' },
      {
        name: 'score',
        type: 'float',
        nullable: false,
        doc: 'Calibrated probability of `label`; the same number as in `scores`.',
      },
      { name: 'second_label', type: 'string', nullable: false, doc: 'The second most probable label.' },
      { name: 'second_score', type: 'float', nullable: false, doc: 'Calibrated probability of it.' },
      {
        name: 'scores',
        type: 'list<float>',
        nullable: false,
        doc: "Calibrated probabilities of all labels, in the bundle's label order; they sum to 1.",
      },
      {
        name: 'logits',
        type: 'list<float>',
        nullable: false,
        doc: "The network's outputs before softmax and calibration, rounded to 1e-4, in the same order.",
      },
      { name: 'bundle', type: 'string', nullable: false, doc: 'Model bundle, as NAME@VERSION.' },
      {
        name: 'bundle_sha256',
        type: 'string',
        nullable: false,
        doc: "Digest of the bundle's card, which holds the digests of its files.",
      },
    ],
  },
  reviews: REVIEWS_TABLE,
  retrievals: RETRIEVALS_TABLE,
} as const satisfies Record<string, TableDeclaration>;
