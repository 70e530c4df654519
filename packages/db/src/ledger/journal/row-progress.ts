/** How far the flush of one journal has come, with batches that are acknowledged in any order. */
export class RowProgress {
  #read = 0;
  /** Where each batch under way begins, in ascending order. */
  #underWay = new Set<number>();
  /** Rows that are in the database or set aside, in any order. */
  flushed = 0;

  /** All rows before this one are flushed. */
  get flushedTo(): number {
    const [first] = this.#underWay;
    return first ?? this.#read;
  }

  /** A batch of so many rows was read; to be called when it is flushed. */
  take(rows: number): () => void {
    const underWay = this.#underWay;
    const start = this.#read;
    this.#read += rows;
    underWay.add(start);
    return () => {
      // false for a second call, and for a batch of a directory that was left
      if (underWay.delete(start) && underWay === this.#underWay) this.flushed += rows;
    };
  }

  /** A row that is skipped for good. */
  skip(): void {
    this.#read += 1;
    this.flushed += 1;
  }

  /** The rows before this one are out of reach: what is counted begins there. */
  restart(row: number): void {
    this.#read = row;
    this.flushed = row;
    this.#underWay = new Set();
  }
}
