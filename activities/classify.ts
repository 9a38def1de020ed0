/** classify: labels from pixels. Runs where the model is loaded, once a process. */
import type { Classifier } from '../models/classifier.ts';
import { BundleError, ClassifierError } from '../models/errors.ts';
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

/**
 * Classifies the pending units `from` (inclusive) to `to` (exclusive) of a batch, as many at once as the network takes.
 * @throws StageFailure
 */
export async function classifyUnits(
  context: StageContext,
  loaded: LoadedClassifier,
  batch: number,
  from: number,
  to: number,
): Promise<void> {
  const units = (await readGroups(context, batch)).pending.slice(from, to);
  const { batchSize } = loaded.classifier;
  for (let first = 0; first < units.length; first += batchSize) {
    const work = units.slice(first, first + batchSize).map((unit) => classifyUnit(context, loaded, unit));
    // All end before one is thrown: the step is tried again, and must not meet itself.
    for (const result of await Promise.allSettled(work)) {
      if (result.status === 'rejected') throw toClassifyFailure(result.reason);
    }
  }
}

async function classifyUnit(
  context: StageContext,
  { bundleSha256, classifier }: LoadedClassifier,
  seriesUnit: string,
): Promise<void> {
  const unit = await readUnit(context, seriesUnit);
  if (unit === null) throw new StageFailure('batch-missing', 'transient', 'A unit was not preprocessed.');
  if (unit.tensor.reason !== null || labelsOf(unit, bundleSha256) !== null) return;
  const file = await locateTensor(context, seriesUnit, unit.tensor);
  if (file === null) throw new StageFailure('batch-missing', 'transient', 'The tensor of a unit is missing.');
  const tensor = new Uint8Array(decodeNpy(file.bytes).data);
  const labels = await labelTensor(classifier, tensor);
  await writeUnit(context, seriesUnit, { ...unit, labels: { ...unit.labels, [bundleSha256]: labels } });
}

const ENVIRONMENT = new Set([
  'out-of-memory',
  'device-lost',
  'provider-missing',
  'bundle-missing',
  'file-missing',
]);
const TRANSIENT = new Set(['thread-lost', 'closed']);

/** The house's kind for what a bundle or its classifier says; anything else as it is. */
export function toClassifyFailure(error: unknown): unknown {
  if (!(error instanceof ClassifierError || error instanceof BundleError)) return error;
  const { code, message } = error;
  const kind = ENVIRONMENT.has(code) ? 'environment' : TRANSIENT.has(code) ? 'transient' : 'permanent';
  return new StageFailure(code, kind, message);
}

async function labelTensor(classifier: Classifier, tensor: Uint8Array): Promise<UnitLabels> {
  const { gate, acceptFrom, card } = classifier.bundle;
  // Before the tensor is given away.
  const inputReasons = gate === null ? [] : judgeInput(describeInput(tensor, card.preprocessing.shape), gate);
  const predictions = await classifier.classify(tensor);
  return { predictions, inputReasons, acceptFrom };
}
