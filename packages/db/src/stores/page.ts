import { longestAnswer } from "./longest-answer.ts";

export interface Page<Row> {
  readonly rows: Row[];
  /** Hand it back as `cursor` for the next page; null after the last. */
  readonly next_cursor: string | null;
}

export interface KeysetList<Row> {
  /** Where the page before ended. */
  readonly cursor: string | undefined;
  /** What the list is ordered by. */
  readonly cursorOf: (row: Row) => string;
  /** At most `count` rows behind `cursor`, in the list's order. */
  readonly read: (cursor: string | undefined, count: number) => Promise<Row[]>;
}

/**
 * Reads a keyset list until it has `count` rows or there are no more: the project's `max_rows` may cut an answer off
 * without saying so. One for each project, since it remembers how long answers can be.
 */
export function rowReader() {
  const answers = longestAnswer();
  return async <Row>({ cursor, cursorOf, read }: KeysetList<Row>, count: number): Promise<Row[]> => {
    const rows = await read(cursor, count);
    let part = rows.length;
    while (rows.length < count && answers.mayBeCut(part)) {
      answers.note(part);
      const last = rows.at(-1);
      const next = last === undefined ? [] : await read(cursorOf(last), count - rows.length);
      part = next.length;
      rows.push(...next);
    }
    answers.note(part);
    return rows;
  };
}
export type RowReader = ReturnType<typeof rowReader>;

/** One page of `limit` rows out of a list that was read for one more. */
export function pageOfRows<Row>(rows: readonly Row[], limit: number, cursorOf: (row: Row) => string): Page<Row> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next_cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** One page, however the project's `max_rows` cuts its answers. */
export async function readPage<Row>(
  readRows: RowReader,
  list: KeysetList<Row> & { readonly limit: number },
): Promise<Page<Row>> {
  return pageOfRows(await readRows(list, list.limit + 1), list.limit, list.cursorOf);
}
