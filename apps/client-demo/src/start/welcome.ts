import { join } from "node:path";

export interface WelcomeOptions {
  readonly url: string;
  readonly dataDir: string;
  readonly embedded: boolean;
}

/** Five lines that run as they stand, where `@waybill/client` is installed. */
export function sampleCall(url: string, notePath: string): string {
  return [
    `import { createWaybillClient } from "@waybill/client";`,
    `const { user } = JSON.parse(await (await import("node:fs/promises")).readFile(${JSON.stringify(notePath)}, "utf8"));`,
    `const waybill = createWaybillClient({ url: ${JSON.stringify(url)} });`,
    `await waybill.sessions.login.mutate(user);`,
    `console.log(await waybill.data.list.query({ model: "airports", filters: [{ column: "state", op: "eq", value: "CA" }] }));`,
  ].join("\n");
}

/** What to know once it serves: where, with which keys (never the keys themselves), and what to try. */
export function welcome({ url, dataDir, embedded }: WelcomeOptions): string {
  return [
    `Waybill serves at ${url}`,
    ...(embedded ? embeddedLines(url, dataDir) : hostedLines(url)),
    "Ctrl-C stops it.",
  ].join("\n");
}

function embeddedLines(url: string, dataDir: string): string[] {
  const notePath = join(dataDir, "demo.json");
  return [
    `  data      ${dataDir}`,
    `  keys      ${join(dataDir, "stack.json")} (of the embedded Supabase; yours alone to read)`,
    `  accounts  ${join(dataDir, "admin.json")} and ${notePath} (the first admin; the demo's user)`,
    "",
    "Try it in a shell:",
    `  curl ${url}/trpc/system.health`,
    "or from apps/client-demo in TypeScript:",
    ...sampleCall(url, notePath)
      .split("\n")
      .map((line) => `  ${line}`),
    "",
    "For a hosted project: apply supabase/migrations to it (supabase db push), set SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY,",
    "SUPABASE_SECRET_KEY and WAYBILL_ENCRYPTION_KEY, and start again.",
    "",
  ];
}

function hostedLines(url: string): string[] {
  return [
    "  Supabase  the project of SUPABASE_URL, with the keys of the environment",
    "",
    "Try it in a shell:",
    `  curl ${url}/trpc/system.health`,
    "Make the first admin with: npx -y pnpm@12.21.0 admin create <e-mail>",
    "For the embedded Supabase: unset every SUPABASE_ variable, and start again.",
    "",
  ];
}
