import { expect, test } from "vitest";
import { openCaller } from "../callers/caller.ts";
import { newCredentials, signIn } from "../smoke/people.ts";
import { makeAdmin } from "../stack/make-admin.ts";
import { startServer } from "../stack/server-process.ts";
import { openStage } from "../stack/stage.ts";
import { declareModels } from "./declare-models.ts";
import { makeTables } from "./make-tables.ts";

test(
  "a server without the database's address has the SQL told; with it, the tables are made once",
  { timeout: 240_000 },
  async () => {
    const scene = "make-tables";
    await using stage = await openStage({ instance: scene });
    const credentials = newCredentials(scene, "admin");
    await makeAdmin(stage.serverEnv, credentials);
    const adminOf = async (url: string) => {
      const admin = openCaller(scene, { url, name: "admin" });
      await signIn(admin, credentials);
      return admin.api;
    };
    {
      const { SUPABASE_DB_URL: _dbUrl, ...env } = stage.serverEnv;
      await using server = await startServer({ env, output: "inherit" });
      const admin = await adminOf(server.url);
      await declareModels(admin);
      await expect(makeTables(admin)).rejects.toThrow(/Set its SUPABASE_DB_URL, or run this SQL[^]*create table/i);
    }
    await using server = await startServer({ env: stage.serverEnv, output: "inherit" });
    const admin = await adminOf(server.url);
    const said: string[] = [];
    expect(await makeTables(admin, (text) => said.push(text))).toEqual({ made: ["airports", "routes"], found: [] });
    expect(said).toEqual([expect.stringMatching(/^Planning /), expect.stringMatching(/^Making .* \d+ statements/)]);
    expect(await makeTables(admin, (text) => said.push(text))).toEqual({ made: [], found: [] });
    expect(said).toHaveLength(2);
  },
);
