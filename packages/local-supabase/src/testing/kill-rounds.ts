import { start, type StartOptions } from "../start.ts";
import { eventually } from "./processes.ts";
import { requestsTo } from "./requests.ts";

/**
 * Writes rows over HTTP with four writers, kills the stack's process in the middle, starts it again; after
 * `rounds` of that, returns the rows that were acknowledged and are lost. The project has a table `rows (id int)`.
 */
export async function killRounds(options: StartOptions, rounds: number): Promise<number[]> {
  const acknowledged: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await using stack = await start(options);
    const request = requestsTo(stack);
    const write = async (from: number): Promise<void> => {
      for (let id = from; ; id += 4) {
        const { status } = await request("/rest/v1/rows", { method: "POST", json: { id } });
        if (status !== 201) throw new Error(`${status}`);
        acknowledged.push(id);
      }
    };
    const writers = [0, 1, 2, 3].map((lane) => write(round * 1_000_000 + lane).catch(() => {}));
    const enough = acknowledged.length + 40;
    await eventually(() => acknowledged.length >= enough, "forty rows were written");
    process.kill(stack.pid, "SIGKILL");
    await Promise.all(writers);
    const reason = await stack.ended;
    if (reason?.code !== "STACK_CRASHED" || !reason.message.includes("SIGKILL")) throw new Error(`said ${reason}`);
  }
  await using stack = await start(options);
  const request = requestsTo(stack);
  const kept = new Set<unknown>();
  for (let offset = 0; offset < acknowledged.length + 4 * rounds; offset += 1000) {
    const { body } = await request(`/rest/v1/rows?select=id&order=id&limit=1000&offset=${offset}`);
    if (Array.isArray(body)) for (const row of body) kept.add(row.id);
  }
  return acknowledged.filter((id) => !kept.has(id));
}
