/**
 * In which share of all pairs the first is the greater one; a draw counts half (the statistic of Mann and Whitney). One
 * half says that neither group can be told from the other by its size, whatever the unit and however far some are out.
 */
export function greaterShare(first: readonly number[], second: readonly number[]): number {
  let greater = 0;
  for (const one of first) for (const other of second) greater += one > other ? 1 : one === other ? 0.5 : 0;
  return greater / (first.length * second.length);
}

/** The standard deviation of that share when chance alone parts the groups. */
export function spreadOfShare(first: number, second: number): number {
  return Math.sqrt((first + second + 1) / (12 * first * second));
}
