/** Dates and times under a keyed shift: intervals and times of day stay, dates move by a patient's number of days. */

const DAY_MS = 86_400_000;

/**
 * A DA value moved by a number of days. Old `YYYY.MM.DD` is read too.
 * @returns eight digits, or null for what is no date of the calendar
 */
export function shiftDate(text: string, days: number): string | null {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text.trim());
  return match === null ? null : addDays(match[1]!, match[2]!, match[3]!, days);
}

/** A DT value moved by a number of days; a partial date keeps its precision, an offset from UTC goes. PS3.5 6.2 */
export function shiftDateTime(text: string, days: number): string | null {
  const match =
    /^(\d{4})(\d{2})?(\d{2})?(([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?(\.\d{1,6})?)?)?([+-]\d{4})?$/.exec(
      text.trim(),
    );
  if (match === null) return null;
  const [, year, month, day, time] = match;
  if (time !== undefined && day === undefined) return null;
  const moved = addDays(year!, month ?? '01', day ?? '01', days);
  if (moved === null) return null;
  return moved.slice(0, day !== undefined ? 8 : month !== undefined ? 6 : 4) + (time ?? '');
}

/** A TM value as it is, if it is a time of day. PS3.5 section 6.2 */
export function checkTime(text: string): string | null {
  const time = text.trim().replaceAll(':', '');
  return /^([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?$/.test(time) ? time : null;
}

function addDays(year: string, month: string, day: string, days: number): string | null {
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // The calendar of JavaScript takes 31 February for 3 March.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null;
  if (Number(year) < 1000) return null;
  const moved = new Date(date.getTime() + days * DAY_MS);
  if (moved.getUTCFullYear() < 1000) return null;
  return moved.toISOString().slice(0, 10).replaceAll('-', '');
}
