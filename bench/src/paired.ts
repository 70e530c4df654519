/** What one contender did in one slice of time. */
export interface Slice {
  /** Operations a second. */
  readonly throughput: number;
  /** Of the contender's process, an operation. */
  readonly cpuMicroseconds: number;
  readonly p99Ms: number;
}

export type Metric = keyof Slice;

export interface Contender extends AsyncDisposable {
  /** Runs `callers` at once, each beginning its next operation when the last one ended. */
  slice(callers: number, milliseconds: number): Promise<Slice>;
}

export interface Pace {
  readonly rounds: number;
  readonly sliceMs: number;
}

/** At least 15 rounds, or a median says too little on a machine that others use too. */
export const PACE: Pace = { rounds: 15, sliceMs: 500 };

const WARM_UP = 2;
/** Rounds after which what an operation runs is compiled: a program runs for days, and not for the first seconds of them. */
const COMPILED = 10;

/** One slice a contender and round. */
export type Rounds<Name extends string> = readonly Readonly<Record<Name, Slice>>[];

/** The contenders take turns, so that what else the machine does meets all of them; who begins changes with the round. */
export async function takeTurns<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  callers: number,
  { rounds, sliceMs }: Pace,
): Promise<Rounds<Name>> {
  const names = namesOf(contenders);
  const kept: Record<Name, Slice>[] = [];
  for (let round = -WARM_UP; round < rounds; round++) {
    const slices = new Map<Name, Slice>();
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      slices.set(name, await contenders[name].slice(callers, sliceMs));
    }
    if (round >= 0) kept.push(recordOf(names, slices));
  }
  return kept;
}

/**
 * To be done once, before the first turns: the more code a contender runs, the longer V8 compiles it. In turns too, for V8
 * takes memory and code away from a process that does nothing for seconds, and then it begins anew.
 */
export async function warmUp<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  callers: number,
  pace: Pace,
): Promise<void> {
  await takeTurns(contenders, callers, { ...pace, rounds: COMPILED });
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  const [min] = sorted;
  const max = sorted.at(-1);
  if (middle === undefined || min === undefined || max === undefined) throw new Error("nothing was measured");
  return { min, median: middle, max };
}

/** The ratio of each round's pair. */
export function ratio<Name extends string>(rounds: Rounds<Name>, of: Name, to: Name, metric: Metric): Spread {
  return spread(rounds.map((round) => round[of][metric] / round[to][metric]));
}

export function figure<Name extends string>(rounds: Rounds<Name>, of: Name, metric: Metric): Spread {
  return spread(rounds.map((round) => round[of][metric]));
}

/** @param share of the values that are not above it: 0.95 for the 95th */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

function namesOf<Name extends string>(record: Readonly<Record<Name, unknown>>): Name[] {
  const names: Name[] = [];
  for (const name in record) names.push(name);
  return names;
}

function recordOf<Name extends string>(names: readonly Name[], slices: ReadonlyMap<Name, Slice>): Record<Name, Slice> {
  const entries: Partial<Record<Name, Slice>> = {};
  for (const name of names) {
    const slice = slices.get(name);
    if (slice !== undefined) entries[name] = slice;
  }
  if (!isWhole(names, entries)) throw new Error("a contender has no slice");
  return entries;
}

function isWhole<Name extends string>(
  names: readonly Name[],
  entries: Partial<Record<Name, Slice>>,
): entries is Record<Name, Slice> {
  return names.every((name) => entries[name] !== undefined);
}
