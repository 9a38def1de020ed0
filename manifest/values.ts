/** DuckDB's values as JSON's. */
import {
  type DuckDBArrayType,
  DuckDBArrayValue,
  DuckDBDecimalValue,
  type DuckDBListType,
  DuckDBListValue,
  DuckDBMapValue,
  type DuckDBStructType,
  DuckDBStructValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/**
 * One value for JSON. Integers and decimals that a JavaScript number cannot hold exactly are text, and so are NaN,
 * infinities, dates and other types that JSON lacks. Numbers of type FLOAT get the fewest digits that stand for them
 * (0.9, not 0.8999999761581421).
 */
export function toJsonValue(value: DuckDBValue, type: DuckDBType | undefined): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return String(value);
    return type?.typeId === DuckDBTypeId.FLOAT ? shortenFloat(value) : value;
  }
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) {
    const items = (type as DuckDBListType | DuckDBArrayType | undefined)?.valueType;
    return value.items.map((item) => toJsonValue(item, items));
  }
  if (value instanceof DuckDBStructValue) {
    const { entryNames = [], entryTypes = [] } = (type ?? {}) as Partial<DuckDBStructType>;
    return Object.fromEntries(
      Object.entries(value.entries).map(([name, item]) => [
        name,
        toJsonValue(item, entryTypes[entryNames.indexOf(name)]),
      ]),
    );
  }
  if (value instanceof DuckDBMapValue) {
    return value.entries.map((entry) => ({
      key: toJsonValue(entry.key, undefined),
      value: toJsonValue(entry.value, undefined),
    }));
  }
  if (value instanceof DuckDBDecimalValue) {
    // Up to 15 digits, a decimal and its nearest double say the same.
    return value.width <= 15 ? Number(value.toString()) : value.toString();
  }
  return String(value);
}

function shortenFloat(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
