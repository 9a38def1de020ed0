import type { AttributeLookup } from './attributes.ts';
import { type BootstrapOptions, type Estimate, estimateStatistics } from './bootstrap.ts';
import { EvaluationError } from './errors.ts';
import { joinTasks, planJointStatistics } from './joint.ts';
import { listNames } from './tables.ts';
import { planTaskStatistics, selectRows, type TaskProblem } from './task-statistics.ts';

/** A column to split by; numbers may be cut at edges. */
export interface SubgroupRequest {
  readonly column: string;
  /** Ascending; `[1, 2.5]` gives ≤ 1, 1 – 2.5, > 2.5. */
  readonly edges?: readonly number[];
}

/** One row of a subgroup table. */
interface Subgroup {
  readonly name: string;
  /** Series units that have at least one task. */
  readonly series: number;
  readonly clusters: number;
  /** For each task its series and its measures as a whole. */
  readonly tasks: Readonly<
    Record<string, { readonly series: number; readonly measures: Readonly<Record<string, Estimate>> }>
  >;
  readonly joint: Readonly<Record<string, Estimate>> | null;
}

/** The paper's external-validation table for one column: a row for each value, and the pooled row. */
export interface SubgroupTable {
  readonly column: string;
  readonly groups: readonly Subgroup[];
  readonly pooled: Subgroup;
  /** How numbers were cut, where they were. */
  readonly note: string | null;
}

const LARGEST_TABLE = 200;
const DISTINCT_BEFORE_CUT = 12;
const NO_VALUE = '(no value)';

/** Reads `COLUMN` or `COLUMN:EDGE,EDGE,…`. @throws EvaluationError for edges that are no ascending numbers. */
export function parseSubgroupRequest(text: string): SubgroupRequest {
  const at = text.lastIndexOf(':');
  if (at < 0) return { column: text };
  const edges = text
    .slice(at + 1)
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const ascending = edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge > edges[i - 1]!));
  if (!ascending) {
    throw new EvaluationError(
      'bad-option',
      `--subgroup ${text}: what follows ":" must be ascending numbers, such as slice_spacing_mm:1,2.5,5.`,
    );
  }
  return { column: text.slice(0, at), edges };
}

/** Settings shared by all rows. */
export interface SubgroupContext {
  readonly problems: readonly TaskProblem[];
  readonly lookup: AttributeLookup;
  readonly bootstrap: Omit<BootstrapOptions, 'purpose'>;
  readonly clusterOf: (keys: readonly string[]) => { clusters?: Int32Array; clusterCount: number };
}

/**
 * Splits all series units by a column. Each row's interval resamples that row's own clusters.
 * @throws EvaluationError for a column that no table has, or that has too many values.
 */
export function tabulateSubgroups(request: SubgroupRequest, context: SubgroupContext): SubgroupTable {
  const values = context.lookup.find([request.column]);
  if (values === undefined) {
    throw new EvaluationError(
      'missing-column',
      `--subgroup ${request.column}: neither truth nor predictions have this column. Columns beside the labels: ` +
        `${listNames(context.lookup.columns)}.`,
    );
  }
  const keys = [...new Set(context.problems.flatMap((problem) => problem.keys))];
  const cut = chooseCut(
    keys.map((key) => values.get(key)),
    request,
  );
  const members = new Map<string, Set<string>>();
  for (const key of keys) {
    const name = cut.name(values.get(key));
    const group = members.get(name);
    if (group === undefined) members.set(name, new Set([key]));
    else group.add(key);
  }
  if (members.size > LARGEST_TABLE) {
    throw new EvaluationError(
      'bad-option',
      `--subgroup ${request.column} has ${members.size} values; a table takes at most ${LARGEST_TABLE}. Choose a ` +
        'coarser column.',
    );
  }
  const order = cut.order ?? [...members.keys()].sort((a, b) => compareGroups(a, b, members));
  return {
    column: request.column,
    groups: order
      .filter((name) => members.has(name))
      .map((name) =>
        measureGroup(
          name,
          (part) => `subgroup/${request.column}/${name}/${part}`,
          members.get(name)!,
          context,
        ),
      ),
    pooled: measureGroup(
      'pooled',
      // The streams of the main tables, so that both give the same interval.
      (part) => (part === 'joint' ? part : `task/${part}`),
      new Set(keys),
      context,
    ),
    note: cut.note,
  };
}

/** The largest first, the series without a value last. */
function compareGroups(a: string, b: string, members: ReadonlyMap<string, ReadonlySet<string>>): number {
  if (a === NO_VALUE || b === NO_VALUE) return a === NO_VALUE ? 1 : -1;
  return members.get(b)!.size - members.get(a)!.size || (a < b ? -1 : 1);
}

interface Cut {
  readonly name: (value: unknown) => string;
  readonly order: readonly string[] | null;
  readonly note: string | null;
}

function chooseCut(values: readonly unknown[], request: SubgroupRequest): Cut {
  const byValue: Cut = {
    name: (value) => (value === undefined || value === null ? NO_VALUE : String(value)),
    order: null,
    note: null,
  };
  const present = values.filter((value) => value !== undefined && value !== null);
  const numbers = present.map((value) => (typeof value === 'boolean' ? Number.NaN : Number(value)));
  const numeric = numbers.length > 0 && numbers.every(Number.isFinite);
  if (request.edges !== undefined) {
    if (!numeric) {
      throw new EvaluationError(
        'bad-option',
        `--subgroup ${request.column} has edges, but the column is not numeric throughout.`,
      );
    }
    return cutAt(request.edges, null);
  }
  if (!numeric) return byValue;
  numbers.sort((a, b) => a - b);
  if (new Set(numbers).size <= DISTINCT_BEFORE_CUT) {
    const order = [...new Set(present.map(String))].sort((a, b) => Number(a) - Number(b));
    return { ...byValue, order: [...order, NO_VALUE] };
  }
  const quartiles = [0.25, 0.5, 0.75].map((q) => numbers[Math.ceil(q * numbers.length) - 1]!);
  return cutAt(
    [...new Set(quartiles)],
    `more than ${DISTINCT_BEFORE_CUT} numbers: cut at the quartiles; choose edges with ${request.column}:EDGE,EDGE,…`,
  );
}

function cutAt(edges: readonly number[], note: string | null): Cut {
  const names = [
    `≤ ${edges[0]!}`,
    ...edges.slice(1).map((edge, i) => `${edges[i]!} – ${edge}`),
    `> ${edges[edges.length - 1]!}`,
  ];
  return {
    name: (value) => {
      if (value === undefined || value === null) return NO_VALUE;
      const at = edges.findIndex((edge) => Number(value) <= edge);
      return names[at < 0 ? names.length - 1 : at]!;
    },
    order: [...names, NO_VALUE],
    note,
  };
}

function measureGroup(
  name: string,
  purposeOf: (part: string) => string,
  members: ReadonlySet<string>,
  { problems, bootstrap, clusterOf }: SubgroupContext,
): Subgroup {
  const parts = problems.map((problem) =>
    selectRows(
      problem,
      [...problem.keys.keys()].filter((row) => members.has(problem.keys[row]!)),
    ),
  );
  const tasks = Object.fromEntries(
    parts.map((part) => {
      const options = { ...bootstrap, ...clusterOf(part.keys), purpose: purposeOf(part.task) };
      const measures = Object.fromEntries(estimateStatistics(planTaskStatistics(part, 'summary'), options));
      return [part.task, { series: part.keys.length, measures }];
    }),
  );
  const joint = joinTasks(parts);
  const jointMeasures =
    joint === null || joint.keys.length === 0
      ? null
      : Object.fromEntries(
          estimateStatistics(planJointStatistics(joint), {
            ...bootstrap,
            ...clusterOf(joint.keys),
            purpose: purposeOf('joint'),
          }),
        );
  return {
    name,
    series: members.size,
    clusters: clusterOf([...members]).clusterCount,
    tasks,
    joint: jointMeasures,
  };
}
