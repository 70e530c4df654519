import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** The newest lines of a stream; the oldest fall out at `limit`. */
export interface LastLines {
  read(): readonly string[];
}

export function keepLastLines(streams: readonly Readable[], limit = 200): LastLines {
  const lines: string[] = [];
  for (const input of streams) {
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      if (lines.length > limit) lines.shift();
    });
  }
  return { read: () => lines };
}
