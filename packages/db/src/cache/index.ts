export type { CachedTable, CacheOptions } from "./cache-options.ts";
export { createReadCache, type ReadCache } from "./read-cache.ts";
