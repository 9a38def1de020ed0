import { type BootstrapOptions, type Estimate, estimateStatistics } from './bootstrap.ts';
import { type McnemarTest, testMcnemar } from './comparison.ts';
import { createLabelReader, type LabelAliases } from './labels.ts';
import { markRight, type TaskProblem } from './task-statistics.ts';

/** What reading the header alone would have given, beside the pixel model on the same series. */
export interface HeaderBaseline {
  readonly task: string;
  readonly series: number;
  /** Series whose header names a label. */
  readonly stated: number;
  /** Header values that are no label of the task; they count as silent. */
  readonly unreadable: number;
  /**
   * `header_coverage`: share of series whose header speaks. `…_where_stated`: on those alone. `header_accuracy`: a
   * silent header counts as wrong. `difference…`: pixels minus header.
   */
  readonly measures: Readonly<Record<string, Estimate>>;
  /** Pixels (first) and header (second) where the header speaks. */
  readonly mcnemar: McnemarTest;
}

/** Measures the header's labels against the truth. @param header header label of each series unit. */
export function measureHeaderBaseline(
  problem: TaskProblem,
  header: ReadonlyMap<string, unknown>,
  bootstrap: BootstrapOptions,
  aliases?: LabelAliases,
): HeaderBaseline {
  const readLabel = createLabelReader(problem.task, aliases);
  const pixelRight = markRight(problem);
  const stated = new Uint8Array(problem.keys.length);
  const headerRight = new Uint8Array(problem.keys.length);
  let unreadable = 0;
  problem.keys.forEach((key, row) => {
    const reading = readLabel(header.get(key));
    if (reading.kind === 'unknown') unreadable++;
    if (reading.kind !== 'label') return;
    stated[row] = 1;
    headerRight[row] = reading.label === problem.labels[problem.truth[row]!] ? 1 : 0;
  });
  const measures = estimateStatistics(
    {
      names: [
        'header_coverage',
        'header_accuracy',
        'header_accuracy_where_stated',
        'pixel_accuracy',
        'pixel_accuracy_where_stated',
        'difference',
        'difference_where_stated',
      ],
      rowCount: stated.length,
      compute(weights, out) {
        let total = 0;
        let spoken = 0;
        let header = 0;
        let pixel = 0;
        let pixelSpoken = 0;
        for (let row = 0; row < stated.length; row++) {
          const weight = weights[row]!;
          total += weight;
          spoken += weight * stated[row]!;
          header += weight * headerRight[row]!;
          pixel += weight * pixelRight[row]!;
          pixelSpoken += weight * pixelRight[row]! * stated[row]!;
        }
        out[0] = spoken / total;
        out[1] = header / total;
        out[2] = header / spoken;
        out[3] = pixel / total;
        out[4] = pixelSpoken / spoken;
        out[5] = (pixel - header) / total;
        out[6] = (pixelSpoken - header) / spoken;
      },
    },
    bootstrap,
  );
  const spokenRows = [...stated.keys()].filter((row) => stated[row] === 1);
  return {
    task: problem.task,
    series: problem.keys.length,
    stated: spokenRows.length,
    unreadable,
    measures: Object.fromEntries(measures),
    mcnemar: testMcnemar(
      Uint8Array.from(spokenRows, (row) => pixelRight[row]!),
      Uint8Array.from(spokenRows, (row) => headerRight[row]!),
    ),
  };
}
