import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { serverFile } from "./server-process.ts";

/** Makes an admin as an operator does, by `pnpm admin create`; the password goes by the environment, not the command line. */
export async function makeAdmin(
  env: NodeJS.ProcessEnv,
  credentials: { readonly email: string; readonly password: string },
): Promise<void> {
  await promisify(execFile)(process.execPath, [serverFile("admin.ts"), "create", credentials.email], {
    env: { ...env, WAYBILL_ADMIN_PASSWORD: credentials.password },
    timeout: 60_000,
  });
}
