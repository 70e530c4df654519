/**
 * Types of one family hold the same JSON values in the same way: a foreign key may lead from one to the other.
 * `opaque` types read their own text, and only the database knows which.
 */
export type TypeFamily =
  | "array"
  | "boolean"
  | "date"
  | "float"
  | "integer"
  | "json"
  | "numeric"
  | "opaque"
  | "text"
  | "timestamptz"
  | "timetz"
  | "uuid";

/** A column's type as Waybill writes it in SQL, and what a value must keep to for the type to hold it unchanged. */
export interface PostgresType {
  readonly name: string;
  readonly family: TypeFamily;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly format?: "date" | "date-time" | "time" | "uuid";
}

const range = (limit: number) => ({ minimum: -limit, maximum: limit });

/** JSON numbers are doubles to every JavaScript reader: a larger integer would come back as its neighbour. */
const safe = range(Number.MAX_SAFE_INTEGER);

const plain: readonly PostgresType[] = [
  { name: "smallint", family: "integer", minimum: -32_768, maximum: 32_767 },
  { name: "integer", family: "integer", minimum: -2_147_483_648, maximum: 2_147_483_647 },
  { name: "bigint", family: "integer", ...safe },
  { name: "numeric", family: "numeric" },
  { name: "double precision", family: "float" },
  { name: "real", family: "float", ...range(3.4028234663852886e38) },
  { name: "boolean", family: "boolean" },
  { name: "text", family: "text" },
  { name: "varchar", family: "text" },
  { name: "uuid", family: "uuid", format: "uuid" },
  { name: "timestamptz", family: "timestamptz", format: "date-time" },
  { name: "date", family: "date", format: "date" },
  { name: "timetz", family: "timetz", format: "time" },
  { name: "jsonb", family: "json" },
  { name: "json", family: "json" },
  ...["bytea", "cidr", "inet", "interval", "macaddr", "time", "timestamp"].map((name): PostgresType => ({
    name,
    family: "opaque",
  })),
];

const aliases: Readonly<Record<string, string>> = {
  int2: "smallint",
  int: "integer",
  int4: "integer",
  int8: "bigint",
  decimal: "numeric",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  "character varying": "varchar",
  "timestamp with time zone": "timestamptz",
  "timestamp without time zone": "timestamp",
  "time with time zone": "timetz",
  "time without time zone": "time",
};

/** Types that `x-pg` may name, for messages. */
export const postgresTypeNames = (): string =>
  [...plain.map(({ name }) => name), "varchar(n)", "numeric(p,s)"].join(", ");

/** The type that `x-pg` names; null for one that Waybill does not know. `[]` makes an array of it. */
export function postgresTypeOf(text: string): PostgresType | null {
  const match = /^([a-z0-9_ ]+?)(?:\((\d{1,4})(?:, ?(\d{1,4}))?\))?(\[\])?$/.exec(text);
  if (match === null) return null;
  const [, word = "", first, second, list] = match;
  const name = Object.hasOwn(aliases, word) ? aliases[word] : word;
  const base = plain.find((type) => type.name === name);
  const type = base === undefined ? null : withModifiers(base, first, second);
  if (type === null || list === undefined) return type;
  return type.family === "json" ? null : { name: `${type.name}[]`, family: "array" };
}

function withModifiers(base: PostgresType, first?: string, second?: string): PostgresType | null {
  if (first === undefined) return base;
  const size = Number(first);
  if (base.name === "varchar" && second === undefined && size > 0) {
    return { ...base, name: `varchar(${size})`, maxLength: size };
  }
  const scale = Number(second ?? 0);
  if (base.name !== "numeric" || size < 1 || size > 1000 || scale > size) return null;
  const name = `numeric(${size},${scale})`;
  // Beyond 15 digits a double no longer tells the largest value from the one above it.
  if (size > 15) return { ...base, name };
  return { ...base, name, ...range(Number(`${"9".repeat(size - scale)}.${"9".repeat(scale)}0`)) };
}
