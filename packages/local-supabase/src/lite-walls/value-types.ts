/** Text of a value for Postgres, by type id; text of Postgres as a value, by type id. */
interface Converters {
  serializers: Record<string | number, (value: unknown) => string>;
  parsers: Record<string | number, (value: string) => unknown>;
}

const oid = {
  bool: 16,
  bytea: 17,
  text: 25,
  json: 114,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  jsonb: 3802,
} as const;

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
    [oid.numeric]: (value) => {
      const number = Number(value);
      return Number.isFinite(number) ? number : value;
    },
  },
};

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
