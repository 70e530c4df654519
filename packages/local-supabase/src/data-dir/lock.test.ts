import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lockDirectory } from "./lock.ts";
import { temporaryFolder } from "../testing/folders.ts";

const holding = `
  const { lockDirectory } = await import(${JSON.stringify(join(import.meta.dirname, "lock.ts"))});
  await lockDirectory(process.argv[1]);
  console.log("locked");
  setInterval(() => {}, 1000);`;

test("a directory is locked by one process, named to the next, and free again once that one is killed", async () => {
  const folder = await temporaryFolder();
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", holding, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  await expect(lockDirectory(folder)).rejects.toMatchObject({
    code: "DATA_DIR_IN_USE",
    message: `${folder} is in use by process ${holder.pid}. Stop that one, or give this one another data directory.`,
  });
  holder.kill("SIGKILL");
  await once(holder, "exit");
  // The number of the dead one may be another program's by now: only the lock counts.
  await writeFile(join(folder, "lock.pid"), `${process.ppid}\n`);
  const lock = await lockDirectory(folder);
  await expect(lockDirectory(folder)).rejects.toMatchObject({ code: "DATA_DIR_IN_USE" });
  lock.release();
  (await lockDirectory(folder)).release();
});
