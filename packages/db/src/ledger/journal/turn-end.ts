/**
 * Runs work at the end of the event loop's turn, so that all of a turn shares one write. Where hardly anything is under
 * way there is nothing to wait for: then it runs as soon as the code that is running now has ended.
 */
export class TurnEnd {
  readonly #work: () => void;
  #immediate: NodeJS.Immediate | undefined;
  #isDue = false;

  constructor(work: () => void) {
    this.#work = work;
  }

  schedule(isQuiet: boolean): void {
    if (this.#isDue) return;
    this.#isDue = true;
    if (isQuiet) process.nextTick(this.#run);
    else this.#immediate = setImmediate(this.#run);
  }

  /** The work is being done. */
  clear(): void {
    this.#isDue = false;
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }

  readonly #run = (): void => {
    if (this.#isDue) this.#work();
  };
}
