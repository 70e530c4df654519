import { Presets, SingleBar } from "cli-progress";

/** The part of a terminal's stream that is needed here. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** How far a long job is. */
export interface Progress {
  /** So many more are done. */
  add(count: number): void;
  stop(): void;
}

/**
 * A bar on a terminal; elsewhere (a log, a pipe) one line at each quarter, since a bar would fill it with escapes.
 * `total` counts the things named in `label`, e.g. `("airports", 3376)`.
 */
export function openProgress(label: string, total: number, stream: ProgressStream = process.stdout): Progress {
  return stream.isTTY ? openBar(label, total, stream) : openLines(label, total, stream);
}

function openBar(label: string, total: number, stream: ProgressStream): Progress {
  const format = `  ${label.padEnd(10)} {bar} {value}/{total}  {duration_formatted}`;
  const bar = new SingleBar({ format, stream, hideCursor: true, barsize: 30 }, Presets.shades_classic);
  bar.start(total, 0);
  return { add: (count) => bar.increment(count), stop: () => bar.stop() };
}

function openLines(label: string, total: number, stream: ProgressStream): Progress {
  let done = 0;
  let quarter = 0;
  return {
    add(count) {
      done += count;
      const reached = total === 0 ? 4 : Math.floor((4 * done) / total);
      if (reached > quarter) stream.write(`  ${label}: ${done} of ${total}\n`);
      quarter = Math.max(quarter, reached);
    },
    stop() {},
  };
}
