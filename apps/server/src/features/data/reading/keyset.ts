import { z } from "zod";
import { type DataListInput, type DataRow, textSchema } from "@waybill/contracts";

/** A column that a page is ordered by. Key columns are never null. */
export interface OrderColumn {
  readonly column: string;
  readonly ascending: boolean;
  readonly nullable: boolean;
  /** Under which name a row brings the value: another than the column's where only its text is the value itself. */
  readonly place: string;
}

type Scalar = string | number | boolean;

const cursorShape = z.tuple([z.string(), z.array(z.union([textSchema, z.number(), z.boolean(), z.null()]))]);

/**
 * The caller's order, made total by the primary key, so that every row has one place.
 *
 * @param asText columns whose values JSON may change on their way: a cursor with a neighbour's value would skip rows
 */
export function totalOrder(
  order: DataListInput["order"],
  primaryKey: readonly string[],
  asText: (column: string) => boolean = () => false,
): OrderColumn[] {
  const places = new Map<string, OrderColumn>();
  const byKey = primaryKey.map((column) => ({ column, direction: "asc" as const }));
  for (const { column, direction } of [...(order ?? []), ...byKey]) {
    if (places.has(column)) continue;
    // no column begins with a digit
    const place = asText(column) ? `${places.size}_` : column;
    places.set(column, { column, ascending: direction === "asc", nullable: !primaryKey.includes(column), place });
  }
  return [...places.values()];
}

/** What a row is to be selected with besides, as PostgREST's `select` goes on after the columns: `,0_:amount::text`. */
export function textPlaces(order: readonly OrderColumn[]): string {
  return order
    .filter(({ column, place }) => place !== column)
    .map(({ column, place }) => `,${place}:${column}::text`)
    .join("");
}

/** Where `row` stands in the order; null if one of its values is no scalar. */
export function encodeCursor(order: readonly OrderColumn[], row: DataRow): string | null {
  const values = order.map(({ place }) => row[place] ?? null);
  if (values.some((value) => typeof value === "object" && value !== null)) return null;
  return Buffer.from(JSON.stringify([signature(order), values])).toString("base64url");
}

/** The values in a cursor; null if it was not made for this order. */
export function decodeCursor(order: readonly OrderColumn[], cursor: string): (Scalar | null)[] | null {
  try {
    const [madeFor, values] = cursorShape.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
    const fits = madeFor === signature(order) && values.length === order.length;
    return fits && values.every((value, index) => value !== null || order[index]?.nullable === true) ? values : null;
  } catch {
    return null;
  }
}

function signature(order: readonly OrderColumn[]): string {
  return order.map(({ column, ascending }) => (ascending ? column : `-${column}`)).join(",");
}

/**
 * The rows behind a cursor, as the inside of PostgREST's `or=(…)`. Nulls come last in either direction:
 * behind a value stand the greater ones (descending: the lesser) and null; behind null stands nothing.
 */
export function behind(order: readonly OrderColumn[], values: readonly (Scalar | null)[]): string {
  const terms: string[] = [];
  const equal: string[] = [];
  for (const [index, place] of order.entries()) {
    const value = values[index] ?? null;
    const past = pastValue(place, value);
    if (past !== null) terms.push(equal.length === 0 ? past : `and(${[...equal, past].join(",")})`);
    equal.push(value === null ? `${place.column}.is.null` : `${place.column}.eq.${quoteValue(value)}`);
  }
  return terms.join(",");
}

function pastValue({ column, ascending, nullable }: OrderColumn, value: Scalar | null): string | null {
  if (value === null) return null;
  const past = `${column}.${ascending ? "gt" : "lt"}.${quoteValue(value)}`;
  return nullable ? `or(${past},${column}.is.null)` : past;
}

/** A value inside a list or a logical expression of PostgREST, where commas, dots and brackets have a meaning. */
export function quoteValue(value: Scalar): string {
  return typeof value === "string" ? `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"` : String(value);
}
