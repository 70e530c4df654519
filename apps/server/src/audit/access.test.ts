import { errorDataSchema } from "@waybill/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusalOf } from "../testing/refusal.ts";
import { accessTable, callers, type CallerName, type Outcome } from "./access-table.ts";
import { acts } from "./acts.ts";
import { stackOn } from "../testing/stack-on.ts";
import { openWorld, type World } from "./world.ts";

describe.each(["pglite", "native"] as const)("on %s", (engine) => {
  let world: World;
  const opened = new AsyncDisposableStack();
  beforeAll(async () => {
    const stack = await stackOn(engine, opened);
    world = opened.use(await openWorld(stack));
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  const rows = Object.entries(acts).map(([path, act]) => ({ path, act }));
  it.each(rows)("$path answers each caller as the table says", async ({ path, act }) => {
    const found: Partial<Record<CallerName, Outcome>> = {};
    for (const name of callers) {
      const prepared = (await act.prepare?.(world)) ?? "";
      const actor = await world.actor(name, act.changesCaller === true);
      const api = world.stage.client(actor.bearer);
      found[name] = await outcomeOf(act.call(api, world, prepared, actor), act.ofAda === true);
    }
    expect(found).toEqual(expectedOf(path));
    // whatever the others have tried, Ada goes on
    expect((await world.ada.api.sessions.me.query()).user_id).toBe(world.ada.userId);
  });

  it("GET /operations/export answers each caller as the table says", async () => {
    await acts["operations.get"].prepare?.(world);
    const found: Partial<Record<CallerName, Outcome>> = {};
    for (const name of callers) {
      const { bearer } = await world.actor(name, false);
      const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
      const answer = await fetch(`${world.stage.url}/operations/export?format=ndjson&user_id=${world.ada.userId}`, {
        headers,
      });
      const text = await answer.text();
      found[name] = answer.ok ? shows(text) : errorDataSchema.parse(JSON.parse(text).error.data).code;
    }
    expect(found).toEqual(expectedOf("GET /operations/export"));
  });

  function shows(text: string): Outcome {
    return world.marks.some((mark) => text.includes(mark)) ? "done" : "without";
  }

  async function outcomeOf(call: Promise<unknown>, ofAda: boolean): Promise<Outcome> {
    const answer = await call.then(
      (value) => ({ value }),
      () => null,
    );
    if (answer === null) return (await refusalOf(call)).code;
    return ofAda ? shows(JSON.stringify(answer.value)) : "done";
  }
});

function expectedOf(path: string): Record<string, Outcome> {
  const row = Object.entries(accessTable).find(([of]) => of === path)?.[1] ?? [];
  return Object.fromEntries(callers.map((name, at) => [name, row[at] ?? "without"]));
}
