import { setTimeout as sleep } from "node:timers/promises";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { leaveSeconds } from "../../../testing/expiry.ts";
import { fieldsOf, newModel } from "../../../testing/new-model.ts";
import { watchOf } from "../../../testing/notices.ts";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";
import type { Caller } from "../../sessions/caller.ts";
import { createModelLookup } from "../model-lookup.ts";
import { openModelChanges } from "./model-changes.ts";
import { createModelWatches, type ModelWatchesOptions } from "./model-watches.ts";

const stack = inject("stack");
let sql: Sql;
let stage: Stage;
let admin: Person;
let ada: Person;
beforeAll(async () => {
  sql = openSql(stack.dbUrl);
  stage = await openStage();
  [admin, ada] = await Promise.all([stage.newAdmin(), stage.newUser()]);
});
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

const patient = { timeout: 10_000, interval: 20 };
const lengthOf = (model: { fields: { properties: Record<string, unknown> } } | null) =>
  JSON.stringify(model?.fields.properties["note"]);
const update = (model_name: string, expected_version: string, schema_version: string, maxLength: number) =>
  admin.api.models.update.mutate({
    model_name,
    expected_version,
    changes: { schema_version, fields: fieldsOf(maxLength) },
  });

describe("a watch", () => {
  it("tells each model at once, and again when it changes, in this process or past all of them", async () => {
    const [name, other] = [await newModel(sql, admin), await newModel(sql, admin)];
    using watching = watchOf(ada.api, [name, other]);
    const first = [await watching.next(), await watching.next()];
    expect(first.map((notice) => notice.model_name)).toEqual([name, other]);
    expect(first[0]?.model).toEqual(await ada.api.models.get.query({ model_name: name }));
    await update(name, "1.0.0", "1.1.0", 120);
    const changed = await watching.next();
    expect(changed).toMatchObject({ model_name: name, model: { schema_version: "1.1.0" } });
    expect(lengthOf(changed.model)).toContain("120");
    await sql`update public.data_models set schema_version = '1.1.1' where model_name = ${other}`;
    expect(await watching.next()).toMatchObject({ model_name: other, model: { schema_version: "1.1.1" } });
    await sleep(1_500);
    expect(watching.notices).toHaveLength(4);
  });

  it("shows a caller what models.get shows it: a deprecated model is none, but for who reads those too", async () => {
    const name = await newModel(sql, admin);
    using ours = watchOf(ada.api, [name, "no_such_model"]);
    using theirs = watchOf(admin.api, [name]);
    expect(await ours.next()).toMatchObject({ model: { is_active: true } });
    expect(await ours.next()).toEqual({ model_name: "no_such_model", model: null });
    expect(await theirs.next()).toMatchObject({ model: { is_active: true } });
    await admin.api.models.deprecate.mutate({ model_name: name });
    expect(await ours.next()).toEqual({ model_name: name, model: null });
    expect(await theirs.next()).toMatchObject({ model: { is_active: false } });
    using late = watchOf(ada.api, [name]);
    expect(await late.next()).toEqual({ model_name: name, model: null });
    // of what changes in a model that it may not see, a caller is told nothing
    await sql`update public.data_models set created_by = 'another' where model_name = ${name}`;
    expect(await theirs.next()).toMatchObject({ model: { created_by: "another" } });
    await admin.api.models.reactivate.mutate({ model_name: name });
    for (const watching of [ours, theirs, late])
      expect(await watching.next()).toMatchObject({ model: { is_active: true } });
    await sql`delete from public.data_models where model_name = ${name}`;
    for (const watching of [ours, theirs]) expect(await watching.next()).toEqual({ model_name: name, model: null });
  });

  it("tells of a model that is made only later", async () => {
    using watching = watchOf(ada.api, ["no_such_model_yet"]);
    expect(await watching.next()).toMatchObject({ model: null });
    const name = await newModel(sql, admin);
    await sql`update public.data_models set model_name = 'no_such_model_yet' where model_name = ${name}`;
    expect(await watching.next()).toMatchObject({ model: { table_name: name } });
    await sql`delete from public.data_models where model_name = 'no_such_model_yet'`;
  });

  it("tells the definition in force: that of the table, until a declared version is applied", async () => {
    const name = await newModel(sql, admin);
    await sql`update public.data_models set applied_version = '1.0.0' where model_name = ${name}`;
    using watching = watchOf(ada.api, [name]);
    expect(lengthOf((await watching.next()).model)).toContain("80");
    await update(name, "1.0.0", "1.1.0", 120);
    await sleep(1_500);
    expect(watching.notices).toHaveLength(1);
    await sql`update public.data_models set applied_version = '1.1.0' where model_name = ${name}`;
    const applied = await watching.next();
    expect([applied.model?.schema_version, lengthOf(applied.model)]).toEqual(["1.1.0", expect.stringContaining("120")]);
  });

  it.each([
    ["SESSION_OVER", "logout"],
    ["SESSION_EXPIRED", "expiry"],
  ])("ends with %s at its session's %s", async (code, how) => {
    const person = await stage.newUser();
    using watching = watchOf(person.api, ["no_such_model"]);
    await watching.next();
    if (how === "logout") await person.api.sessions.logout.mutate();
    else await leaveSeconds(sql, person.userId, -1);
    await expect.poll(watching.ended, patient).toMatchObject({ data: { code } });
  });

  it("is refused to who is not signed in, and for names that are none", async () => {
    using nobody = watchOf(stage.client(), ["airports"]);
    expect(await refusalOf(nobody.next())).toMatchObject({ code: "UNAUTHENTICATED", path: "models.watch" });
    for (const names of [[], ["a b"], ["a", "a"], Array.from({ length: 51 }, (_, at) => `m${at}`)]) {
      using wrong = watchOf(ada.api, names);
      expect(await refusalOf(wrong.next())).toMatchObject({ code: "VALIDATION_FAILED" });
    }
  });

  it("says now and then that it is there, for proxies and for a caller that wonders", async () => {
    const input = encodeURIComponent(JSON.stringify({ models: ["no_such_model"] }));
    const left = new AbortController();
    const headers = { authorization: `Bearer ${ada.sessionToken}` };
    const answer = await fetch(`${stage.url}/trpc/models.watch?input=${input}`, { headers, signal: left.signal });
    const deadline = setTimeout(() => left.abort(), 40_000);
    let said = "";
    for await (const part of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      said += part;
      if (said.includes("event: ping")) break;
    }
    clearTimeout(deadline);
    expect(said).toMatch(/event: connected[\s\S]*"model":null[\s\S]*event: ping/);
  }, 60_000);

  it("ends when its server stops, which need not wait for it, and says that another try is worth it", async () => {
    const stopping = await openStage();
    const person = await stopping.newUser();
    const input = encodeURIComponent(JSON.stringify({ models: ["no_such_model"] }));
    const headers = { authorization: `Bearer ${person.sessionToken}` };
    const answer = await fetch(`${stopping.url}/trpc/models.watch?input=${input}`, { headers });
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    expect(answer.headers.get("cache-control")).toContain("no-");
    const text = answer.text();
    await sleep(300);
    await stopping[Symbol.asyncDispose]();
    const said = await text;
    expect(said).toContain('{"reconnectAfterInactivityMs":45000}');
    expect(said).toMatch(/event: serialized-error\ndata: .*"code":"SHUTTING_DOWN"/);
    expect(stopping.log()).not.toContain("requests were cut off at the deadline");
  });
});

/** Watches as a process has them, with changes of its own. */
function opened(options: Partial<ModelWatchesOptions> & { readonly mostNames?: number } = {}) {
  const { waybill, sessionStreams } = stage.services;
  const { mostNames = 100, ...rest } = options;
  const lookup = createModelLookup(waybill.models);
  const looks = { done: 0 };
  const marks = {
    async marksOf(names: readonly string[]) {
      const found = await waybill.models.marksOf(names);
      looks.done += 1;
      return found;
    },
  };
  const changes = openModelChanges({ marks, lookup, listenUrl: undefined, log: () => {}, everyMs: 50, mostNames });
  const watches = createModelWatches({ waybill, lookup, changes, sessionStreams, ...rest });
  const watch = (caller: Caller, names: readonly string[] = ["no_such_model"], left?: AbortSignal) =>
    watches.watch({ caller, requestId: "watch-test" }, names, left);
  /** Resolves when a look that began from now on is over. */
  const looked = async (): Promise<void> => {
    const before = looks.done;
    await expect.poll(() => looks.done, patient).toBeGreaterThan(before + 1);
  };
  return { watches, watch, looked, [Symbol.asyncDispose]: () => changes[Symbol.asyncDispose]() };
}
const callerOf = (person: Person): Promise<Caller> => stage.services.callerOf(person.sessionToken);

describe("of watches", () => {
  it("one account has so many and no more, and all together; one that ends makes room", async () => {
    const bea = await callerOf(await stage.newUser());
    const cid = await callerOf(await stage.newUser());
    await using process = opened({ mostOfCaller: 2, mostWatches: 3 });
    const limited = { waybillCode: "RATE_LIMITED" };
    const [one, two, three] = [process.watch(bea), process.watch(bea), process.watch(cid)];
    await Promise.all([one.next(), two.next()]);
    await expect(process.watch(bea).next()).rejects.toMatchObject({ ...limited, message: /2 of your watches/ });
    await three.next();
    await expect(process.watch(cid).next()).rejects.toMatchObject({ ...limited, message: /3 watches are open/ });
    await one.return();
    const again = process.watch(bea);
    expect(await again.next()).toMatchObject({ done: false });
    for (const open of [two, three, again]) await open.return();
  });

  it("all names together are bounded", async () => {
    const caller = await callerOf(ada);
    await using process = opened({ mostNames: 2 });
    const one = process.watch(caller, ["a", "b"]);
    await one.next();
    await expect(process.watch(caller, ["c"]).next()).rejects.toMatchObject({ waybillCode: "RATE_LIMITED" });
    await one.return();
    const other = process.watch(caller, ["c"]);
    expect(await other.next()).toMatchObject({ done: false });
    await other.return();
  });

  it("a reader that is slow is told the newest of each model only", async () => {
    const name = await newModel(sql, admin);
    await using process = opened();
    const watching = process.watch(await callerOf(ada), [name]);
    await watching.next();
    for (let patch = 1; patch <= 6; patch += 1) {
      await sql`update public.data_models set schema_version = ${`1.0.${patch}`} where model_name = ${name}`;
      await process.looked();
    }
    expect(await watching.next()).toMatchObject({ value: { model: { schema_version: "1.0.6" } } });
    const further = watching.next();
    expect(await Promise.race([further, sleep(500, "nothing")])).toBe("nothing");
    process.watches.end();
    await expect(further).rejects.toMatchObject({ waybillCode: "SHUTTING_DOWN" });
  });

  it("one ends without a word when its reader leaves, and gives back what it held", async () => {
    const caller = await callerOf(ada);
    await using process = opened({ mostOfCaller: 1 });
    for (let round = 0; round < 3; round += 1) {
      const left = new AbortController();
      const watching = process.watch(caller, ["no_such_model"], left.signal);
      await watching.next();
      const further = watching.next();
      left.abort();
      expect(await further).toEqual({ done: true, value: undefined });
    }
  });

  it("one by a plain access token ends with that", async () => {
    const secret = new TextEncoder().encode(stack.jwtSecret);
    const person = await stage.newUser();
    const until = Math.floor(Date.now() / 1000) + 2;
    const token = new SignJWT({ role: "authenticated", aud: "authenticated", sub: person.userId });
    const accessToken = await token.setProtectedHeader({ alg: "HS256" }).setExpirationTime(until).sign(secret);
    const caller = { ...(await callerOf(person)), accessToken, held: null };
    await using process = opened();
    const watching = process.watch(caller);
    await watching.next();
    await expect(watching.next()).rejects.toMatchObject({ waybillCode: "SESSION_EXPIRED" });
  });
});
