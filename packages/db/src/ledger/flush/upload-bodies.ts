const OPEN = '{"operations":[';
const CLOSE = "]}";
const COMMA = 0x2c;

/** Makes rows into the body of a call of `record_operations`, in memory that is used again: fresh memory is dear. */
export class UploadBodies {
  readonly #most: number;
  readonly #spare: Buffer[] = [];

  /** @param most buffers kept for the next body */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param rows one at the least. The body is to be released only when nothing of it waits to be sent. */
  of(rows: readonly Buffer[]): { readonly bytes: Buffer; release(): void } {
    let length = OPEN.length + CLOSE.length;
    for (const row of rows) length += row.length + 1;
    const buffer = this.#bufferOf(length);
    let at = buffer.write(OPEN, "latin1");
    for (const row of rows) {
      at += row.copy(buffer, at);
      buffer[at++] = COMMA;
    }
    buffer.write(CLOSE, at - 1, "latin1");
    const bytes = buffer.subarray(0, at - 1 + CLOSE.length);
    const release = (): void => {
      if (this.#spare.length < this.#most) this.#spare.push(buffer);
    };
    return { bytes, release };
  }

  #bufferOf(length: number): Buffer {
    const spare = this.#spare.pop();
    if (spare !== undefined && spare.length >= length) return spare;
    // a batch grows by half: so does its buffer
    return Buffer.allocUnsafeSlow(length + (length >> 1));
  }
}
