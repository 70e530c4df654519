import { tracked } from "./tracked.ts";

// Takes a file and sends one, each far larger than what may be gathered, and says how much memory it took.
const [url = "", size = ""] = process.argv.slice(2);
const total = Number(size);
const before = process.memoryUsage.rss();
await using client = tracked(url, { transportOptions: { maxResponseBytes: 1024 * 1024 }, timeoutMs: 100_000 });
const files = client.supabase.storage.from("b");

const download = await files.download("film.mp4").asStream();
if (download.error !== null) throw download.error;
let downloaded = 0;
for await (const chunk of download.data) downloaded += chunk.byteLength;

let sent = 0;
const body = new ReadableStream<Uint8Array>({
  pull(controller) {
    if (sent >= total) return controller.close();
    const chunk = new Uint8Array(64 * 1024);
    sent += chunk.byteLength;
    controller.enqueue(chunk);
  },
});
const { error } = await files.upload("film.mp4", body, { duplex: "half" });
const grown = process.resourceUsage().maxRSS * 1024 - before;
process.stdout.write(JSON.stringify({ downloaded, sent, grown, failed: error?.message ?? null }));
