import { parse as parseArray } from "postgres-array";

/** Text of a value for Postgres, by type id; text of Postgres as a value, by type id. */
interface Converters {
  serializers: Record<string | number, (value: unknown) => string>;
  parsers: Record<string | number, (value: string) => unknown>;
}

const oid = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  json: 114,
  float4: 700,
  float8: 701,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
} as const;

/** The type of arrays of each type. Both drivers read a NULL in an array as the text "NULL". */
const arrayOid: Record<keyof typeof oid, number> = {
  bool: 1000,
  bytea: 1001,
  int8: 1016,
  int2: 1005,
  int4: 1007,
  text: 1009,
  json: 199,
  float4: 1021,
  float8: 1022,
  bpchar: 1014,
  varchar: 1015,
  date: 1182,
  timestamp: 1115,
  timestamptz: 1185,
  numeric: 1231,
  uuid: 2951,
  jsonb: 3807,
};

const elementParsers: Partial<Record<keyof typeof oid, (text: string) => unknown>> = {
  bool: (value) => value === "t",
  int8: Number,
  int2: Number,
  int4: Number,
  json: (value) => JSON.parse(value),
  float4: finiteNumber,
  float8: finiteNumber,
  timestamp: isoTime,
  timestamptz: isoTime,
  numeric: finiteNumber,
  jsonb: (value) => JSON.parse(value),
};

/**
 * Converts values as PostgREST does: in, Postgres itself parses what JSON held; out, the shapes of `to_json`
 * (numeric as a number, times in ISO 8601, bytea as `\x…`). lite's own converters refuse `true` for a text
 * column and `"t"` for a boolean one, and answer `"0.50"` and `2026-01-01 00:00:00+00`.
 */
export const postgrestTypes: Converters = {
  serializers: {
    [oid.bool]: text,
    [oid.bytea]: (value) => (value instanceof Uint8Array ? `\\x${Buffer.from(value).toString("hex")}` : text(value)),
    [oid.text]: text,
    [oid.json]: text,
    [oid.bpchar]: text,
    [oid.varchar]: text,
    [oid.date]: instant,
    [oid.timestamp]: instant,
    [oid.timestamptz]: instant,
    [oid.jsonb]: text,
  },
  parsers: {
    [oid.bytea]: (value) => value,
    [oid.timestamp]: isoTime,
    [oid.timestamptz]: isoTime,
    [oid.numeric]: finiteNumber,
  },
};
for (const [type, id] of Object.entries(arrayOid)) {
  const parseElement = Object.entries(elementParsers).find(([name]) => name === type)?.[1] ?? String;
  postgrestTypes.serializers[id] = (value) => (Array.isArray(value) ? arrayLiteral(value) : text(value));
  postgrestTypes.parsers[id] = (value) => parseArray(value, parseElement);
}

function arrayLiteral(items: readonly unknown[]): string {
  const elements = items.map((item) => {
    if (item === null || item === undefined) return "NULL";
    return Array.isArray(item) ? arrayLiteral(item) : `"${text(item).replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${elements.join(",")}}`;
}

/** `NaN` and `Infinity` stay text, as in JSON they have to. */
function finiteNumber(value: string): number | string {
  const number = Number(value);
  return Number.isFinite(number) ? number : value;
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}

function instant(value: unknown): string {
  return value instanceof Date ? value.toISOString() : text(value);
}

/** `2026-01-01 00:00:00.5+00` → `2026-01-01T00:00:00.5+00:00`; `infinity` and years BC stay as they are. */
function isoTime(value: string): string {
  return value.replace(
    /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(?:([+-]\d\d)(:\d\d)?)?$/,
    (_, date, time, zone, minutes) =>
      zone === undefined ? `${date}T${time}` : `${date}T${time}${zone}${minutes ?? ":00"}`,
  );
}
