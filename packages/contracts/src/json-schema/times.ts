/** Digits of a second beyond these are lost in Postgres anyway; its parser ends not far above. */
const textLimit = 64;

const datePattern = /^(\d{4})-(\d\d)-(\d\d)$/;
const dateTimePattern = /^(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
/** The minutes of the offset may be missing: Postgres gives a time back as `10:00:00+00`. */
const timePattern = /^(\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d(?::?\d\d)?)$/;

const firstInstant = Date.parse("0001-01-01T00:00:00Z");
const endOfInstants = Date.parse("+010000-01-01T00:00:00Z");

/** A day of the years 0001 to 9999 (RFC 3339 full-date, as far as Postgres writes it in four digits). */
export function isDate(text: string): boolean {
  const [, year, month, day] = (text.length <= textLimit && datePattern.exec(text)) || [];
  if (year === undefined || month === undefined || day === undefined || Number(year) === 0) return false;
  return Number(day) >= 1 && Number(day) <= daysOf(Number(year), Number(month));
}

/**
 * An instant (RFC 3339 date-time, leap seconds included) that a timestamptz holds and gives back in four digits of a
 * year: 0001 to 9999 in UTC, with an offset below 16 hours.
 */
export function isDateTime(text: string): boolean {
  const match = text.length <= textLimit ? dateTimePattern.exec(text) : null;
  if (match === null) return false;
  const [, date = "", hour = "", minute = "", second = "", fraction = "", offset = ""] = match;
  const shift = offsetMinutes(offset);
  if (!isDate(date) || !isClock(hour, minute, second)) {
    return false;
  }
  if (shift === null) return false;
  const start = Date.parse(`${date}T${hour}:${minute}:00Z`) - shift * 60_000;
  if (second === "60" && new Date(start).toISOString().slice(-13, -8) !== "23:59") return false;
  const at = start + Number(second) * 1000;
  const rounded = at + (isWholeSecond(fraction) ? 1000 : 0);
  return at >= firstInstant && rounded < endOfInstants;
}

/** A time of day with an offset (RFC 3339 full-time), without leap seconds, which a timetz cannot give back. */
export function isTime(text: string): boolean {
  const match = text.length <= textLimit ? timePattern.exec(text) : null;
  if (match === null) return false;
  const [, hour = "", minute = "", second = "", fraction = "", offset = ""] = match;
  const isLast = `${hour}${minute}${second}` === "235959";
  if (second === "60" || offsetMinutes(offset) === null || !isClock(hour, minute, second)) return false;
  return !(isLast && isWholeSecond(fraction));
}

function daysOf(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isClock(hour: string, minute: string, second: string): boolean {
  return Number(hour) <= 23 && Number(minute) <= 59 && Number(second) <= 60;
}

/** Whether Postgres, which keeps six digits, would round the fraction up to the next second. */
function isWholeSecond(fraction: string): boolean {
  return fraction !== "" && Math.round(Number(`0${fraction}`) * 1e6) === 1e6;
}

/** Null when Postgres takes no such offset. */
function offsetMinutes(offset: string): number | null {
  if (/^[Zz]$/.test(offset)) return 0;
  const digits = offset.replaceAll(/\D/g, "");
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 15 || minutes > 59) return null;
  return (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
