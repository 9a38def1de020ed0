/** publish, where faces are to be taken out: a unit's instances, tensor and picture without its face. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { DicomError } from '../dicom/errors.ts';
import { loadCodec } from '../dicom/pixels.ts';
import { tissueValues } from '../stages/preprocess/find-head.ts';
import { decodeNpy, encodeNpy } from '../stages/preprocess/npy.ts';
import { geometryOfTensor } from '../stages/preprocess/patient-grid.ts';
import { renderThumbnail } from '../stages/preprocess/thumbnail.ts';
import type { DefacedInstance, DefacedUnit } from '../stages/publish/build-rows.ts';
import { defaceInstance, defaceTensor } from '../stages/publish/deface-instance.ts';
import { type DefacingRefusal, planDefacing } from '../stages/publish/plan-defacing.ts';
import type { InstanceRecord, SeriesUnit } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { StageFailure } from './failures.ts';
import type { InstanceFiles } from './instances.ts';
import { stagedNames } from './store/run-files.ts';
import { geometryOfUnit, locateTensor, type MadeTensor, recordOfSlice } from './units.ts';

/** Names of staged files without faces, beside those with them. */
export const defacedName = (name: string): string => `${name}-defaced`;

/**
 * Takes the face out of a unit and stages what is published of it. The face is looked for in the tensor, which holds
 * the whole stack. The same unit gives the same bytes.
 * @returns why that cannot be done safely, and nothing is staged that is used then
 */
export async function defaceUnit(
  context: StageContext,
  instances: InstanceFiles,
  unit: SeriesUnit,
  index: ReadonlyMap<string, InstanceRecord>,
  made: MadeTensor,
): Promise<DefacedUnit | DefacingRefusal> {
  const { output, pipeline, profile, pseudonymizer } = context;
  const { shape, window_hu: windowHu } = pipeline.preprocess;
  const values = tissueValues(windowHu);
  const geometry = geometryOfUnit(unit, index);
  if (values === null || geometry === null) return 'head-not-found';
  const place = await locateTensor(context, unit.seriesUnit, made);
  if (place === null) throw new StageFailure('batch-missing', 'transient', 'A tensor is missing.');
  const { data } = decodeNpy(place.bytes);
  const inTensor = geometryOfTensor(geometry, shape);
  const region = planDefacing(data, inTensor, values);
  if (typeof region === 'string') return region;

  const defaced = new Map<string, DefacedInstance>();
  for (const { sopInstanceUid: uid } of unit.slices) {
    const record = recordOfSlice(index, uid);
    await loadCodec(record.transferSyntaxUid ?? '');
    const source = new Uint8Array(fs.readFileSync(await instances.open(record)));
    const sopInstanceUid = pseudonymizer.uid(`defaced/${uid}`);
    try {
      const result = defaceInstance(source, record.image!, region, { sopInstanceUid, profile });
      if (result === null) return 'form-unsupported';
      const { bytes, transferSyntaxUid } = result;
      await output.write(stagedNames.instance(defacedName(record.sourceKey)), bytes, { flush: false });
      const outputSha256 = createHash('sha256').update(bytes).digest('hex');
      defaced.set(record.sourceKey, { sopInstanceUid, transferSyntaxUid, outputSha256 });
    } catch (error) {
      if (error instanceof DicomError) return 'form-unsupported';
      throw error;
    }
  }
  const tensor = defaceTensor(data, inTensor, region, values.bone);
  const npy = encodeNpy(tensor, shape);
  const name = defacedName(unit.seriesUnit);
  await output.write(stagedNames.tensor(name), npy, { flush: false });
  if (pipeline.publish.thumbnails)
    await output.write(stagedNames.thumbnail(name), renderThumbnail(tensor, shape), { flush: false });
  instances.forget();
  return { tensorSha256: createHash('sha256').update(npy).digest('hex'), instances: defaced };
}
