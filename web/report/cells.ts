/** Values of answers as text and HTML; everything is escaped here. */
import { escapeHtml } from '../../evaluation/plots.ts';
import type { JsonValue } from '../../manifest/values.ts';
import type { FigureColumn } from './figures/figure.ts';

export type AnswerRow = Readonly<Record<string, JsonValue>>;

/** Whole numbers with separators of thousands, others as they are; nothing for null. */
export function showValue(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' && Number.isInteger(value)) return value.toLocaleString('en-US');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The number in a column, 0 where there is none. */
export function readNumber(row: AnswerRow, column: string): number {
  const value = Number(row[column] ?? 0);
  return Number.isFinite(value) ? value : 0;
}

/** Ties what is shown to the value of the answer that it stands for: row and column. Tests read it. */
export function markCell(row: number, column: string): string {
  return ` data-cell="${row} ${escapeHtml(column)}"`;
}

/** A value for a table's cell. */
export function renderValue(
  value: JsonValue | undefined,
  as: FigureColumn['as'],
  meanings: ReadonlyMap<string, string>,
): string {
  if (as === 'keys' && Array.isArray(value)) {
    return value.map((key) => `<code>${escapeHtml(showValue(key))}</code>`).join(' ');
  }
  const text = escapeHtml(showValue(value));
  const meaning = as === 'reason' && typeof value === 'string' ? meanings.get(value) : undefined;
  return meaning === undefined ? text : `${text}<small>${escapeHtml(meaning)}</small>`;
}
