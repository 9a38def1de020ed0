/** An output folder of a run with any number of series, made without a run. */
import fs from 'node:fs';
import path from 'node:path';
import { PNG } from 'pngjs';
import type { RunDocument } from '../../../activities/run-document.ts';
import type { InstanceRow, LabelRow, SeriesRow } from '../../../manifest/schema.ts';
import { writeTable } from '../../../manifest/write.ts';
import { LABELS } from '../../../models/labels.ts';
import { pipelineSchema } from '../../../pipelines/schema.ts';
import { makeInstanceRows, makeRandom, makeSeriesRow } from '../../manifest/rows.ts';

const DIGEST = 'c'.repeat(64);
const SCANNERS = [
  ['GE MEDICAL SYSTEMS', 'LightSpeed VCT'],
  ['SIEMENS', 'Sensation 64'],
  ['other', '<script>alert(1)</script>"\'&'],
] as const;

/**
 * Writes manifest, run.json and thumbnails of noise (the worst that PNG can be asked to hold) for `units` series.
 * @returns run.json
 */
export async function makeSyntheticRun(folder: string, units: number): Promise<RunDocument> {
  const random = makeRandom(9);
  const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)]!;
  const series: SeriesRow[] = [];
  const labels: LabelRow[] = [];
  const instances: InstanceRow[] = [];
  const [template] = makeInstanceRows(1);
  const addFile = (fields: Partial<InstanceRow>): void => {
    const source_key = instances.length.toString(16).padStart(32, '0');
    instances.push({ ...template!, output_path: null, source_bytes: 1000, ...fields, source_key });
  };
  for (let u = 0; u < units; u += 1) {
    const unit = `su${u.toString(16).padStart(24, '0')}`;
    const isKept = u % 10 !== 9;
    const [manufacturer, model] = pick(SCANNERS);
    const scores = [0.3 + 0.7 * random(), 0.3 + 0.7 * random(), 0.5 + 0.5 * random()].map(Math.fround);
    const [bodyPart, axis, contrast] = [pick(LABELS.body_part), pick(LABELS.axis), pick(LABELS.contrast)];
    const agreement = () => pick(['agree', 'agree', 'refine', 'conflict', 'header-silent'] as const);
    const needsReview = scores[0]! < 0.6;
    const predicted = isKept
      ? {
          body_part: bodyPart,
          axis,
          contrast,
          body_part_score: scores[0]!,
          axis_score: scores[1]!,
          contrast_score: scores[2]!,
        }
      : {
          body_part: null,
          axis: null,
          contrast: null,
          body_part_score: null,
          axis_score: null,
          contrast_score: null,
        };
    series.push(
      makeSeriesRow(unit, {
        ...predicted,
        patient_id: `P${u % Math.ceil(units / 3)}`,
        study_instance_uid: `2.25.${u % Math.ceil(units / 2)}`,
        disposition: isKept ? 'kept' : 'excluded',
        reason: isKept ? null : pick(['localizer', 'too-few-slices'] as const),
        manufacturer,
        manufacturer_model_name: model,
        body_part_header: pick([null, ...LABELS.body_part]),
        body_part_agreement: agreement(),
        axis_agreement: agreement(),
        contrast_agreement: agreement(),
        slice_spacing_mm: pick([0.6, 1, 2, 5, 8, null]),
        slice_gap_count: u % 50 === 0 ? 2 : 0,
        needs_review: isKept ? needsReview : null,
        review_reasons: isKept && needsReview ? ['low-score-body_part'] : [],
      }),
    );
    for (let slice = 0; slice < 2; slice += 1) {
      addFile({
        disposition: isKept ? 'kept' : 'excluded',
        reason: isKept ? null : 'localizer',
        series_unit: unit,
        output_path: isKept ? `dicom/P${u}/2.25.${u}/2.25.${u}/2.25.${u}.${slice}.dcm` : null,
      });
    }
    if (!isKept) continue;
    const tasks = [
      ['axis', axis],
      ['body_part', bodyPart],
      ['contrast', contrast],
    ] as const;
    for (const [t, [task, label]] of tasks.entries()) {
      const score = scores[[1, 0, 2][t]!]!;
      labels.push({
        ...{ series_unit: unit, task, label, score, second_label: 'other', second_score: 0 },
        ...{ scores: [score], logits: [0], bundle: 'starter@1.0.0', bundle_sha256: DIGEST },
        accept_from: null,
      });
    }
  }
  for (const reason of ['not-dicom', 'truncated', 'truncated'] as const)
    addFile({ disposition: 'unreadable', reason });
  addFile({ disposition: 'quarantined', reason: 'burned-in-annotation' });
  addFile({ disposition: 'duplicate', reason: 'duplicate-instance' });

  const tables = { instances, series, labels };
  const manifest: RunDocument['manifest'] = [];
  for (const [table, rows] of Object.entries(tables)) {
    const relative = `manifest/${table}/part-00000.parquet`;
    fs.mkdirSync(path.join(folder, path.dirname(relative)), { recursive: true });
    const written = await writeTable(path.join(folder, relative), table as 'series', rows as SeriesRow[], {
      pipelineDigest: DIGEST,
    });
    manifest.push({ path: relative, bytes: written.bytes, rows: written.rows, sha256: written.sha256 });
  }
  writeThumbnails(folder, series);
  const run: RunDocument = {
    schema_version: 1,
    serieswise_version: '0.0.0-test',
    pipeline_digest: DIGEST,
    pipeline: pipelineSchema.parse({ name: 'synthetic-run' }),
    bundle: { name: 'starter', version: '1.0.0', sha256: DIGEST, files: { 'starter.onnx': DIGEST } },
    step_versions: { deidentify: 1 },
    ledger: {
      files_seen: instances.length,
      bytes_seen: 1000 * instances.length,
      archives_opened: 0,
      links_skipped: 0,
      instances: {},
      instance_reasons: {},
      series: { kept: units },
      series_reasons: {},
      needs_review: 0,
      labels: {},
    },
    manifest,
    outputs: { files: 1, bytes: 1 },
    started_at: '2024-01-01T00:00:00.000Z',
    finished_at: '2024-01-01T01:02:03.000Z',
    host: { name: 'zz-host-name', platform: 'linux', arch: 'x64', node: 'v20.0.0' },
  };
  fs.writeFileSync(path.join(folder, 'run.json'), JSON.stringify(run));
  return run;
}

/** One picture of noise under many names. */
function writeThumbnails(folder: string, series: readonly SeriesRow[]): void {
  const random = makeRandom(3);
  const png = new PNG({ width: 384, height: 128 });
  png.data = Buffer.from(Uint8Array.from({ length: 384 * 128 }, () => Math.floor(random() * 256)));
  const bytes = PNG.sync.write(png, { colorType: 0, inputColorType: 0, inputHasAlpha: false, bitDepth: 8 });
  fs.mkdirSync(path.join(folder, 'thumbnails'));
  // A file system allows a file some 65,000 names.
  let first = '';
  for (const [index, { series_unit: unit, disposition }] of series.entries()) {
    const file = path.join(folder, 'thumbnails', `${unit}.png`);
    if (index % 30_000 === 0) {
      first = file;
      fs.writeFileSync(first, bytes);
    } else if (disposition === 'kept') fs.linkSync(first, file);
  }
}
