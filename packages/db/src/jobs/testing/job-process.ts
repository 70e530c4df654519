import { z } from "zod";
import { openJobCalls, openJobs } from "../index.ts";

// A process that is ready to run the jobs until it is killed.
const options = z.object({
  url: z.string(),
  secretKey: z.string(),
  ca: z.string(),
  instance: z.string(),
  times: z.record(z.string(), z.number()),
});
const { instance, times, ...access } = options.parse(JSON.parse(process.argv[2] ?? ""));
openJobs({ calls: openJobCalls(access), log: () => {}, instance, retentionDays: 30, sessionIdleDays: 7, times });
process.on("disconnect", () => process.exit());
