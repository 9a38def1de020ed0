/** Model inputs for the page: kept tensors, or made again from published instances. */
import fs from 'node:fs';
import path from 'node:path';
import { CohortError, UnitError } from '../../cohorts/cohort-error.ts';
import { readTensor, type TensorSource } from '../../cohorts/read-tensor.ts';
import { type CohortUnit, selectCohort } from '../../cohorts/select-cohort.ts';
import { DicomError } from '../../dicom/errors.ts';
import type { Manifest } from '../../manifest/query.ts';
import type { Pipeline } from '../../pipelines/schema.ts';
import { decodeNpy, NpyError } from '../../stages/preprocess/npy.ts';
import {
  createResampler,
  PreprocessError,
  type Resampler,
  resamplerWasmUrl,
} from '../../stages/preprocess/preprocess-volume.ts';
import { tensorPathOf } from '../../stages/publish/output-paths.ts';

/** Of six megabytes each: enough for the units around the one that is looked at. */
const VOLUMES_KEPT = 6;

/** What the page is told where there are no voxels to show. */
const PROBLEMS: Partial<Record<UnitError['problem'], string>> = {
  'no-dicom-published':
    'The run kept neither tensors nor DICOM files: there is the thumbnail alone. Run again with publish.tensors=true.',
  'file-missing': 'Files of this unit are missing from the output folder.',
  'file-damaged': 'Files of this unit are damaged.',
  'tensor-differs': 'The files give another model input than the one that was classified.',
  'frames-of-several-units':
    'The frames of one file lie in several units: the model input cannot be made again.',
};

export interface Volume {
  /** `[slice, row, column]`, uint8. */
  readonly data: Uint8Array;
  /** Whether it was made again from DICOM files. */
  readonly isMade: boolean;
}

/** A unit has no voxels to show; the message is for the page. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

export class Volumes {
  private readonly source: TensorSource;
  private readonly manifest: Pick<Manifest, 'query'>;
  private readonly kept = new Map<string, Promise<Volume>>();

  constructor(outputFolder: string, preprocess: Pipeline['preprocess'], manifest: Pick<Manifest, 'query'>) {
    let resampler: Promise<Resampler> | null = null;
    this.manifest = manifest;
    this.source = {
      source: outputFolder,
      parameters: { windowHu: preprocess.window_hu, shape: preprocess.shape },
      resampler: () => {
        resampler ??= fs.promises.readFile(resamplerWasmUrl()).then(createResampler);
        return resampler;
      },
    };
  }

  /** @param unit a key of the form of series units @throws VolumeError */
  read(unit: string): Promise<Volume> {
    const kept = this.kept.get(unit);
    const volume = kept ?? this.load(unit);
    this.kept.delete(unit);
    this.kept.set(unit, volume);
    volume.catch(() => this.kept.delete(unit));
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= VOLUMES_KEPT) break;
      this.kept.delete(oldest);
    }
    return volume;
  }

  private async load(unit: string): Promise<Volume> {
    const isKept = fs.existsSync(path.join(this.source.source, tensorPathOf(unit)));
    const selected = isKept ? await this.findKept(unit) : await this.findFiles(unit);
    if (selected === undefined) throw new VolumeError('The run has no such unit.');
    try {
      const { npy, isMade } = await readTensor(this.source, selected);
      const { data } = decodeNpy(npy);
      return { data, isMade };
    } catch (error) {
      if (error instanceof UnitError)
        throw new VolumeError(PROBLEMS[error.problem] ?? 'The model input cannot be made again.');
      if (error instanceof DicomError || error instanceof PreprocessError || error instanceof NpyError)
        throw new VolumeError('Files of this unit are damaged.');
      throw error;
    }
  }

  /** What a kept tensor is held to; the tables of files, which are large, are not needed. */
  private async findKept(seriesUnit: string): Promise<CohortUnit | undefined> {
    const { rows } = await this.manifest.query(
      `SELECT tensor_sha256 FROM queue WHERE series_unit = '${seriesUnit}'`,
    );
    if (rows[0] === undefined) return undefined;
    const { tensor_sha256: sha256 } = rows[0];
    const tensorSha256 = sha256 === null || sha256 === undefined ? null : String(sha256);
    const unknown = { patientId: '', studyInstanceUid: '', seriesInstanceUid: '', sliceCount: 0, sample: {} };
    return { ...unknown, seriesUnit, tensorSha256, instances: [] };
  }

  private async findFiles(seriesUnit: string): Promise<CohortUnit | undefined> {
    try {
      return (await selectCohort(this.manifest, `series_unit = '${seriesUnit}'`))[0];
    } catch (error) {
      throw error instanceof CohortError ? new VolumeError(error.message) : error;
    }
  }
}
