import { z } from "zod";
import { nonEmptyText, uuidSchema } from "./text.ts";

/** How many rows a page of the four entities holds: 1–200, by default 50. */
export const pageLimitSchema = z
  .int({ error: "must be a whole number" })
  .min(1, { error: "must be at least 1" })
  .max(200, { error: "must be at most 200; ask for the next page with next_cursor" })
  .default(50);

/** An opaque place in a list; hand back `next_cursor` as it came. */
export const cursorSchema = nonEmptyText(1024);

/** The cursor of a list that is ordered by a UUID: the last id of the page before. */
export const uuidCursorSchema = uuidSchema;

/** One page: its rows, and the cursor of the next page or null after the last. */
export function pageOf<Row extends z.ZodType>(row: Row) {
  return z.object({ rows: z.array(row), next_cursor: cursorSchema.nullable() });
}
