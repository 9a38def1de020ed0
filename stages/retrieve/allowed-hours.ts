/** When a PACS may be asked. */

export interface AllowedHours {
  /** `HH:MM`, in the time zone. */
  from: string;
  to: string;
  time_zone: string;
}

const MINUTES_A_DAY = 24 * 60;

/**
 * How long to wait until the hours begin; 0 within them. Equal times mean the whole day; hours may pass midnight.
 * @throws RangeError when the time zone is not known
 */
export function msUntilAllowed(hours: AllowedHours | undefined, now: Date): number {
  if (hours === undefined) return 0;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: hours.time_zone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value ?? 0);
  const minute = part('hour') * 60 + part('minute');
  const from = minuteOf(hours.from);
  const to = minuteOf(hours.to);
  const isWithin = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  if (from === to || isWithin) return 0;
  const minutes = (from - minute + MINUTES_A_DAY) % MINUTES_A_DAY;
  return (minutes * 60 - part('second')) * 1000;
}

function minuteOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}
