/** Durations and moments as options spell them. */

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DURATION = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d|w)?$/;
/** What a duration must be, in words that follow "must be". */
export const EXPECTED_DURATION = "like 30s, 5m, 2h or 1d, or a number of seconds";
const EPOCH = /^\d{1,12}$/;
const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|([+\- ])(\d\d):(\d\d))$/;
/** The end of the year 9999, epoch seconds: later ones have no RFC 3339 form. */
const LAST_MOMENT = 253_402_300_799;

/** `30s`, `5m`, `1.5h`, `250ms`, or seconds without a unit. Answers milliseconds. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * UNITS[match[2] ?? "s"]!);
}

/** Milliseconds as `1 second`, `0.1 seconds`. */
export function secondsText(ms: number): string {
  return ms === 1000 ? "1 second" : `${ms / 1000} seconds`;
}

/**
 * An RFC 3339 time or seconds since 1970. Answers epoch seconds; a fraction is rounded up, so that
 * nothing runs too early. A `+` that came out of a query as a space still is an offset's sign.
 */
export function parseMoment(text: string): number | undefined {
  const moment = momentIn(text);
  const seconds = moment && Math.max(0, moment.seconds + (moment.fraction > 0 ? 1 : 0));
  return seconds === undefined || seconds > LAST_MOMENT ? undefined : seconds;
}

/** The same as milliseconds since 1970, which may be negative. */
export function parseMomentMs(text: string): number | undefined {
  const moment = momentIn(text);
  return moment && moment.seconds * 1000 + Math.floor(moment.fraction * 1000);
}

interface Moment {
  /** Since 1970. */
  readonly seconds: number;
  /** Of a second. */
  readonly fraction: number;
}

function momentIn(text: string): Moment | undefined {
  return EPOCH.test(text) ? { seconds: Number(text), fraction: 0 } : parseRfc3339(text);
}

function parseRfc3339(text: string): Moment | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Sextuple;
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  const daysOfMonth = new Date(Date.UTC(2000 + year % 400, month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth) return undefined;
  // 23:59:60 is a leap second: the next minute begins after it.
  if (hour > 23 || minute > 59 || second > 60 || offsetHours > 23 || offsetMinutes > 59) {
    return undefined;
  }
  const offset = (match[8] === "-" ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return { seconds: date.getTime() / 1000 - offset, fraction: Number(match[7] ?? 0) };
}

type Sextuple = [number, number, number, number, number, number];
