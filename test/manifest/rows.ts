import type { InstanceRow, LabelRow, RetrievalRow, ReviewRow, SeriesRow } from '../../manifest/schema.ts';

/** A deterministic source of numbers in [0, 1) for generated rows. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

function hex(random: () => number, digits: number): string {
  let text = '';
  while (text.length < digits) text += Math.floor(random() * 16).toString(16);
  return text;
}

const AWKWARD = [
  'Ünï çödé',
  '日本語 CT',
  '🫀 heart',
  'quote " and, comma',
  "it's",
  '',
  'line\nbreak',
  '\u0000nul',
];

function maybe<Value>(random: () => number, value: Value): Value | null {
  return random() < 0.3 ? null : value;
}

/** Instance rows with nulls, awkward text and extreme numbers in every column that allows them. */
export function makeInstanceRows(count: number, seed = 1): InstanceRow[] {
  const random = makeRandom(seed);
  return Array.from({ length: count }, (_, index) => ({
    source_key: hex(random, 24) + index.toString(16).padStart(8, '0'),
    source_bytes: index === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(random() * 1e12),
    source_digest: maybe(random, hex(random, 64)),
    disposition:
      (['kept', 'excluded', 'duplicate', 'quarantined', 'unreadable'] as const)[index % 5] ?? 'kept',
    reason: maybe(random, 'not-dicom'),
    patient_id: maybe(random, AWKWARD[index % AWKWARD.length] ?? ''),
    study_instance_uid: maybe(random, `2.25.${hex(random, 30).replace(/[a-f]/g, '7')}`),
    series_instance_uid: maybe(random, `2.25.${index}`),
    sop_instance_uid: maybe(random, `2.25.${index}.1`),
    series_unit: maybe(random, `su${hex(random, 24)}`),
    sop_class_uid: '1.2.840.10008.5.1.4.1.1.2',
    transfer_syntax_uid: maybe(random, '1.2.840.10008.1.2.1'),
    instance_number: [null, 0, -(2 ** 31), 2 ** 31 - 1, index][index % 5] ?? null,
    image_position_patient: [null, [], [0.1, -1e-300, 1e300], [index / 3, 0, Math.PI]][index % 4] ?? null,
    output_path: maybe(random, `dicom/${index}.dcm`),
    output_sha256: null,
    frame_count: maybe(random, 1),
    rule: maybe(random, 'odd-stack'),
    rule_evidence: [[], ['slices=2', 'min-slices=5']][index % 2] ?? [],
    slice_index: maybe(random, index),
    slice_position_mm: maybe(random, index * 2.5),
  }));
}

/** One series row; fields as given, the rest plausible. */
export function makeSeriesRow(seriesUnit: string, fields: Partial<SeriesRow> = {}): SeriesRow {
  return {
    series_unit: seriesUnit,
    patient_id: 'P0001',
    study_instance_uid: '2.25.1',
    series_instance_uid: '2.25.2',
    modality: 'CT',
    instance_count: 120,
    disposition: 'kept',
    reason: null,
    rows: 512,
    columns: 512,
    pixel_spacing_mm: [0.703125, 0.703125],
    slice_spacing_mm: 2.5,
    slice_spacing_regular: true,
    slice_gap_count: 0,
    gantry_tilt_deg: null,
    image_orientation_patient: [1, 0, 0, 0, 1, 0],
    axis_geometry: 'axial',
    coverage_mm: 297.5,
    manufacturer: 'other',
    manufacturer_model_name: null,
    convolution_kernel: null,
    kvp: 120,
    body_part_header: null,
    axis_header: null,
    contrast_header: null,
    body_part: 'chest',
    axis: 'axial',
    contrast: 'no',
    body_part_score: 0.9,
    axis_score: 1,
    contrast_score: 0.55,
    needs_review: true,
    review_reasons: ['contrast-score-low', 'Ü🫀'],
    body_part_agreement: 'header-silent',
    axis_agreement: 'header-silent',
    contrast_agreement: 'header-silent',
    tensor_sha256: '0'.repeat(64),
    bundle: 'starter@1.0.0',
    header_kernel_class: 'soft',
    header_phase: null,
    tensor_mean: 61.25,
    tensor_air_fraction: 0.4,
    tensor_saturated_fraction: 0.01,
    rule: null,
    rule_evidence: [],
    slice_gap_positions_mm: [],
    slice_spacing_min_mm: 2.5,
    slice_spacing_max_mm: 2.5,
    slice_spacing_runs_mm: [2.5],
    slice_spacing_run_steps: [119],
    slice_thickness_mm: 3,
    slice_overlap_mm: 0.5,
    rescale_mixed: false,
    frame_of_reference_count: 1,
    in_plane_rotation_deg: 0,
    matrix_mirrored: false,
    pass_number: null,
    pass_count: null,
    pass_evidence: null,
    removed_slice_count: 0,
    recognizable_visual_features: false,
    defaced: false,
    ...fields,
  };
}

/** Label rows of three tasks for each of `count` units. */
export function makeLabelRows(count: number, seed = 2): LabelRow[] {
  const random = makeRandom(seed);
  return Array.from({ length: count }, (_, index) =>
    (['axis', 'body_part', 'contrast'] as const).map((task) => {
      const scores = [random(), random()].map(Math.fround);
      return {
        series_unit: `su${index.toString(16).padStart(24, '0')}`,
        task,
        label: 'no',
        score: scores[0] ?? 0,
        second_label: 'yes',
        second_score: scores[1] ?? 0,
        scores,
        logits: [Math.fround(random() * 20 - 10), Math.fround(-1e-4)],
        bundle: 'starter@1.0.0',
        bundle_sha256: 'f'.repeat(64),
        accept_from: null,
      };
    }),
  ).flat();
}

/** A decision of reader `r1` on unit `su1`; fields as given, the rest plausible. */
export function makeReviewRow(fields: Partial<ReviewRow> = {}): ReviewRow {
  const { reader = 'r1', role = 'reader', sequence = 0 } = fields;
  const stem = role === 'reader' ? reader : `${reader}.${role}`;
  return {
    review: `${stem}-${String(sequence).padStart(8, '0')}`,
    reader,
    role,
    sequence,
    action: 'accept',
    undoes: null,
    series_unit: 'su1',
    tensor_sha256: '0'.repeat(64),
    body_part: 'chest',
    axis: 'axial',
    contrast: 'no',
    bundle: 'starter@1.0.0',
    reviewed_at: '2024-01-01T00:00:00Z',
    reading_ms: 1200,
    ...fields,
  };
}

/** A series that came whole; fields as given. */
export function makeRetrievalRow(fields: Partial<RetrievalRow> = {}): RetrievalRow {
  return {
    request: '0'.repeat(32),
    level: 'series',
    study_instance_uid: '2.25.1',
    series_instance_uid: '2.25.2',
    modality: 'CT',
    outcome: 'complete',
    reason: null,
    announced_count: 3,
    expected_count: 3,
    received_count: 3,
    unlisted_count: 0,
    ...fields,
  };
}
