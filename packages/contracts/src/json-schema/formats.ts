import { fullFormats } from "ajv-formats/dist/formats.js";
import { isDate, isDateTime, isTime } from "./times.ts";
import { linearPattern, patternFault } from "./pattern.ts";

type Check = (text: string) => boolean;

/** Longest text of a format that no linear-time pattern checks; real ones are far shorter. */
const formatTextLimit = 2048;

/** The formats that a model's fields may use. */
export const formatNames = [
  "date",
  "date-time",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "json-pointer",
  "regex",
  "time",
  "uri",
  "uri-reference",
  "uuid",
] as const;

/**
 * A check for each format: ajv-formats' own, on the linear-time engine wherever that can run it. Those that a column's
 * type in Postgres holds as well (date, date-time, time, uuid) take only what that type takes.
 */
export function formatChecks(): Record<(typeof formatNames)[number], Check> {
  const linear = (format: RegExp): Check => {
    const pattern = linearPattern(format.ignoreCase ? `(?i:${format.source})` : format.source);
    return (text) => pattern.test(text);
  };
  const short =
    (check: Check): Check =>
    (text) =>
      text.length <= formatTextLimit && check(text);
  return {
    date: isDate,
    "date-time": isDateTime,
    // These two look ahead, which RE2 cannot; both run in linear time as they are.
    duration: short(checkOf(fullFormats.duration)),
    hostname: short(checkOf(fullFormats.hostname)),
    email: linear(regExpOf(fullFormats.email)),
    ipv4: linear(regExpOf(fullFormats.ipv4)),
    // Its 45 characters at most are many steps in RE2.
    ipv6: short(checkOf(fullFormats.ipv6)),
    "json-pointer": linear(regExpOf(fullFormats["json-pointer"])),
    regex: (text) => patternFault(text) === null,
    time: isTime,
    uri: short(checkOf(fullFormats.uri)),
    "uri-reference": short(checkOf(fullFormats["uri-reference"])),
    // ajv-formats would take urn:uuid: in front.
    uuid: linear(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i),
  };
}

function checkOf(format: unknown): Check {
  if (format instanceof RegExp) return (text) => format.test(text);
  const check = typeof format === "object" && format !== null && "validate" in format ? format.validate : format;
  if (typeof check !== "function")
    throw new TypeError("ajv-formats gives a format in a way that Waybill does not know");
  return (text) => Boolean(check(text));
}

function regExpOf(format: unknown): RegExp {
  if (format instanceof RegExp) return format;
  throw new TypeError("ajv-formats gives a format in a way that Waybill does not know");
}
