/** The environment without any setting of Waybill or Supabase: what a scenario of its own must not inherit. */
export function plainEnvironment(source: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(source).filter(([name]) => !name.startsWith("WAYBILL_") && !name.startsWith("SUPABASE_")),
  );
}

/** The environment as it is: `pnpm start` hands every setting on to the server, which reads and checks them. */
export function wholeEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}

/** Who the smoke test signs in as on a server that it did not start (`--url`). */
export function readAdminPassword(source: NodeJS.ProcessEnv = process.env): string | undefined {
  return source["WAYBILL_ADMIN_PASSWORD"] || undefined;
}
