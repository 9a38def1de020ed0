/** classify: labels from pixels. Runs where the model is loaded, once a process. */
import fs from 'node:fs';
import type { Classifier } from '../models/classifier.ts';
import { decodeNpy } from '../stages/preprocess/npy.ts';
import type { StageContext } from './context.ts';
import { StageFailure } from './failures.ts';
import { readGroups } from './group.ts';
import { locateTensor, readUnit, writeUnit } from './units.ts';

/** A loaded bundle, as the stage needs it. */
export interface LoadedClassifier {
  bundleSha256: string;
  classifier: Classifier;
}

/** Classifies the pending units `from` (inclusive) to `to` (exclusive) of a batch. */
export async function classifyUnits(
  context: StageContext,
  loaded: LoadedClassifier,
  batch: number,
  from: number,
  to: number,
): Promise<void> {
  const { bundleSha256, classifier } = loaded;
  for (const seriesUnit of readGroups(context, batch).pending.slice(from, to)) {
    const unit = readUnit(context, seriesUnit);
    if (unit === null) throw new StageFailure('batch-missing', 'transient', 'A unit was not preprocessed.');
    if (unit.tensor.reason !== null || unit.labels[bundleSha256] !== undefined) continue;
    const file = locateTensor(context, seriesUnit, unit.tensor);
    if (file === null)
      throw new StageFailure('batch-missing', 'transient', 'The tensor of a unit is missing.');
    const predictions = await classifier.classify(new Uint8Array(decodeNpy(fs.readFileSync(file)).data));
    writeUnit(context, seriesUnit, { ...unit, labels: { ...unit.labels, [bundleSha256]: predictions } });
  }
}
