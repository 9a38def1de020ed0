/** The model input of a unit: the run's own, or made again from its published files. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { SliceReader } from '../activities/slice-reader.ts';
import { loadCodec } from '../dicom/pixels.ts';
import { stackDirection } from '../stages/group/geometry.ts';
import { encodeNpy } from '../stages/preprocess/npy.ts';
import type { PreprocessParameters, Resampler } from '../stages/preprocess/preprocess-volume.ts';
import { tensorPathOf } from '../stages/publish/output-paths.ts';
import { UnitError } from './cohort-error.ts';
import { readStack, type Stack } from './read-stack.ts';
import type { CohortUnit } from './select-cohort.ts';

/** Where the model input of units is read, or made, from. */
export interface TensorSource {
  /** Output folder of the run. */
  source: string;
  parameters: PreprocessParameters;
  resampler: () => Promise<Resampler>;
}

/**
 * The run's own tensor where it was published, else made again; held to the digest of the manifest.
 * @throws UnitError; DicomError and PreprocessError for files that are damaged
 */
export async function readTensor(
  context: TensorSource,
  unit: CohortUnit,
): Promise<{ npy: Uint8Array; sha256: string; isMade: boolean }> {
  const published = path.join(context.source, tensorPathOf(unit.seriesUnit));
  const isMade = !fs.existsSync(published);
  const npy = isMade ? await makeTensor(context, unit) : fs.readFileSync(published);
  const sha256 = createHash('sha256').update(npy).digest('hex');
  if (unit.tensorSha256 !== null && sha256 !== unit.tensorSha256) throw new UnitError('tensor-differs');
  return { npy, sha256, isMade };
}

async function makeTensor(context: TensorSource, unit: CohortUnit): Promise<Uint8Array> {
  const stack = readStack(context.source, unit);
  // Models take slices along the patient's axes, whichever way the matrix lies.
  if (stackDirection(stack.normal) !== stack.normal) stack.slices.reverse();
  await loadStackCodecs(stack);
  const { rows, columns } = stack.slices[0]!.image;
  const resampler = await context.resampler();
  const reader = new SliceReader();
  try {
    const tensor = resampler.preprocessVolume(
      {
        sliceCount: stack.slices.length,
        rows,
        columns,
        readSlice(index, destination) {
          const slice = stack.slices[index]!;
          return reader.read(slice.file, slice, slice.frame, destination);
        },
      },
      context.parameters,
    );
    return encodeNpy(tensor, context.parameters.shape);
  } finally {
    reader.close();
  }
}

/** Codecs are loaded before, since slices are read synchronously. */
export async function loadStackCodecs(stack: Stack): Promise<void> {
  for (const uid of new Set(stack.slices.map(({ transferSyntaxUid }) => transferSyntaxUid)))
    await loadCodec(uid);
}
