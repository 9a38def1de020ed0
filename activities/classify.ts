/** classify: labels from pixels. Runs where the model is loaded, once a process. */
import type { Classifier } from '../models/classifier.ts';
import { describeInput } from '../stages/classify/input-statistics.ts';
import { judgeInput } from '../stages/classify/judge-input.ts';
import { decodeNpy } from '../stages/preprocess/npy.ts';
import type { StageContext } from './context.ts';
import { StageFailure } from './failures.ts';
import { readGroups } from './group.ts';
import { labelsOf, locateTensor, readUnit, type UnitLabels, writeUnit } from './units.ts';

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
  for (const seriesUnit of (await readGroups(context, batch)).pending.slice(from, to)) {
    const unit = await readUnit(context, seriesUnit);
    if (unit === null) throw new StageFailure('batch-missing', 'transient', 'A unit was not preprocessed.');
    if (unit.tensor.reason !== null || labelsOf(unit, bundleSha256) !== null) continue;
    const file = await locateTensor(context, seriesUnit, unit.tensor);
    if (file === null)
      throw new StageFailure('batch-missing', 'transient', 'The tensor of a unit is missing.');
    const tensor = new Uint8Array(decodeNpy(file.bytes).data);
    const labels = await labelTensor(classifier, tensor);
    await writeUnit(context, seriesUnit, { ...unit, labels: { ...unit.labels, [bundleSha256]: labels } });
  }
}

async function labelTensor(classifier: Classifier, tensor: Uint8Array): Promise<UnitLabels> {
  const { gate, acceptFrom, card } = classifier.bundle;
  // Before the tensor is given away.
  const inputReasons = gate === null ? [] : judgeInput(describeInput(tensor, card.preprocessing.shape), gate);
  const predictions = await classifier.classify(tensor);
  const uncertain = predictions.flatMap(({ task, score }) => (score < (acceptFrom[task] ?? 0) ? [task] : []));
  return { predictions, inputReasons, uncertain };
}
