/** A cache of at most `limit` values: a new one beyond that drops the one that was asked for longest ago. */
export interface LruCache<Value> {
  readonly size: number;
  /** The value under `key`, made and kept when it is not there. What throws is not kept. */
  get(key: string, make: () => Value): Value;
}

export function createLruCache<Value>(limit: number): LruCache<Value> {
  // A Map keeps the order of insertion: the first key is the oldest.
  const values = new Map<string, { readonly value: Value }>();
  return {
    get size() {
      return values.size;
    },
    get(key, make) {
      const held = values.get(key) ?? { value: make() };
      values.delete(key);
      values.set(key, held);
      for (const oldest of values.keys()) {
        if (values.size <= limit) break;
        values.delete(oldest);
      }
      return held.value;
    },
  };
}
