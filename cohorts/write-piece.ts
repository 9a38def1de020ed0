/** Writes a piece of a cohort; units that cannot be had are told, and do not keep the others away. */
import fs from 'node:fs';
import path from 'node:path';
import { DicomError } from '../dicom/errors.ts';
import { PreprocessError } from '../stages/preprocess/preprocess-volume.ts';
import { UnitError, type UnitProblem } from './cohort-error.ts';
import type { CohortFormat, Piece } from './plan-pieces.ts';
import { readTensor } from './read-tensor.ts';
import type { CohortUnit } from './select-cohort.ts';
import { type LabelOrder, type ShardSample, writeParquetShard, writeTarShard } from './write-shard.ts';
import { type WriteContext, type WrittenFile, writeUnit } from './write-unit.ts';

/** What pieces are written from, beside what a unit needs. */
export interface PieceContext extends WriteContext {
  format: CohortFormat;
  labels: LabelOrder;
  pipelineDigest: string;
  splitOf: (unit: CohortUnit) => string | null;
}

export interface PieceOutcome {
  files: WrittenFile[];
  /** By series unit. */
  problems: Map<string, UnitProblem>;
}

export async function writePiece(context: PieceContext, piece: Piece): Promise<PieceOutcome> {
  const { format, target } = context;
  const problems: PieceOutcome['problems'] = new Map();
  async function attempt<Result>(unit: CohortUnit, work: () => Promise<Result>): Promise<Result | null> {
    try {
      return await work();
    } catch (error) {
      problems.set(unit.seriesUnit, problemOf(error));
      return null;
    }
  }
  async function* readSamples(): AsyncGenerator<ShardSample> {
    for (const unit of piece.units) {
      const tensor = await attempt(unit, () => readTensor(context, unit));
      if (tensor !== null) yield { sample: unit.sample, split: context.splitOf(unit), npy: tensor.npy };
    }
  }
  if (format === 'webdataset' || format === 'parquet') {
    fs.mkdirSync(path.dirname(path.join(target, piece.name)), { recursive: true });
    const file =
      format === 'webdataset'
        ? await writeTarShard(target, piece.name, readSamples(), context.labels)
        : await writeParquetShard(target, piece.name, readSamples(), context.pipelineDigest);
    return { files: file === null ? [] : [file], problems };
  }
  const files: WrittenFile[] = [];
  for (const unit of piece.units)
    files.push(...((await attempt(unit, () => writeUnit(context, unit, format))) ?? []));
  return { files, problems };
}

function problemOf(error: unknown): UnitProblem {
  if (error instanceof UnitError) return error.problem;
  if (error instanceof DicomError || error instanceof PreprocessError) return 'file-damaged';
  throw error;
}
