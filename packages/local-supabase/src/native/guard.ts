import { argv, exit, stdin } from "node:process";
import { endServer } from "./process.ts";

// A process of its own, started beside a Postgres: its input ends when the stack's process ends, however that
// happens, and no Postgres outlives its stack.

const [, , pid, directory] = argv;
stdin.on("error", () => {});
stdin.on("close", () => {
  if (pid === undefined || directory === undefined) exit(1);
  void endServer(Number(pid), directory).finally(() => exit(0));
});
stdin.resume();
