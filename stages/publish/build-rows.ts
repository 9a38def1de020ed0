/** Rows of the manifest from what the stages found out. Pure: the same records give the same rows. */
import type { InstanceRow, LabelRow, SeriesRow } from '../../manifest/schema.ts';
import type { Task } from '../../models/labels.ts';
import type { TaskPrediction } from '../../models/scores.ts';
import type { Pipeline } from '../../pipelines/schema.ts';
import type { InputReason } from '../classify/judge-input.ts';
import { type Agreement, compareEvidence, reviewReasons } from '../group/agreement.ts';
import type { TensorStatistics } from '../preprocess/tensor-statistics.ts';
import { dispositionOf, type Reason } from '../reasons.ts';
import type { InstanceRecord, InstanceVerdict, SeriesUnit } from '../records.ts';
import { type RuleName, ruleOfReason } from '../rules.ts';
import { instanceOutputPath } from './output-paths.ts';
import type { DefacingRefusal } from './plan-defacing.ts';
import { listSeriesWithText, showsFace, withholdUnit } from './withhold-unit.ts';

/** What preprocess and classify made of a kept unit: labels, or the reason why there are none. */
export type UnitOutcome =
  | { reason: Reason; evidence?: DefacingRefusal }
  | {
      reason: null;
      tensor: { sha256: string; statistics: TensorStatistics; head: boolean | null };
      predictions: readonly TaskPrediction[];
      inputReasons: readonly InputReason[];
      acceptFrom: Readonly<Partial<Record<Task, number>>>;
    };

export interface RowSources {
  records: ReadonlyMap<string, InstanceRecord>;
  verdicts: readonly InstanceVerdict[];
  units: readonly SeriesUnit[];
  /** One for every kept unit. */
  outcomes: ReadonlyMap<string, UnitOutcome>;
  bundle: { name: string; version: string; sha256: string };
  pipeline: Pipeline;
  /** What became of the faces of kept units, where the pipeline wants them taken out. */
  defaced?: ReadonlyMap<string, DefacedUnit | DefacingRefusal>;
}

/** What is published of an instance without its face. */
export interface DefacedInstance {
  sopInstanceUid: string;
  transferSyntaxUid: string;
  outputSha256: string;
}

/** A unit without its face. */
export interface DefacedUnit {
  tensorSha256: string;
  /** By source key. */
  instances: ReadonlyMap<string, DefacedInstance>;
}

/** Kept units whose faces are to be taken out: those that may show one and go out otherwise. */
export function listFaces(sources: RowSources): SeriesUnit[] {
  const faces = describeFaces(sources);
  const { pipeline, records, outcomes } = sources;
  if (pipeline.deidentify.faces !== 'deface') return [];
  const policy = { faces: 'keep', seriesWithText: listSeriesWithText(records.values()) } as const;
  return sources.units.filter((unit) => {
    const face = faces.get(unit.seriesUnit) ?? null;
    const isKept = outcomes.get(unit.seriesUnit)?.reason === null;
    return isKept && face !== false && withholdUnit(unit, face, policy) === null;
  });
}

/** All rows of a batch, each table in order of its key. A unit without labels takes its instances with it. */
export function buildRows(sources: RowSources): {
  instances: InstanceRow[];
  series: SeriesRow[];
  labels: LabelRow[];
} {
  const { units, verdicts } = sources;
  const faces = describeFaces(sources);
  const outcomes = withholdOutcomes(sources, faces);
  const judged = { ...sources, outcomes };
  const slices = slicesOfUnits(units);
  const instances = verdicts.map((verdict) => {
    const outcome = verdict.disposition === 'kept' ? outcomes.get(verdict.seriesUnit ?? '') : undefined;
    const failed = outcome === undefined || outcome.reason === null ? null : outcome.reason;
    const final: InstanceVerdict =
      failed === null
        ? verdict
        : { ...verdict, reason: failed, disposition: dispositionOf(failed), ...findingOfPixels(outcome!) };
    return buildInstanceRow(judged, final, slices);
  });
  const series = units.map((unit) => buildSeriesRow(judged, unit, faces.get(unit.seriesUnit) ?? null));
  const labels = units.flatMap((unit) => buildLabelRows(judged, unit));
  return {
    instances: instances.sort((a, b) => compare(a.source_key, b.source_key)),
    series: series.sort((a, b) => compare(a.series_unit, b.series_unit)),
    labels: labels.sort((a, b) => compare(a.series_unit, b.series_unit) || compare(a.task, b.task)),
  };
}

/** Of every unit, whether it shows a face; null where nothing tells. */
function describeFaces({
  units,
  outcomes,
}: Pick<RowSources, 'units' | 'outcomes'>): Map<string, boolean | null> {
  return new Map(
    units.map(({ seriesUnit, evidence }) => {
      const outcome = outcomes.get(seriesUnit);
      const predictions = outcome?.reason === null ? outcome.predictions : [];
      return [
        seriesUnit,
        showsFace(
          predictions.find(({ task }) => task === 'body_part'),
          evidence,
          outcome?.reason === null ? outcome.tensor.head : null,
        ),
      ];
    }),
  );
}

/** The outcomes, with the units withheld that have labels and yet are not to go out. */
function withholdOutcomes(
  { units, outcomes, records, pipeline, defaced }: RowSources,
  faces: ReadonlyMap<string, boolean | null>,
): Map<string, UnitOutcome> {
  const policy = {
    faces: pipeline.deidentify.faces,
    seriesWithText: listSeriesWithText(records.values()),
  };
  const judged = new Map(outcomes);
  for (const unit of units) {
    if (judged.get(unit.seriesUnit)?.reason !== null) continue;
    const result = defaced?.get(unit.seriesUnit);
    const isDefaced = result !== undefined && typeof result !== 'string';
    const reason = withholdUnit(unit, faces.get(unit.seriesUnit) ?? null, policy, isDefaced);
    if (reason === null) continue;
    judged.set(unit.seriesUnit, typeof result === 'string' ? { reason, evidence: result } : { reason });
  }
  return judged;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What preprocess found in pixels, as a rule. */
function findingOfPixels(outcome: UnitOutcome): { rule: RuleName; ruleEvidence: string[] } {
  const reason = outcome.reason!;
  if (reason === 'recognizable-face') {
    const why = 'evidence' in outcome ? [`deface=${outcome.evidence}`] : [];
    return { rule: ruleOfReason(reason), ruleEvidence: ['pixels=decoded', ...why] };
  }
  const isText = reason === 'burned-in-annotation' || reason === 'text-page';
  return { rule: ruleOfReason(reason), ruleEvidence: isText ? ['pixels=letters'] : ['pixels=decoded'] };
}

interface SlicePlace {
  index: number;
  positionMm: number;
}

/** The first slice of each instance in each unit that has a geometry. */
function slicesOfUnits(units: readonly SeriesUnit[]): Map<string, SlicePlace> {
  const places = new Map<string, SlicePlace>();
  for (const unit of units) {
    if (unit.consistency === null) continue;
    unit.slices.forEach(({ sopInstanceUid, positionMm }, index) => {
      const key = `${unit.seriesUnit}|${sopInstanceUid}`;
      if (!places.has(key)) places.set(key, { index, positionMm });
    });
  }
  return places;
}

function buildInstanceRow(
  sources: RowSources,
  verdict: InstanceVerdict,
  slices: ReadonlyMap<string, SlicePlace>,
): InstanceRow {
  const place = slices.get(`${verdict.seriesUnit}|${sources.records.get(verdict.sourceKey)?.sopInstanceUid}`);
  const record = sources.records.get(verdict.sourceKey)!;
  const { patientId, studyInstanceUid, seriesInstanceUid } = record;
  const unit = verdict.disposition === 'kept' ? sources.defaced?.get(verdict.seriesUnit ?? '') : undefined;
  const written = (typeof unit === 'object' ? unit.instances.get(verdict.sourceKey) : undefined) ?? record;
  const { sopInstanceUid } = written;
  const isPublished = verdict.disposition === 'kept' && sources.pipeline.publish.dicom;
  const identified = patientId && studyInstanceUid && seriesInstanceUid && sopInstanceUid;
  return {
    source_key: record.sourceKey,
    source_bytes: record.sourceBytes,
    source_digest: record.sourceDigest,
    disposition: verdict.disposition,
    reason: verdict.reason,
    patient_id: patientId,
    study_instance_uid: studyInstanceUid,
    series_instance_uid: seriesInstanceUid,
    sop_instance_uid: sopInstanceUid,
    series_unit: verdict.seriesUnit,
    sop_class_uid: record.sopClassUid,
    transfer_syntax_uid: written.transferSyntaxUid,
    instance_number: record.instanceNumber,
    image_position_patient: record.image?.frames[0]?.imagePositionPatient ?? null,
    output_path:
      isPublished && identified
        ? instanceOutputPath({ patientId, studyInstanceUid, seriesInstanceUid, sopInstanceUid })
        : null,
    output_sha256: isPublished ? written.outputSha256 : null,
    frame_count: record.image?.frames.length ?? null,
    rule: verdict.rule,
    rule_evidence: verdict.ruleEvidence,
    slice_index: place?.index ?? null,
    slice_position_mm: place?.positionMm ?? null,
  };
}

function buildSeriesRow(sources: RowSources, unit: SeriesUnit, face: boolean | null): SeriesRow {
  const { bundle, pipeline } = sources;
  const outcome = sources.outcomes.get(unit.seriesUnit);
  const labelled = outcome !== undefined && outcome.reason === null ? outcome : null;
  const result = sources.defaced?.get(unit.seriesUnit);
  const defaced = typeof result === 'object' ? result : null;
  const of = (task: TaskPrediction['task']) =>
    labelled?.predictions.find((prediction) => prediction.task === task);
  const [bodyPart, axis, contrast] = [of('body_part'), of('axis'), of('contrast')];
  const { evidence } = unit;
  const agreement = {
    body_part: agreementOf(bodyPart, evidence?.bodyPart),
    axis: agreementOf(axis, evidence?.axis),
    contrast: agreementOf(contrast, evidence?.contrast),
  };
  const reasons =
    labelled === null
      ? null
      : reviewReasons({
          // A bundle need not have every task: what it does not claim needs no review.
          scores: { body_part: bodyPart?.score ?? 1, axis: axis?.score ?? 1, contrast: contrast?.score ?? 1 },
          reviewBelow: pipeline.classify.review_below,
          acceptFrom: labelled.acceptFrom,
          inputReasons: labelled.inputReasons,
          agreement: {
            body_part: agreement.body_part ?? 'header-silent',
            axis: agreement.axis ?? 'header-silent',
            contrast: agreement.contrast ?? 'header-silent',
          },
          axis: axis?.label ?? unit.axisGeometry ?? '',
          axisGeometry: unit.axisGeometry,
          sliceSpacingRegular: unit.sliceSpacingRegular,
          sliceGapCount: unit.sliceGapCount,
        });
  const disposition = outcome?.reason ? dispositionOf(outcome.reason) : unit.disposition;
  return {
    series_unit: unit.seriesUnit,
    patient_id: unit.patientId,
    study_instance_uid: unit.studyInstanceUid,
    series_instance_uid: unit.seriesInstanceUid,
    modality: unit.modality,
    instance_count: unit.instanceCount,
    disposition,
    reason: outcome?.reason ?? unit.reason,
    rows: unit.rows,
    columns: unit.columns,
    pixel_spacing_mm: unit.pixelSpacingMm,
    slice_spacing_mm: unit.sliceSpacingMm,
    slice_spacing_regular: unit.sliceSpacingRegular,
    slice_gap_count: unit.sliceGapCount,
    gantry_tilt_deg: unit.gantryTiltDeg,
    image_orientation_patient: unit.imageOrientationPatient,
    axis_geometry: unit.axisGeometry,
    coverage_mm: unit.coverageMm,
    manufacturer: unit.manufacturer,
    manufacturer_model_name: unit.manufacturerModelName,
    convolution_kernel: unit.convolutionKernel,
    kvp: unit.kvp,
    body_part_header: evidence?.bodyPart ?? null,
    axis_header: evidence?.axis ?? null,
    contrast_header: evidence?.contrast ?? null,
    body_part: bodyPart?.label ?? null,
    axis: (axis?.label ?? null) as SeriesRow['axis'],
    contrast: (contrast?.label ?? null) as SeriesRow['contrast'],
    body_part_score: bodyPart?.score ?? null,
    axis_score: axis?.score ?? null,
    contrast_score: contrast?.score ?? null,
    needs_review: reasons === null ? null : reasons.length > 0,
    review_reasons: reasons,
    body_part_agreement: agreement.body_part,
    axis_agreement: agreement.axis,
    contrast_agreement: agreement.contrast,
    tensor_sha256: labelled === null ? null : (defaced?.tensorSha256 ?? labelled.tensor.sha256),
    bundle: labelled === null ? null : `${bundle.name}@${bundle.version}`,
    header_kernel_class: evidence?.kernelClass ?? null,
    header_phase: evidence?.phase ?? null,
    tensor_mean: labelled?.tensor.statistics.mean ?? null,
    tensor_air_fraction: labelled?.tensor.statistics.airFraction ?? null,
    tensor_saturated_fraction: labelled?.tensor.statistics.saturatedFraction ?? null,
    ...buildConsistencyColumns(unit, outcome),
    recognizable_visual_features: face,
    defaced: labelled === null ? null : defaced !== null,
  };
}

function buildConsistencyColumns(unit: SeriesUnit, outcome: UnitOutcome | undefined) {
  const { consistency, pass } = unit;
  const failed = outcome === undefined || outcome.reason === null ? null : findingOfPixels(outcome);
  return {
    rule: failed?.rule ?? unit.rule,
    rule_evidence: failed?.ruleEvidence ?? unit.ruleEvidence,
    slice_gap_positions_mm: consistency?.gapPositionsMm ?? null,
    slice_spacing_min_mm: consistency?.spacingMinMm ?? null,
    slice_spacing_max_mm: consistency?.spacingMaxMm ?? null,
    slice_spacing_runs_mm: consistency?.spacingRuns.map(({ spacingMm }) => spacingMm) ?? null,
    slice_spacing_run_steps: consistency?.spacingRuns.map(({ steps }) => steps) ?? null,
    slice_thickness_mm: consistency?.sliceThicknessMm ?? null,
    slice_overlap_mm: consistency?.sliceOverlapMm ?? null,
    rescale_mixed: consistency?.rescaleMixed ?? null,
    frame_of_reference_count: consistency?.frameOfReferenceCount ?? null,
    in_plane_rotation_deg: consistency?.inPlaneRotationDeg ?? null,
    matrix_mirrored: consistency?.matrixMirrored ?? null,
    pass_number: pass?.number ?? null,
    pass_count: pass?.count ?? null,
    pass_evidence: pass?.by ?? null,
    removed_slice_count: consistency === null ? null : unit.removedSliceCount,
  } satisfies Partial<SeriesRow>;
}

function agreementOf(
  prediction: TaskPrediction | undefined,
  header: string | null | undefined,
): Agreement | null {
  return prediction === undefined ? null : compareEvidence(prediction.task, header ?? null, prediction.label);
}

function buildLabelRows(sources: RowSources, unit: SeriesUnit): LabelRow[] {
  const outcome = sources.outcomes.get(unit.seriesUnit);
  if (outcome === undefined || outcome.reason !== null) return [];
  const { bundle } = sources;
  return outcome.predictions.map((prediction) => ({
    series_unit: unit.seriesUnit,
    task: prediction.task,
    label: prediction.label,
    score: prediction.score,
    second_label: prediction.secondLabel,
    second_score: prediction.secondScore,
    scores: [...prediction.scores],
    logits: [...prediction.logits],
    bundle: `${bundle.name}@${bundle.version}`,
    bundle_sha256: bundle.sha256,
    accept_from: outcome.acceptFrom[prediction.task] ?? null,
  }));
}
