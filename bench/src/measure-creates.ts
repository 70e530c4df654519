import { type Pace, type Rounds, takeTurns, warmUp } from "./paired.ts";
import { type Asked, CONNECTIONS, contenderOf, makeProject, startServerProcess } from "./start-server-process.ts";

/** The stub's models of one table: one with a schema and three rules, one that takes any values. */
export type CreatedModel = "checked" | "unchecked";

const row = { id: 7, iata: "LAX", name: "Los Angeles International", note: "x".repeat(100) };

/** The whole way of a create: what validation adds to it. Both in one process, so that nothing else differs. */
export async function measureCreates(url: string, pace: Pace): Promise<Rounds<CreatedModel>> {
  await using opened = new AsyncDisposableStack();
  const project = await makeProject(url);
  const server = await startServerProcess("waybill", project);
  opened.use(server.child);
  const creating = (model: CreatedModel): Asked => ({
    path: "/trpc/data.create",
    method: "POST",
    headers: { authorization: `Bearer ${project.accessToken}`, "content-type": "application/json" },
    body: JSON.stringify({ model, row }),
  });
  const contenders = {
    checked: contenderOf(server, opened, creating("checked")),
    unchecked: contenderOf(server, opened, creating("unchecked")),
  };
  await warmUp(contenders, CONNECTIONS, pace);
  return await takeTurns(contenders, CONNECTIONS, pace);
}
