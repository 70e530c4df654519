export { openHeartbeat } from "./heartbeat.ts";
export { openJobCalls } from "./job-calls.ts";
export { type Jobs, openJobs } from "./jobs.ts";
