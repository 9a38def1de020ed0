/** Rows of the queue as the page gets them. */
import type { JsonValue } from '../../manifest/values.ts';
import { TASKS } from '../../models/labels.ts';
import type { Decision, QueueItem, TaskView } from './contracts.ts';
import type { Reviewer } from './review-store.ts';

type Row = Record<string, JsonValue>;

/** Rows by key, keys in the order in which they come. */
export function groupRows(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}

const textOf = (value: JsonValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value);

/** A row of `standing`. */
export function decisionOf(row: Row): Decision {
  const { body_part, axis, contrast } = row;
  return {
    reader: String(row.reader),
    role: row.role as Decision['role'],
    action: row.action as Decision['action'],
    labels:
      row.action === 'exclude'
        ? null
        : { body_part: String(body_part), axis: String(axis), contrast: String(contrast) },
  };
}

/** A row of the queue, with the decisions on it that this reviewer may see. */
export function itemOf(row: Row, place: number, standing: readonly Row[], who: Reviewer): QueueItem {
  const decisions = standing.map(decisionOf);
  const own = decisions.find(({ reader, role }) => reader === who.reader && role === who.role) ?? null;
  const tasks = Object.fromEntries(TASKS.map((task) => [task, taskOf(row, task)])) as QueueItem['tasks'];
  return {
    unit: String(row.series_unit),
    place,
    tasks,
    conflict: Number(row.conflict),
    uncertainty: Number(row.uncertainty),
    rarity: Number(row.rarity),
    reasons: (row.review_reasons as string[] | null) ?? [],
    plane: (row.axis_geometry ?? row.axis) as QueueItem['plane'],
    extentMm: extentOf(row),
    facts: factsOf(row),
    decision: own,
    others: who.role === 'adjudicator' ? decisions.filter(({ role }) => role === 'reader') : [],
  };
}

function taskOf(row: Row, task: string): TaskView {
  return {
    label: String(row[task]),
    score: Number(row[`${task}_score`]),
    second: textOf(row[`${task}_second`]),
    header: textOf(row[`${task}_header`]),
    agreement: textOf(row[`${task}_agreement`]),
  };
}

function extentOf(row: Row): [number, number, number] | null {
  const spacing = row.pixel_spacing_mm as number[] | null;
  const along = Number(row.coverage_mm ?? 0);
  const [down, across] = [Number(row.rows) * (spacing?.[0] ?? 0), Number(row.columns) * (spacing?.[1] ?? 0)];
  return along > 0 && down > 0 && across > 0 ? [along, down, across] : null;
}

/** What helps to judge: geometry and scanner, from closed vocabularies, and pseudonyms. */
function factsOf(row: Row): [string, string][] {
  const number = (value: JsonValue | undefined, digits: number, unit: string): string | null =>
    typeof value === 'number' ? `${Number(value.toFixed(digits))} ${unit}` : null;
  const facts: [string, string | null][] = [
    ['Slices', textOf(row.instance_count)],
    ['Slice distance', number(row.slice_spacing_mm, 2, 'mm')],
    ['Extent', number(row.coverage_mm, 0, 'mm')],
    ['Plane from geometry', textOf(row.axis_geometry)],
    ['Phase in header', textOf(row.header_phase)],
    ['Manufacturer', textOf(row.manufacturer)],
    ['Model', textOf(row.manufacturer_model_name)],
    ['Kernel', textOf(row.convolution_kernel)],
    ['Tube voltage', number(row.kvp, 0, 'kV')],
    ['Patient', textOf(row.patient_id)],
    ['Study', textOf(row.study_instance_uid)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}
