/** preprocess: a unit's de-identified slices to the model's input. Reads the slices that it needs and no other. */

import { createHash } from 'node:crypto';
import { DicomError } from '../dicom/errors.ts';
import { loadCodec } from '../dicom/pixels.ts';
import { excludesPages } from '../stages/group/options.ts';
import { hasBurnedInText } from '../stages/preprocess/burned-in-text.ts';
import { findHead, HEAD_CELL_MM, tissueValues } from '../stages/preprocess/find-head.ts';
import { encodeNpy } from '../stages/preprocess/npy.ts';
import { buildPatientGrid, geometryOfTensor, type StackGeometry } from '../stages/preprocess/patient-grid.ts';
import { looksLikeBurnedInText, looksLikeTextPage } from '../stages/preprocess/pixel-evidence.ts';
import {
  PreprocessError,
  type Resampler,
  sourceSlicesNeeded,
} from '../stages/preprocess/preprocess-volume.ts';
import { describeTensor } from '../stages/preprocess/tensor-statistics.ts';
import { renderThumbnail } from '../stages/preprocess/thumbnail.ts';
import type { Reason } from '../stages/reasons.ts';
import type { ImageDescription, InstanceRecord, SeriesUnit } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { readGroups, readRecords } from './group.ts';
import { InstanceFiles } from './instances.ts';
import { type ReadSlice, SliceReader } from './slice-reader.ts';
import { stagedNames } from './store/run-files.ts';
import { placeOfRun, SourceReader } from './store/sources.ts';
import { workAhead } from './store/work-ahead.ts';
import {
  geometryOfUnit,
  indexBySopInstance,
  locateTensor,
  locateThumbnail,
  type MadeTensor,
  readUnit,
  recordOfSlice,
  type TensorResult,
  tensorKeyOf,
  writeUnit,
} from './units.ts';

/** Preprocesses the pending units `from` (inclusive) to `to` (exclusive) of a batch. */
export async function preprocessUnits(
  context: StageContext,
  resampler: Resampler,
  batch: number,
  from: number,
  to: number,
): Promise<void> {
  const { units, pending } = await readGroups(context, batch);
  const records = await readRecords(context, batch);
  const index = indexBySopInstance(records);
  const byKey = new Map(units.map((unit) => [unit.seriesUnit, unit]));
  const reader = new SourceReader(placeOfRun(context));
  try {
    const instances = new InstanceFiles(context, batch, reader);
    for (const seriesUnit of pending.slice(from, to)) {
      const unit = byKey.get(seriesUnit);
      if (unit === undefined) continue;
      const tensorKey = tensorKeyOf(context, unit, index);
      const before = await readUnit(context, seriesUnit);
      const isSame = before?.tensorKey === tensorKey;
      const labels = isSame ? before.labels : {};
      // A new bundle needs new labels, not a new tensor, where the old one was kept.
      if (isSame && before.tensor.reason === null && (await hasTensor(context, seriesUnit, before.tensor)))
        continue;
      const tensor = await preprocessUnit(context, resampler, instances, unit, index).finally(() =>
        instances.forget(),
      );
      await writeUnit(context, seriesUnit, { tensorKey, tensor, labels });
    }
  } finally {
    reader.close();
  }
}

async function hasTensor(context: StageContext, seriesUnit: string, tensor: MadeTensor): Promise<boolean> {
  const { thumbnails } = context.pipeline.publish;
  return (
    (await locateTensor(context, seriesUnit, tensor)) !== null &&
    (!thumbnails || (await locateThumbnail(context, seriesUnit, tensor)) !== null)
  );
}

async function preprocessUnit(
  context: StageContext,
  resampler: Resampler,
  instances: InstanceFiles,
  unit: SeriesUnit,
  index: ReadonlyMap<string, InstanceRecord>,
): Promise<TensorResult> {
  const { output, pipeline } = context;
  const { window_hu: windowHu, shape } = pipeline.preprocess;
  // The resampler reads synchronously; where the needed slices lie, and their codecs, are looked up before.
  const located = new Map<number, { file: string; record: InstanceRecord }>();
  const open = async (slice: number) => {
    const record = recordOfSlice(index, unit.slices[slice]!.sopInstanceUid);
    return { file: await instances.open(record), record };
  };
  const neededSlices = sourceSlicesNeeded(unit.slices.length, shape[0]);
  for await (const [slice, found] of workAhead(neededSlices, output.parallel, open)) {
    located.set(slice, found);
    await loadCodec(found.record.transferSyntaxUid ?? '');
  }
  const first = recordOfSlice(index, unit.slices[0]!.sopInstanceUid).image!;
  // Text is burned into every slice of a series or, rarely, into the first and last: three are looked at.
  const needed = [...located.keys()];
  const lookedAt = new Set([needed[0], needed[needed.length >> 1], needed.at(-1)]);
  let hasText = false;
  let hasOverlay = false;
  let pages = 0;
  // De-identification looked at every native slice; compressed ones are decoded here first.
  const inspectDecoded = (
    { values, bitsUsedAbove }: ReadSlice,
    { rows, columns }: ImageDescription,
  ): void => {
    hasOverlay ||= bitsUsedAbove;
    hasText ||= hasBurnedInText(values, rows, columns);
  };
  let tensor: Uint8Array;
  const slices = new SliceReader();
  try {
    tensor = resampler.preprocessVolume(
      {
        sliceCount: unit.slices.length,
        rows: first.rows,
        columns: first.columns,
        readSlice(slice, destination) {
          const { file, record } = located.get(slice)!;
          const source = slices.read(file, record, unit.slices[slice]!.frame, destination);
          if (record.image!.pixelData.encapsulated) inspectDecoded(source, record.image!);
          if (
            lookedAt.has(slice) &&
            looksLikeBurnedInText(source.values, record.image!.rows, record.image!.columns)
          ) {
            hasText = true;
            if (looksLikeTextPage(source.values, record.image!.rows, record.image!.columns)) pages += 1;
          }
          return source;
        },
      },
      { windowHu, shape },
    );
    // Of long stacks the tensor needs a part alone.
    for (const [slice, { sopInstanceUid, frame }] of unit.slices.entries()) {
      const record = recordOfSlice(index, sopInstanceUid);
      if (located.has(slice) || !record.image!.pixelData.encapsulated) continue;
      await loadCodec(record.transferSyntaxUid ?? '');
      const file = await instances.open(record);
      inspectDecoded(slices.read(file, record, frame, new Uint8Array(0)), record.image!);
    }
  } catch (error) {
    if (error instanceof DicomError)
      return { reason: REASON_OF_PIXEL_ERROR[error.code] ?? 'pixel-data-damaged' };
    if (error instanceof PreprocessError) {
      return { reason: error.code === 'rescale-invalid' ? 'rescale-missing' : 'geometry-inconsistent' };
    }
    throw error;
  } finally {
    slices.close();
  }
  if (pages === lookedAt.size && excludesPages(pipeline.exclude)) return { reason: 'text-page' };
  if (hasText) return { reason: 'burned-in-annotation' };
  if (hasOverlay) return { reason: 'overlay-in-pixels' };
  const npy = encodeNpy(tensor, shape);
  const thumbnail = renderThumbnail(tensor, shape);
  await output.write(stagedNames.tensor(unit.seriesUnit), npy, { flush: false });
  if (pipeline.publish.thumbnails)
    await output.write(stagedNames.thumbnail(unit.seriesUnit), thumbnail, { flush: false });
  return {
    sha256: createHash('sha256').update(npy).digest('hex'),
    bytes: npy.length,
    thumbnailSha256: createHash('sha256').update(thumbnail).digest('hex'),
    statistics: describeTensor(tensor),
    head: showsHead(tensor, shape, windowHu, geometryOfUnit(unit, index)),
    reason: null,
  };
}

function showsHead(
  tensor: Uint8Array,
  shape: [number, number, number],
  windowHu: [number, number],
  geometry: StackGeometry | null,
): boolean | null {
  const values = tissueValues(windowHu);
  if (values === null || geometry === null) return null;
  const grid = buildPatientGrid(tensor, geometryOfTensor(geometry, shape), HEAD_CELL_MM);
  return grid !== null && findHead(grid, values) !== null;
}

const REASON_OF_PIXEL_ERROR: Partial<Record<string, Reason>> = {
  'transfer-syntax-unsupported': 'transfer-syntax-unsupported',
  'pixel-format-unsupported': 'pixel-format-unsupported',
  'pixel-data-missing': 'pixel-data-missing',
  truncated: 'truncated',
};
