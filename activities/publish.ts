/** publish: the rows of a batch, and its files under their final names. */
import path from 'node:path';
import type { InstanceRow, LabelRow, SeriesRow } from '../manifest/schema.ts';
import { buildRows, type DefacedUnit, listFaces, type UnitOutcome } from '../stages/publish/build-rows.ts';
import { tensorPathOf, thumbnailPathOf } from '../stages/publish/output-paths.ts';
import type { DefacingRefusal } from '../stages/publish/plan-defacing.ts';
import type { InstanceRecord } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { defacedName, defaceUnit } from './deface.ts';
import { batchKeyOf } from './deidentify.ts';
import { StageFailure } from './failures.ts';
import { readGroups, readRecords } from './group.ts';
import { InstanceFiles } from './instances.ts';
import { stagedNames } from './store/run-files.ts';
import { placeOfRun, SourceReader } from './store/sources.ts';
import { workAhead } from './store/work-ahead.ts';
import {
  indexBySopInstance,
  type LocatedFile,
  labelsOf,
  locateTensor,
  locateThumbnail,
  readUnit,
  type UnitResult,
} from './units.ts';

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

/** Counts by disposition, for progress and metrics. */
export type DispositionCounts = Record<string, number>;

/** Publishes a batch: files first, rows last, so that rows never speak of a file that is not there. */
export async function publishBatch(
  context: StageContext,
  batch: number,
  bundle: BundleReference,
): Promise<{ instances: DispositionCounts; series: DispositionCounts; sourceBytes: DispositionCounts }> {
  const { files, output, pipeline } = context;
  const { units, verdicts } = await readGroups(context, batch);
  const records = await readRecords(context, batch);
  const results = new Map<string, UnitResult>();
  const outcomes = new Map<string, UnitOutcome>();
  for (const unit of units) {
    if (unit.disposition !== 'kept') continue;
    const result = await readUnit(context, unit.seriesUnit);
    if (result !== null) results.set(unit.seriesUnit, result);
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
  const reader = new SourceReader(placeOfRun(context));
  let rows: ReturnType<typeof buildRows>;
  try {
    const instances = new InstanceFiles(context, batch, reader);
    const index = indexBySopInstance(records);
    for (const unit of listFaces(sources)) {
      const { tensor } = results.get(unit.seriesUnit)!;
      if (tensor.reason === null)
        defaced.set(unit.seriesUnit, await defaceUnit(context, instances, unit, index, tensor));
    }
    rows = buildRows({ ...sources, defaced });
    const publish = async ({ source_key, series_unit, output_path }: InstanceRow) => {
      if (output_path === null) return null;
      if (typeof defaced.get(series_unit ?? '') === 'object') {
        const withoutFace = stagedNames.instance(defacedName(source_key));
        return moveInto(context, output_path, withoutFace, (await output.stat(withoutFace))!.bytes);
      }
      const record = records.get(source_key)!;
      return moveInto(context, output_path, await instances.locate(record), record.outputBytes!);
    };
    const published = pipeline.publish.dicom ? rows.instances : [];
    for await (const [, file] of workAhead(published, output.parallel, publish))
      if (file !== null) outputs.push(file);
  } finally {
    reader.close();
  }
  for (const row of rows.series) {
    const { series_unit: seriesUnit } = row;
    const tensor = results.get(seriesUnit)?.tensor;
    if (row.disposition !== 'kept' || tensor === undefined || tensor.reason !== null) continue;
    const isDefaced = typeof defaced.get(seriesUnit) === 'object';
    const name = defacedName(seriesUnit);
    if (pipeline.publish.thumbnails) {
      const place = isDefaced
        ? await readStaged(context, stagedNames.thumbnail(name))
        : await locateThumbnail(context, seriesUnit, tensor);
      outputs.push(await publishUnitFile(context, place, thumbnailPathOf(seriesUnit)));
    }
    if (pipeline.publish.tensors) {
      const place = isDefaced
        ? await readStaged(context, stagedNames.tensor(name))
        : await locateTensor(context, seriesUnit, tensor);
      outputs.push(await publishUnitFile(context, place, tensorPathOf(seriesUnit)));
    } else await output.remove(stagedNames.tensor(seriesUnit));
  }
  await output.settle(new Set(outputs.map((file) => path.posix.dirname(file.path))));

  await files.writeJson(files.names.rows(batch), {
    batchKey: await batchKeyOf(context, batch, bundle.sha256),
    ...rows,
    outputs,
  } satisfies BatchRows);
  const discard = ({ sourceKey }: InstanceRecord) => output.remove(stagedNames.instance(sourceKey));
  for await (const _done of workAhead(records.values(), output.parallel, discard));
  const sourceBytes: DispositionCounts = {};
  for (const { disposition, source_bytes: bytes } of rows.instances)
    sourceBytes[disposition] = (sourceBytes[disposition] ?? 0) + bytes;
  return {
    instances: countDispositions(rows.instances),
    series: countDispositions(rows.series),
    sourceBytes,
  };
}

export function countDispositions(rows: readonly { disposition: string }[]): DispositionCounts {
  const counts: DispositionCounts = {};
  for (const { disposition } of rows) counts[disposition] = (counts[disposition] ?? 0) + 1;
  return counts;
}

async function readStaged({ output }: StageContext, name: string): Promise<LocatedFile | null> {
  const bytes = await output.read(name);
  return bytes === null ? null : { name, bytes };
}

async function publishUnitFile(
  context: StageContext,
  source: LocatedFile | null,
  target: string,
): Promise<PublishedFile> {
  if (source === null) throw new StageFailure('batch-missing', 'transient', 'A file of a unit is missing.');
  return moveInto(context, target, source.name, source.bytes.length);
}

/** Gives a staged file its final name; a file that is there already stays. */
async function moveInto(
  { output }: StageContext,
  target: string,
  source: string,
  bytes: number,
): Promise<PublishedFile> {
  if (source !== target) await output.move(source, target);
  return { path: target, bytes };
}
