import type { Socket } from "node:net";
import { frameLength, maxFrameBytes, takeFrame, takeOpening, type Frame, type Opening } from "./wire-protocol.ts";

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
      if ((await this.#fill(this.#buffer.length + 1, deadlineMs)) !== "more") return undefined;
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
      const more = await this.#fill(frameLength(this.#buffer), deadlineMs);
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

  /** Reads until the buffer has `length` bytes; joined once, since a message of megabytes comes in many chunks. */
  async #fill(length: number, deadlineMs: number | undefined): Promise<"more" | "ended" | "late"> {
    const chunks = [this.#buffer];
    let outcome: "more" | "ended" | "late" = "more";
    for (let bytes = this.#buffer.length; bytes < length && outcome === "more";) {
      const chunk = await this.#next(deadlineMs);
      if (typeof chunk === "string") outcome = chunk;
      else {
        chunks.push(chunk);
        bytes += chunk.length;
      }
    }
    if (chunks.length > 1) this.#buffer = Buffer.concat(chunks);
    return outcome;
  }

  async #next(deadlineMs: number | undefined): Promise<Buffer | "ended" | "late"> {
    this.#pending ??= this.#chunks.next();
    const next = await withDeadline(this.#pending, deadlineMs).catch(() => undefined);
    if (next === "late") return "late";
    this.#pending = undefined;
    return next === undefined || next.done === true ? "ended" : next.value;
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
