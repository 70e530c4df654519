/** To be looked into only. */
export type HeaderLookup = Pick<ReadonlyMap<string, string>, "get" | "has">;

/**
 * The headers of a request, names in lower case and each once. A request has few: looking through them costs less than a
 * Map, and they stand as they are sent.
 */
export class RequestHeaders implements HeaderLookup, Iterable<[string, string]> {
  readonly #flat: string[] = [];

  constructor(given: Iterable<readonly [string, string]> = []) {
    for (const [name, value] of given) this.#flat.push(name, value);
  }

  get(name: string): string | undefined {
    const at = this.#indexOf(name);
    return at === -1 ? undefined : this.#flat[at + 1];
  }

  has(name: string): boolean {
    return this.#indexOf(name) !== -1;
  }

  set(name: string, value: string): void {
    const at = this.#indexOf(name);
    if (at === -1) this.#flat.push(name, value);
    else this.#flat[at + 1] = value;
  }

  delete(name: string): void {
    const at = this.#indexOf(name);
    if (at !== -1) this.#flat.splice(at, 2);
  }

  /** Name, value, name, value… */
  flat(): string[] {
    return [...this.#flat];
  }

  *[Symbol.iterator](): Generator<[string, string], undefined> {
    for (let at = 0; at < this.#flat.length; at += 2) yield [this.#flat[at] ?? "", this.#flat[at + 1] ?? ""];
  }

  #indexOf(name: string): number {
    const flat = this.#flat;
    for (let at = 0; at < flat.length; at += 2) if (flat[at] === name) return at;
    return -1;
  }
}
