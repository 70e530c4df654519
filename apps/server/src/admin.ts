import { join } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { readAdminPassword, readEnv, type ServerEnv } from "./env.ts";
import { createLogger } from "./log.ts";
import { newPassword } from "./start/first-admin.ts";
import { makeAdmin } from "./start/make-admin.ts";
import { openWaybill } from "./start/open-waybill.ts";
import { writePrivateFile } from "./start/private-file.ts";
import { sentenceOf } from "./start/sentence.ts";
import { joinSupabase } from "./start/supabase-access.ts";

const program = new Command("admin").description("Looks after the admins of a Waybill server.");

program
  .command("create")
  .description(
    "makes the account an admin, and the account itself if there is none; " +
      "its password comes from WAYBILL_ADMIN_PASSWORD, else one is made and written to a file (0600)",
  )
  .argument("<email>", "address of the account")
  .action(async (email: string) => {
    if (!z.email().safeParse(email).success) program.error(`${email} is no e-mail address`);
    console.log(await create(email, readEnv()));
  });

try {
  await program.parseAsync();
} catch (error) {
  const sentence = sentenceOf(error);
  if (sentence === null) throw error;
  console.error(sentence);
  process.exitCode = 1;
}

async function create(email: string, env: ServerEnv): Promise<string> {
  await using access = await joinSupabase(env);
  // A journal and a name of its own: the server beside it keeps its.
  await using waybill = openWaybill(env, access, createLogger("error"), { suffix: "-admin" });
  const given = readAdminPassword();
  const made = newPassword();
  const { userId, created } = await makeAdmin(waybill, { email, password: given, newPassword: made });
  if (!created) {
    const password =
      given === undefined ? "with the password that it has" : "with the password of WAYBILL_ADMIN_PASSWORD";
    return `${email} had an account, which is an admin's now, ${password}. Who is signed in gets the role with the next sign-in or refresh.`;
  }
  if (given !== undefined) return `${email} was made and is an admin, with the password of WAYBILL_ADMIN_PASSWORD.`;
  const path = join(env.dataDir, `admin-${userId}.json`);
  await writePrivateFile(path, `${JSON.stringify({ email, password: made, user_id: userId }, null, 2)}\n`);
  return `${email} was made and is an admin. Its password is in ${path}`;
}
