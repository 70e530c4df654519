import { formatPatterns, notUriFragment } from "./format-patterns.ts";
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
    duration: short(matching(formatPatterns.duration)),
    hostname: short(matching(formatPatterns.hostname)),
    email: linear(formatPatterns.email),
    ipv4: linear(formatPatterns.ipv4),
    // Its 45 characters at most are many steps in RE2.
    ipv6: short(matching(formatPatterns.ipv6)),
    "json-pointer": linear(formatPatterns.jsonPointer),
    regex: (text) => patternFault(text) === null,
    time: isTime,
    uri: short((text) => notUriFragment.test(text) && formatPatterns.uri.test(text)),
    "uri-reference": short(matching(formatPatterns.uriReference)),
    // ajv-formats would take urn:uuid: in front.
    uuid: linear(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i),
  };
}

function matching(pattern: RegExp): Check {
  return (text) => pattern.test(text);
}
