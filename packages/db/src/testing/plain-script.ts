import { createClient } from "@supabase/supabase-js";
import { z } from "zod";
import { trackedFetch } from "../tracked-fetch-entry.ts";

// An application that never closes what it opened: it ends when it has nothing more to do.
const options = z.object({
  url: z.string(),
  key: z.string(),
  secretKey: z.string(),
  ca: z.string().optional(),
  journalDir: z.string(),
  instance: z.string(),
});
const { key, ...rest } = options.parse(JSON.parse(process.argv[2] ?? ""));
const fetch = trackedFetch({ ...rest, allowHttpLoopback: true });
const supabase = createClient(rest.url, key, { global: { fetch }, db: { retry: false } });
for (let count = 0; count < 5; count += 1) {
  const { error } = await supabase.from("airports").select().limit(1);
  process.stdout.write(`${error?.message ?? "ok"}\n`);
}
