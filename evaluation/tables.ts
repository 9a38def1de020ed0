import { EvaluationError } from './errors.ts';
import { createLabelReader, type LabelAliases, slugifyLabel, TASK_LABELS, TASKS } from './labels.ts';

/** A table as columns of equal length, as a CSV or Parquet reader gives them. */
export type TableColumns = ReadonlyMap<string, readonly unknown[]>;

/** What one row says about one series unit and task. */
export interface LabelRow {
  /** Null where the cell is empty or says that the label is unknown. */
  readonly label: string | null;
  /** All classes' scores by label; null where missing or incomplete. */
  readonly scores: ReadonlyMap<string, number> | null;
  /** Probability of the label alone. */
  readonly score: number | null;
  readonly secondLabel: string | null;
}

/** Labels of one file, by task and series unit, with its other columns by series unit. */
export interface LabelTable {
  readonly form: 'long' | 'wide';
  readonly tasks: ReadonlyMap<string, ReadonlyMap<string, LabelRow>>;
  /** Columns beside the labels: clusters, subgroups, header labels. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  /** Tasks whose scores are matched to labels by their position in a list alone. */
  readonly positionalScores: ReadonlySet<string>;
  /** What a reader of the result must know, in plain words. */
  readonly notices: readonly string[];
}

/** How to read a table. */
export interface TableOptions {
  /** What the table is called in messages: `truth` or `predictions`. */
  readonly name: string;
  readonly aliases?: LabelAliases;
  /** Order of the labels in a `scores` list, for tasks where it is not the vocabulary's. */
  readonly scoreOrder?: Readonly<Record<string, readonly string[]>>;
  /** All columns of the source, for messages, where only some were read. */
  readonly available?: readonly string[];
}

const LABEL_COLUMNS = new Set([
  'series_unit',
  'task',
  'label',
  'score',
  'second_label',
  'second_score',
  'scores',
  'logits',
]);
const SCORE_PREFIX = 'score:';

/** True for the columns that this module understands; a reader may skip the others unless it was asked for them. */
export function isLabelColumn(column: string): boolean {
  return (
    LABEL_COLUMNS.has(column) ||
    column.startsWith(SCORE_PREFIX) ||
    TASKS.some((task) => column === task || column === `${task}_score` || column === `${task}_header`)
  );
}

/**
 * Reads labels in long form (`series_unit`, `task`, `label`, …) or wide form (`series_unit` and a column a task).
 * @throws EvaluationError naming the column and the cure.
 */
export function parseLabelTable(columns: TableColumns, options: TableOptions): LabelTable {
  const names = options.available ?? [...columns.keys()];
  const keys = columns.get('series_unit');
  if (keys === undefined) {
    throw new EvaluationError(
      'missing-column',
      `The ${options.name} table has no column "series_unit", the key that joins truth and predictions. ` +
        `It has: ${listNames(names)}. Rename the key column to "series_unit".`,
    );
  }
  const isLong = columns.has('task');
  if (isLong && !columns.has('label')) {
    throw new EvaluationError(
      'missing-column',
      `The ${options.name} table has a column "task" but no column "label". It has: ${listNames(names)}.`,
    );
  }
  const wideTasks = TASKS.filter((task) => columns.has(task));
  if (!isLong && wideTasks.length === 0) {
    throw new EvaluationError(
      'missing-column',
      `The ${options.name} table has no labels: give columns "task" and "label" (one row for each series unit ` +
        `and task), or one or more of ${TASKS.map((task) => `"${task}"`).join(', ')} (one row for each series ` +
        `unit). It has: ${listNames(names)}.`,
    );
  }
  const notices: string[] = [];
  const positionalScores = new Set<string>();
  const tasks = isLong
    ? readLong(columns, keys, options, { notices, positionalScores })
    : readWide(columns, keys, wideTasks, options);
  return {
    form: isLong ? 'long' : 'wide',
    tasks,
    attributes: readAttributes(columns, keys, isLong),
    positionalScores,
    notices,
  };
}

type TaskRows = Map<string, LabelRow>;

interface Findings {
  readonly notices: string[];
  readonly positionalScores: Set<string>;
}

function readLong(
  columns: TableColumns,
  keys: readonly unknown[],
  options: TableOptions,
  findings: Findings,
): Map<string, TaskRows> {
  const rowsByTask = new Map<string, number[]>();
  columns.get('task')!.forEach((value, row) => {
    const task = value === null || value === undefined ? '' : slugifyLabel(String(value)).replace(/-/g, '_');
    if (task === '') {
      throw new EvaluationError(
        'missing-column',
        `Column "task" of the ${options.name} table is empty in row ${row + 1}.`,
      );
    }
    const rows = rowsByTask.get(task);
    if (rows === undefined) rowsByTask.set(task, [row]);
    else rows.push(row);
  });
  const tasks = new Map<string, TaskRows>();
  for (const [task, rows] of rowsByTask) {
    tasks.set(
      task,
      readTask(task, rows, keys, options, {
        label: { name: 'label', cells: columns.get('label')! },
        score: columns.get('score'),
        second: columns.get('second_label'),
        readScores:
          createColumnScoreReader(task, columns, rows, options) ??
          createListScoreReader(task, columns, rows, options, findings),
      }),
    );
  }
  return tasks;
}

function readWide(
  columns: TableColumns,
  keys: readonly unknown[],
  wideTasks: readonly string[],
  options: TableOptions,
): Map<string, TaskRows> {
  const rows = keys.map((_, row) => row);
  return new Map(
    wideTasks.map((task) => [
      task,
      readTask(task, rows, keys, options, {
        label: { name: task, cells: columns.get(task)! },
        score: columns.get(`${task}_score`),
        second: undefined,
        readScores: createColumnScoreReader(task, columns, rows, options) ?? (() => null),
      }),
    ]),
  );
}

interface TaskColumns {
  readonly label: { readonly name: string; readonly cells: readonly unknown[] };
  readonly score: readonly unknown[] | undefined;
  readonly second: readonly unknown[] | undefined;
  readonly readScores: (row: number) => Map<string, number> | null;
}

function readTask(
  task: string,
  rows: readonly number[],
  keys: readonly unknown[],
  options: TableOptions,
  cells: TaskColumns,
): TaskRows {
  const readLabel = createLabelReader(task, options.aliases);
  const result: TaskRows = new Map();
  const unknown = new Set<string>();
  const repeated: string[] = [];
  for (const row of rows) {
    const key = readKey(keys[row], row, options.name);
    if (result.has(key)) repeated.push(key);
    const reading = readLabel(cells.label.cells[row]);
    if (reading.kind === 'unknown') unknown.add(String(cells.label.cells[row]));
    const second = cells.second === undefined ? undefined : readLabel(cells.second[row]);
    result.set(key, {
      label: reading.kind === 'label' ? reading.label : null,
      scores: cells.readScores(row),
      score: toNumber(cells.score?.[row]),
      secondLabel: second?.kind === 'label' ? second.label : null,
    });
  }
  if (unknown.size > 0) {
    throw new EvaluationError(
      'unknown-label',
      `Column "${cells.label.name}" of the ${options.name} table has ${unknown.size} spelling(s) that task ` +
        `"${task}" does not know: ${listNames([...unknown])}. Known labels: ` +
        `${(TASK_LABELS[task] ?? []).join(', ')}. Correct them, leave the cell empty where there is no label, or ` +
        'give your own spellings with --aliases.',
    );
  }
  if (repeated.length > 0) {
    throw new EvaluationError(
      'duplicate-series',
      `The ${options.name} table has more than one row for ${repeated.length} value(s) of "series_unit" in task ` +
        `"${task}": ${listNames(repeated)}. Keep one row for each series unit and task.`,
    );
  }
  return result;
}

function readKey(value: unknown, row: number, table: string): string {
  const key = value === null || value === undefined ? '' : String(value).trim();
  if (key === '') {
    throw new EvaluationError(
      'missing-column',
      `Column "series_unit" of the ${table} table is empty in row ${row + 1}: every row needs its key.`,
    );
  }
  return key;
}

type ScoreReader = (row: number) => Map<string, number> | null;

/** Scores from one column `score:LABEL` for each class; undefined without such columns. */
function createColumnScoreReader(
  task: string,
  columns: TableColumns,
  rows: readonly number[],
  options: TableOptions,
): ScoreReader | undefined {
  const readLabel = createLabelReader(task, options.aliases);
  const byLabel: [string, readonly unknown[]][] = [];
  for (const [name, cells] of columns) {
    if (!name.startsWith(SCORE_PREFIX)) continue;
    const reading = readLabel(name.slice(SCORE_PREFIX.length));
    if (reading.kind !== 'label') continue;
    // A task outside the vocabulary takes the columns that its own rows fill.
    if (TASK_LABELS[task] === undefined && !rows.some((row) => toNumber(cells[row]) !== null)) continue;
    byLabel.push([reading.label, cells]);
  }
  if (byLabel.length === 0) return undefined;
  return (row) => {
    const scores = new Map<string, number>();
    for (const [label, cells] of byLabel) {
      const score = toNumber(cells[row]);
      if (score === null) return null;
      scores.set(label, score);
    }
    return scores;
  };
}

/** Scores from a list column `scores`, in the given or the vocabulary's order. */
function createListScoreReader(
  task: string,
  columns: TableColumns,
  rows: readonly number[],
  options: TableOptions,
  findings: Findings,
): ScoreReader {
  const lists = columns.get('scores');
  const first =
    lists === undefined ? undefined : rows.map((row) => readNumberList(lists[row])).find(isPresent);
  if (lists === undefined || first === undefined) return () => null;
  const order = options.scoreOrder?.[task] ?? TASK_LABELS[task];
  if (order === undefined || order.length !== first.length) {
    const known =
      order === undefined ? 'their label order is not known' : `${order.length} labels are expected`;
    findings.notices.push(
      `In the ${options.name} table, task ${task}, column "scores" has ${first.length} values a row and ${known}: ` +
        'its scores are left out. Give the order with --score-order TASK=LABEL,LABEL,…, or one column ' +
        '"score:LABEL" for each class.',
    );
    return () => null;
  }
  findings.positionalScores.add(task);
  return (row) => {
    const list = readNumberList(lists[row]);
    return list === null || list.length !== order.length
      ? null
      : new Map(order.map((label, i) => [label, list[i]!]));
  };
}

function isPresent<T>(value: T | null): value is T {
  return value !== null;
}

function readNumberList(value: unknown): number[] | null {
  const parts: readonly unknown[] | null = Array.isArray(value)
    ? value
    : typeof value === 'string' && value.trim() !== ''
      ? value
          .replace(/^\s*\[|\]\s*$/g, '')
          .split(/[\s,;|]+/)
          .filter((part) => part !== '')
      : null;
  if (parts === null || parts.length === 0) return null;
  const numbers = parts.map(toNumber);
  return numbers.every((number) => number !== null) ? numbers : null;
}

function toNumber(value: unknown): number | null {
  if (value === null || value === undefined || (typeof value === 'string' && value.trim() === ''))
    return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** The columns beside the labels of a table that is no label table, such as a run's series table. */
export function parseAttributes(columns: TableColumns): LabelTable['attributes'] {
  const keys = columns.get('series_unit');
  return keys === undefined ? new Map() : readAttributes(columns, keys, false);
}

function readAttributes(
  columns: TableColumns,
  keys: readonly unknown[],
  isLong: boolean,
): Map<string, Map<string, unknown>> {
  const attributes = new Map<string, Map<string, unknown>>();
  for (const [name, cells] of columns) {
    if (LABEL_COLUMNS.has(name) || name.startsWith(SCORE_PREFIX)) continue;
    if (!isLong && TASKS.some((task) => name === task || name === `${task}_score`)) continue;
    const values = new Map<string, unknown>();
    cells.forEach((value, row) => {
      if (value === null || value === undefined || value === '') return;
      const key = String(keys[row]).trim();
      if (!values.has(key)) values.set(key, value);
    });
    attributes.set(name, values);
  }
  return attributes;
}

/** Up to ten names for a message. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `"${name}"`);
  return shown.join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '');
}
