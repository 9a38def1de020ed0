/**
 * Dates and times under a keyed shift: every date of a patient moves by the same number of days, so that intervals stay
 * to the day, and times of day stay as they are. PS3.5 section 6.2 has the forms.
 */

const DAY_MS = 86_400_000;

/**
 * A DA value, or a range of them (`A-B`, `A-`, `-B`), moved by a number of days. Old `YYYY.MM.DD` is read too.
 * @returns eight digits for each date, or null for what is no date of the calendar: a year alone is none (DA has no
 *   partial dates)
 */
export function shiftDate(text: string, days: number): string | null {
  return shiftRange(text.trim(), (date) => {
    const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(date.trim());
    return match === null ? null : addDays(match[1]!, match[2]!, match[3]!, days);
  });
}

/** An offset from UTC is the last thing of a DT, four digits with a sign: `-0500` there is no end of a range. */
const DATE_TIME =
  /^(\d{4})(\d{2})?(\d{2})?(([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?(\.\d{1,6})?)?)?([+-](0\d|1[0-4])[0-5]\d)?$/;

/**
 * A DT value or a range of them, moved by a number of days. A partial date is taken as its first day and keeps its
 * precision, so that intervals between partial dates stay to within that precision.
 * @param keepsOffset whether an offset from UTC stays. Under a shift it goes, since it tells where the scanner stands:
 *   what is kept are intervals of the local clock, as between DA and TM
 */
export function shiftDateTime(text: string, days: number, keepsOffset = false): string | null {
  const shiftOne = (value: string): string | null => {
    const match = DATE_TIME.exec(value.trim());
    if (match === null) return null;
    const [, year, month, day, time, , , , , offset] = match;
    if (time !== undefined && day === undefined) return null;
    const moved = addDays(year!, month ?? '01', day ?? '01', days);
    if (moved === null) return null;
    const date = moved.slice(0, day !== undefined ? 8 : month !== undefined ? 6 : 4);
    return date + (time ?? '') + (keepsOffset ? (offset ?? '') : '');
  };
  return shiftOne(text) ?? shiftRange(text.trim(), shiftOne);
}

/** A TM value as it is, if it is a time of day. PS3.5 section 6.2 */
export function checkTime(text: string): string | null {
  const time = text.trim().replaceAll(':', '');
  return /^([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?$/.test(time) ? time : null;
}

/** Either end may be open, not both. The hyphen of an offset from UTC is not that of a range. PS3.4 C.2.2.2.5 */
function shiftRange(text: string, shiftOne: (value: string) => string | null): string | null {
  const whole = shiftOne(text);
  if (whole !== null) return whole;
  for (let hyphen = text.indexOf('-'); hyphen >= 0; hyphen = text.indexOf('-', hyphen + 1)) {
    const ends = [text.slice(0, hyphen), text.slice(hyphen + 1)];
    if (ends.every((end) => end === '')) return null;
    const shifted = ends.map((end) => (end === '' ? '' : shiftOne(end)));
    if (!shifted.includes(null)) return shifted.join('-');
  }
  return null;
}

function addDays(year: string, month: string, day: string, days: number): string | null {
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // The calendar of JavaScript takes 31 February for 3 March.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null;
  if (Number(year) < 1000) return null;
  const moved = new Date(date.getTime() + days * DAY_MS);
  if (moved.getUTCFullYear() < 1000 || moved.getUTCFullYear() > 9999) return null;
  return moved.toISOString().slice(0, 10).replaceAll('-', '');
}
