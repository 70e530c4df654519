import postgres from "postgres";
import { start } from "../start.ts";

// A program that starts a stack and is killed by its test.

const [, , engine, project, statement] = process.argv;
const stack = await start({
  engine: engine === "native" ? "native" : "pglite",
  ...(project !== undefined && { project }),
});
if (statement !== undefined) {
  const sql = postgres(stack.dbUrl, { max: 1 });
  await sql`select 1`;
  sql.unsafe(statement).catch(() => {});
}
console.log(`${stack.pid}|${stack.dataDir}`);
