import { json, stubUpstream, type StubUpstream } from "../../client/testing/stub-upstream.ts";
import { tracked, type Tracked } from "../../client/testing/tracked.ts";
import type { CacheOptions } from "../cache-options.ts";
import { createReadCache, type ReadCache } from "../read-cache.ts";

/** The tracked fetch with a cache before it, against a stub that answers each request with its number. */
export interface Cached extends AsyncDisposable {
  readonly upstream: StubUpstream;
  readonly client: Tracked;
  readonly cache: ReadCache;
  /** Reads and gives the body's text. */
  read(target: string, init?: RequestInit): Promise<string>;
  /** Lets time pass on both clocks. */
  pass(ms: number): void;
  /** Ms since 1970, as the cache sees it. */
  wall(): number;
}

export async function cached(options: Partial<CacheOptions> = {}): Promise<Cached> {
  const upstream = await stubUpstream();
  upstream.answer = (...given) => json(200, [{ n: upstream.arrived.length }])(...given);
  let passed = 0;
  const wall = (): number => 1_800_000_000_000 + passed;
  const tables = {
    airports: { ttlMs: 1000 },
    fresh: { ttlMs: 1000, staleMs: 1000 },
    seen: { ttlMs: 5000, droppedWith: ["auth.users", "members"] },
  };
  const cache = createReadCache({ tables, ...options }, { monotonic: () => passed, wall });
  const client = tracked(upstream.url, { cache });
  return {
    upstream,
    client,
    cache,
    read: async (target, init) => await (await client.fetch(`${upstream.url}/rest/v1/${target}`, init)).text(),
    pass: (ms) => void (passed += ms),
    wall,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** A token as Auth would write it, signed by nobody. */
export function tokenOf(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part(claims)}.sig`;
}
