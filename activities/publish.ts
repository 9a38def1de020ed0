/** publish: the rows of a batch, and its files under their final names. */
import fs from 'node:fs';
import path from 'node:path';
import type { InstanceRow, LabelRow, SeriesRow } from '../manifest/schema.ts';
import { buildRows, type DefacedUnit, listFaces, type UnitOutcome } from '../stages/publish/build-rows.ts';
import { tensorPathOf, thumbnailPathOf } from '../stages/publish/output-paths.ts';
import type { DefacingRefusal } from '../stages/publish/plan-defacing.ts';
import type { StageContext } from './context.ts';
import { defacedName, defaceUnit } from './deface.ts';
import { batchKeyOf } from './deidentify.ts';
import { StageFailure } from './failures.ts';
import { readGroups, readRecords } from './group.ts';
import { InstanceFiles } from './instances.ts';
import { flushFolder } from './store/atomic.ts';
import { placeOfRun, SourceReader } from './store/sources.ts';
import { indexBySopInstance, labelsOf, locateTensor, locateThumbnail, readUnit } from './units.ts';

/** A published file, relative to the output folder. */
export interface PublishedFile {
  path: string;
  bytes: number;
}

/** The rows of a finished batch; the manifest is made of these alone. */
export interface BatchRows {
  batchKey: string;
  instances: InstanceRow[];
  series: SeriesRow[];
  labels: LabelRow[];
  outputs: PublishedFile[];
}

/** Names a bundle in rows. */
export interface BundleReference {
  name: string;
  version: string;
  sha256: string;
}

/** Counts by disposition, for progress. */
export type DispositionCounts = Record<string, number>;

/** Publishes a batch: files first, rows last, so that rows never speak of a file that is not there. */
export async function publishBatch(
  context: StageContext,
  batch: number,
  bundle: BundleReference,
): Promise<{ instances: DispositionCounts; series: DispositionCounts }> {
  const { files, pipeline } = context;
  const { units, verdicts } = readGroups(context, batch);
  const records = readRecords(context, batch);
  const outcomes = new Map<string, UnitOutcome>();
  for (const unit of units) {
    if (unit.disposition !== 'kept') continue;
    const result = readUnit(context, unit.seriesUnit);
    if (result === null) throw new StageFailure('batch-missing', 'transient', 'A unit has no result.');
    if (result.tensor.reason !== null) {
      outcomes.set(unit.seriesUnit, { reason: result.tensor.reason });
      continue;
    }
    const labels = labelsOf(result, bundle.sha256);
    if (labels === null) throw new StageFailure('batch-missing', 'transient', 'A unit has no labels.');
    outcomes.set(unit.seriesUnit, { reason: null, tensor: result.tensor, ...labels });
  }
  const sources = { records, verdicts, units, outcomes, bundle, pipeline };
  const defaced = new Map<string, DefacedUnit | DefacingRefusal>();
  const outputs: PublishedFile[] = [];
  const reader = new SourceReader(placeOfRun(files));
  let rows: ReturnType<typeof buildRows>;
  try {
    const instances = new InstanceFiles(context, batch, reader);
    const index = indexBySopInstance(records);
    for (const unit of listFaces(sources)) {
      const { tensor } = readUnit(context, unit.seriesUnit)!;
      if (tensor.reason === null)
        defaced.set(unit.seriesUnit, await defaceUnit(context, instances, unit, index, tensor));
    }
    rows = buildRows({ ...sources, defaced });
    for (const row of pipeline.publish.dicom ? rows.instances : []) {
      if (row.output_path === null) continue;
      const record = records.get(row.source_key)!;
      const withoutFace = files.stagedInstance(defacedName(row.source_key));
      if (typeof defaced.get(row.series_unit ?? '') === 'object') {
        const { size } = fs.statSync(withoutFace);
        outputs.push(moveInto(files.published(row.output_path), row.output_path, withoutFace, size));
        continue;
      }
      const located = await instances.locate(record);
      outputs.push(moveInto(files.published(row.output_path), row.output_path, located, record.outputBytes!));
    }
  } finally {
    reader.close();
  }
  for (const row of rows.series) {
    const { series_unit: seriesUnit } = row;
    const tensor = readUnit(context, seriesUnit)?.tensor;
    if (row.disposition !== 'kept' || tensor === undefined || tensor.reason !== null) continue;
    const isDefaced = typeof defaced.get(seriesUnit) === 'object';
    const name = defacedName(seriesUnit);
    if (pipeline.publish.thumbnails) {
      const place = isDefaced ? files.stagedThumbnail(name) : locateThumbnail(context, seriesUnit, tensor);
      outputs.push(publishUnitFile(context, place, thumbnailPathOf(seriesUnit)));
    }
    if (pipeline.publish.tensors) {
      const place = isDefaced ? files.stagedTensor(name) : locateTensor(context, seriesUnit, tensor);
      outputs.push(publishUnitFile(context, place, tensorPathOf(seriesUnit)));
    } else fs.rmSync(files.stagedTensor(seriesUnit), { force: true });
  }
  for (const folder of new Set(outputs.map((output) => path.dirname(files.published(output.path)))))
    flushFolder(folder);

  files.writeJson(files.names.rows(batch), {
    batchKey: batchKeyOf(context, batch, bundle.sha256),
    ...rows,
    outputs,
  } satisfies BatchRows);
  for (const record of records.values()) fs.rmSync(files.stagedInstance(record.sourceKey), { force: true });
  return { instances: countDispositions(rows.instances), series: countDispositions(rows.series) };
}

export function countDispositions(rows: readonly { disposition: string }[]): DispositionCounts {
  const counts: DispositionCounts = {};
  for (const { disposition } of rows) counts[disposition] = (counts[disposition] ?? 0) + 1;
  return counts;
}

function publishUnitFile(context: StageContext, source: string | null, relative: string): PublishedFile {
  if (source === null) throw new StageFailure('batch-missing', 'transient', 'A file of a unit is missing.');
  return moveInto(context.files.published(relative), relative, source, fs.statSync(source).size);
}

/** Renames a staged file to its final name; a file that is there already stays. Flushed before it gets its name. */
function moveInto(target: string, relative: string, source: string, bytes: number): PublishedFile {
  if (source !== target) {
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const descriptor = fs.openSync(source, 'r');
    try {
      fs.fdatasyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(source, target);
  }
  return { path: relative, bytes };
}
