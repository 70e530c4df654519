import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import { type StandaloneFetch, trackedFetch } from "@waybill/db";
import { z } from "zod";
import { SECRET_KEY } from "./call-contenders.ts";
import { answerParent } from "./child.ts";
import { ownCpu, slices } from "./slice.ts";

// Tracked calls in a process of its own, whose memory is looked at while its records cannot be brought away.
const setup = z.object({ url: z.string() });
const order = z.object({ callers: z.int(), milliseconds: z.int() });
const SAMPLE_MS = 100;

let fetch: StandaloneFetch | undefined;
let slice: ReturnType<typeof slices> | undefined;
let directory: string | undefined;

answerParent(
  async (message) => {
    if (fetch !== undefined && slice !== undefined) {
      const { callers, milliseconds } = order.parse(message);
      let rss = 0;
      const sampling = setInterval(() => (rss = Math.max(rss, process.memoryUsage.rss())), SAMPLE_MS);
      const { throughput } = await slice(callers, milliseconds);
      clearInterval(sampling);
      const { pending } = await fetch.flush(0);
      return { throughput, rss, pending };
    }
    const { url } = setup.parse(message);
    directory = await mkdtemp(join(tmpdir(), "waybill-bench-"));
    const options = { url, secretKey: SECRET_KEY, journalDir: directory, allowHttpLoopback: true };
    // minutes at full load must not end at the journal's limit
    fetch = trackedFetch({ ...options, maxJournalBytes: 32 * 2 ** 30 });
    const supabase = createClient(url, SECRET_KEY, {
      db: { retry: false },
      auth: { persistSession: false, autoRefreshToken: false },
      global: { fetch },
    });
    slice = slices(
      async () => {
        const { error } = await supabase.from("airports").select("*").order("id").limit(10);
        if (error !== null) throw new Error("the stub refused a call", { cause: error });
      },
      async () => ownCpu(),
    );
    return "ready";
  },
  async () => {
    await fetch?.close();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  },
);
