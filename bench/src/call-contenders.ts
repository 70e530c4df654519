import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Sentry from "@sentry/node";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { trackedFetch } from "@waybill/db";
import { sameTransport } from "./same-transport.ts";

export const SECRET_KEY = `sb_secret_${"x".repeat(32)}`;

/** supabase-js in one of the ways that are compared. */
export interface CallContender {
  readonly supabase: SupabaseClient;
  readonly close: () => Promise<void>;
}

const shared = { db: { retry: false }, auth: { persistSession: false, autoRefreshToken: false } };
const nothing = async (): Promise<void> => {};

export const callContenders = {
  /** supabase-js with the platform's fetch. */
  async plain(url) {
    return { supabase: createClient(url, SECRET_KEY, shared), close: nothing };
  },
  /** Every call recorded: captured, journalled, flushed. */
  async tracked(url) {
    const journalDir = await mkdtemp(join(tmpdir(), "waybill-bench-"));
    const fetch = trackedFetch({ url, secretKey: SECRET_KEY, journalDir, allowHttpLoopback: true });
    return {
      supabase: createClient(url, SECRET_KEY, { ...shared, global: { fetch } }),
      async close() {
        const { flushed } = await fetch.flush(20_000);
        await fetch.close();
        await rm(journalDir, { recursive: true, force: true });
        // else the flush would be missing from what was measured
        if (!flushed) throw new Error("the stub did not take the records");
      },
    };
  },
  /** Our sockets and our Response, and no record. */
  async untracked(url) {
    const { fetch, close } = sameTransport(url);
    return { supabase: createClient(url, SECRET_KEY, { ...shared, global: { fetch } }), close };
  },
  /** Sentry's Supabase integration with a span for every call. */
  async sentry(url) {
    const supabase = createClient(url, SECRET_KEY, shared);
    const dsn = new URL(url);
    dsn.username = "key";
    dsn.pathname = "/1";
    Sentry.init({
      dsn: dsn.href,
      tracesSampleRate: 1,
      integrations: [Sentry.supabaseIntegration({ supabaseClient: supabase })],
    });
    return {
      supabase,
      async close() {
        await Sentry.close(2000);
      },
    };
  },
} satisfies Record<string, (url: string) => Promise<CallContender>>;

export type CallContenderName = keyof typeof callContenders;
