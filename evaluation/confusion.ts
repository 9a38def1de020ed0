/** Per-class measures, one class against the rest, in the order of the paper's Table 3. */
export const CLASS_MEASURES = [
  'auc',
  'accuracy',
  'balanced_accuracy',
  'f1',
  'ppv',
  'npv',
  'sensitivity',
  'specificity',
] as const;

/** Measures of a whole task that follow from its confusion matrix. */
export const MATRIX_MEASURES = [
  'accuracy',
  'balanced_accuracy',
  'weighted_sensitivity',
  'micro_f1',
  'macro_f1',
] as const;

/**
 * Measures that follow from a confusion matrix, as scikit-learn defines them:
 * a ratio over nothing is 0 (`zero_division=0`) for F1, PPV, NPV, sensitivity and specificity; balanced accuracy
 * leaves out a class without truth; macro F1 is over the classes that occur in truth or prediction.
 *
 * @param matrix counts or weights, `[truth, predicted]` row-major, `size` × `size`.
 * @param task receives `MATRIX_MEASURES`; NaN for an empty matrix.
 * @param classes receives the measures of `CLASS_MEASURES` but AUC, `[label, 7]` row-major.
 */
export function computeMatrixMeasures(
  matrix: ArrayLike<number>,
  size: number,
  task: Float64Array,
  classes: Float64Array | null,
): void {
  let total = 0;
  for (let i = 0; i < size * size; i++) total += matrix[i]!;
  let right = 0;
  let present = 0;
  let withTruth = 0;
  let f1Sum = 0;
  let sensitivitySum = 0;
  let weightedSensitivity = 0;
  for (let c = 0; c < size; c++) {
    const tp = matrix[c * size + c]!;
    let truth = 0;
    let predicted = 0;
    for (let j = 0; j < size; j++) {
      truth += matrix[c * size + j]!;
      predicted += matrix[j * size + c]!;
    }
    right += tp;
    const fn = truth - tp;
    const fp = predicted - tp;
    const tn = total - truth - fp;
    const sensitivity = divide(tp, truth);
    const f1 = divide(2 * tp, truth + predicted);
    if (truth + predicted > 0) {
      present++;
      f1Sum += f1;
    }
    if (truth > 0) {
      withTruth++;
      sensitivitySum += sensitivity;
      weightedSensitivity += sensitivity * truth;
    }
    if (classes === null) continue;
    const at = c * 7;
    const specificity = divide(tn, tn + fp);
    classes[at] = (tp + tn) / total;
    classes[at + 1] =
      truth === 0 ? specificity : truth === total ? sensitivity : (sensitivity + specificity) / 2;
    classes[at + 2] = f1;
    classes[at + 3] = divide(tp, predicted);
    classes[at + 4] = divide(tn, tn + fn);
    classes[at + 5] = sensitivity;
    classes[at + 6] = specificity;
  }
  task[0] = right / total;
  task[1] = sensitivitySum / withTruth;
  task[2] = weightedSensitivity / total;
  // In a single-label task every error is one false positive and one false negative, so micro F1 is accuracy.
  task[3] = (2 * right) / (2 * right + 2 * (total - right));
  task[4] = f1Sum / present;
  if (total === 0 && classes !== null) classes.fill(Number.NaN);
}

function divide(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
