/** classify: labels from pixels. Runs where the model is loaded, once a process. */
import fs from 'node:fs';
import type { Classifier } from '../models/classifier.ts';
import { decodeNpy } from '../stages/preprocess/npy.ts';
import { tensorPathOf } from '../stages/publish/output-paths.ts';
import type { StageContext } from './context.ts';
import { StageFailure } from './failures.ts';
import { readGroups } from './group.ts';
import { readUnit, writeUnit } from './units.ts';

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
  const { files } = context;
  const { bundleSha256, classifier } = loaded;
  for (const seriesUnit of readGroups(context, batch).pending.slice(from, to)) {
    const unit = readUnit(context, seriesUnit);
    if (unit === null) throw new StageFailure('batch-missing', 'transient', 'A unit was not preprocessed.');
    if (unit.tensor.reason !== null || unit.labels[bundleSha256] !== undefined) continue;
    const staged = files.stagedTensor(seriesUnit);
    const file = fs.existsSync(staged) ? staged : files.published(tensorPathOf(seriesUnit));
    const predictions = await classifier.classify(new Uint8Array(decodeNpy(fs.readFileSync(file)).data));
    writeUnit(context, seriesUnit, { ...unit, labels: { ...unit.labels, [bundleSha256]: predictions } });
  }
}
