import { EvaluationError } from './errors.ts';
import { type LabelTable, listNames } from './tables.ts';

/** What may be resampled as a whole. */
export const CLUSTER_KINDS = ['series', 'study', 'patient'] as const;
export type ClusterKind = (typeof CLUSTER_KINDS)[number];

const CLUSTER_COLUMNS: Readonly<Record<Exclude<ClusterKind, 'series'>, readonly string[]>> = {
  study: ['study', 'study_instance_uid'],
  patient: ['patient', 'patient_id'],
};

/** Values of columns by series unit, looked up in truth first, then in the predictions. */
export interface AttributeLookup {
  /** Values of the first of `columns` that any table has; undefined where none has any. */
  find(columns: readonly string[]): ReadonlyMap<string, unknown> | undefined;
  readonly columns: readonly string[];
}

/** Attributes that no label table holds, such as a run's series table. */
export type Attributes = LabelTable['attributes'];

/** Merges the attributes of several tables; for each series unit the first table that has a value counts. */
export function createAttributeLookup(tables: readonly Attributes[]): AttributeLookup {
  return {
    columns: [...new Set(tables.flatMap((table) => [...table.keys()]))],
    find(columns) {
      for (const column of columns) {
        const found = tables.map((table) => table.get(column)).filter((values) => values !== undefined);
        if (found.length > 0) return new Map(found.reverse().flatMap((values) => [...values]));
      }
      return undefined;
    },
  };
}

/** Clusters of rows as the bootstrap wants them. */
export interface RowClusters {
  readonly clusters?: Int32Array;
  readonly clusterCount: number;
}

/**
 * Makes the function that numbers the clusters of given series units. A series unit without study or patient is a
 * cluster by itself; how many there are is in `missing`.
 * @throws EvaluationError naming the column that is missing.
 */
export function createClustering(
  kind: ClusterKind,
  lookup: AttributeLookup,
): { of(keys: readonly string[]): RowClusters; countMissing(keys: readonly string[]): number } {
  if (kind === 'series') {
    return { of: (keys) => ({ clusterCount: keys.length }), countMissing: () => 0 };
  }
  const columns = CLUSTER_COLUMNS[kind];
  const values = lookup.find(columns);
  if (values === undefined) {
    throw new EvaluationError(
      'missing-column',
      `--cluster ${kind} needs a column ${columns.map((column) => `"${column}"`).join(' or ')} in the truth or the ` +
        `predictions; there is none (other columns: ${listNames(lookup.columns)}). Add it, or use --cluster series.`,
    );
  }
  return {
    of(keys) {
      const numbers = new Map<string, number>();
      const clusters = Int32Array.from(keys, (key) => {
        const value = values.get(key);
        const name = value === undefined ? `series ${key}` : `${kind} ${String(value)}`;
        const number = numbers.get(name) ?? numbers.size;
        numbers.set(name, number);
        return number;
      });
      return { clusters, clusterCount: numbers.size };
    },
    countMissing: (keys) => keys.filter((key) => !values.has(key)).length,
  };
}
