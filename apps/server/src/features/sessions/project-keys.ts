import { createLocalJWKSet, errors, type FetchImplementation, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { keysUnreachable } from "./token-refusal.ts";

export interface ProjectKeysOptions {
  /** `<project>/auth/v1/.well-known/jwks.json` */
  readonly url: URL;
  readonly fetch: FetchImplementation;
  readonly times?: Partial<KeyTimes>;
  /** Milliseconds since the process began; never set back. */
  readonly now?: () => number;
}

/** Milliseconds. */
export interface KeyTimes {
  /** How long a published key counts without another look: what a withdrawn one is trusted for (default 10 min). */
  readonly freshMs: number;
  /** How long old keys serve while the issuer cannot be reached (default an hour). */
  readonly staleMs: number;
  /** Between two looks, whatever asks for one: an unknown key, or an issuer that failed (default 30 s). */
  readonly pauseMs: number;
  readonly timeoutMs: number;
}

const standard: KeyTimes = { freshMs: 600_000, staleMs: 3_600_000, pauseMs: 30_000, timeoutMs: 5000 };

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

type KeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * The keys that a project publishes, kept in memory. jose's own remote set is near to it, but asks again for every
 * unknown key while the issuer is down, and forgets good keys then after ten minutes.
 */
export function projectKeys({ url, fetch, times, now = () => performance.now() }: ProjectKeysOptions): JWTVerifyGetKey {
  const { freshMs, staleMs, pauseMs, timeoutMs } = { ...standard, ...times };
  let kept: { readonly keys: KeySet; readonly at: number } | undefined;
  let failed: { readonly error: unknown; readonly at: number } | undefined;
  let loading: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    try {
      const answer = await fetch(url.href, {
        headers: new Headers({ accept: "application/json, application/jwk-set+json" }),
        method: "GET",
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (answer.status !== 200) throw new Error(`the keys were answered with status ${answer.status}`);
      kept = { keys: createLocalJWKSet(keySetSchema.parse(await answer.json())), at: now() };
      failed = undefined;
    } catch (error) {
      failed = { error, at: now() };
    }
  };
  const reload = (): Promise<void> => (loading ??= load().finally(() => (loading = undefined)));
  const isWithin = (ms: number, moment: { readonly at: number } | undefined): boolean =>
    moment !== undefined && now() - moment.at < ms;

  const current = async (): Promise<KeySet> => {
    if (!isWithin(freshMs, kept) && !isWithin(pauseMs, failed)) {
      const asked = reload();
      // an issuer that hangs costs the first call its deadline, and no other one
      if (failed === undefined || !isWithin(staleMs, kept)) await asked;
    }
    if (kept !== undefined && isWithin(staleMs, kept)) return kept.keys;
    throw keysUnreachable(failed?.error);
  };

  return async (header, token) => {
    const keys = await current();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || isWithin(pauseMs, kept)) throw error;
      // it may be a new one, which an issuer that is away cannot tell
      if (!isWithin(pauseMs, failed)) await reload();
      if (failed !== undefined) throw keysUnreachable(failed.error);
      return await (
        await current()
      )(header, token);
    }
  };
}
