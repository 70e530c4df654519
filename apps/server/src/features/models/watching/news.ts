/** Names that there is something new of, each once however often it was told: so a slow reader costs no more than its names. */
export interface News extends Disposable {
  readonly tell: (name: string) => void;
  /** The next name; undefined once it is over. */
  next(): Promise<string | undefined>;
}

/** @param names all new at the beginning; nothing else is ever told */
export function newsOf(names: readonly string[], over: AbortSignal): News {
  const fresh = new Set(names);
  let wake = Promise.withResolvers<void>();
  const wakeUp = (): void => wake.resolve();
  over.addEventListener("abort", wakeUp);
  return {
    tell(name) {
      fresh.add(name);
      wakeUp();
    },
    async next() {
      while (!over.aborted) {
        const [name] = fresh;
        if (name !== undefined) {
          fresh.delete(name);
          return name;
        }
        wake = Promise.withResolvers();
        await wake.promise;
      }
      return undefined;
    },
    [Symbol.dispose]: () => over.removeEventListener("abort", wakeUp),
  };
}
