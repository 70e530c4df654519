/** How long an answer of the Data API may be, as far as answers have shown. */
export interface LongestAnswer {
  /** Whether an answer of so many rows, fewer than were asked for, may have been cut off at the project's `max_rows`. */
  mayBeCut(rows: number): boolean;
  note(rows: number): void;
}

/**
 * The Data API cuts an answer off at the project's `max_rows` (1000 by default) and does not say so: a short page is
 * the last one only if a longer answer came before. A project's limit is read once, like its other settings: where it
 * is lowered later, the server has to be restarted.
 */
export function longestAnswer(): LongestAnswer {
  let longest = 0;
  return {
    mayBeCut: (rows) => rows > 0 && rows >= longest,
    note(rows) {
      longest = Math.max(longest, rows);
    },
  };
}
