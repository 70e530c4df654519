import type { Socket } from "node:net";
import { maxFrameBytes, takeFrame, takeOpening, type Frame, type Opening } from "./wire-protocol.ts";

/** What follows a batch is only sent once the client has read its answer, or the batch would not be whole yet. */
const endsBatch = new Set(["Q", "S", "H", "F", "c", "f", "X"]);

/** Reads whole messages off a socket, one caller at a time; a client that sends faster than it is served has to wait. */
export class SocketReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #pending: Promise<IteratorResult<Buffer>> | undefined;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async opening(deadlineMs: number): Promise<Opening | undefined> {
    for (;;) {
      const taken = takeOpening(this.#buffer);
      if (taken) {
        this.#buffer = taken.rest;
        return taken.opening;
      }
      if ((await this.#more(deadlineMs)) !== "more") return undefined;
    }
  }

  /** The next message, `ended` when the client left, or `late` after `deadlineMs` (undefined: waits for ever). */
  async frame(deadlineMs: number | undefined): Promise<Frame | "ended" | "late"> {
    for (;;) {
      const taken = takeFrame(this.#buffer);
      if (taken) {
        this.#buffer = taken.rest;
        return taken.frame;
      }
      const more = await this.#more(deadlineMs);
      if (more !== "more") return more;
    }
  }

  /** Messages up to one that makes the server answer. */
  async batch(deadlineMs: number | undefined): Promise<Frame[] | "ended" | "late"> {
    const frames: Frame[] = [];
    let bytes = 0;
    for (;;) {
      const frame = await this.frame(deadlineMs);
      if (typeof frame === "string") return frame;
      if (frame.type === "X") return "ended";
      frames.push(frame);
      bytes += frame.bytes.length;
      if (bytes > maxFrameBytes) throw new Error(`a batch of more than ${maxFrameBytes} bytes is refused`);
      if (endsBatch.has(frame.type)) return frames;
    }
  }

  async #more(deadlineMs: number | undefined): Promise<"more" | "ended" | "late"> {
    this.#pending ??= this.#chunks.next();
    const next = await withDeadline(this.#pending, deadlineMs).catch(() => undefined);
    if (next === "late") return "late";
    this.#pending = undefined;
    if (next === undefined || next.done === true) return "ended";
    this.#buffer = this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value]);
    return "more";
  }
}

async function withDeadline<T>(work: Promise<T>, deadlineMs: number | undefined): Promise<T | "late"> {
  if (deadlineMs === undefined) return work;
  const { promise, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), deadlineMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
