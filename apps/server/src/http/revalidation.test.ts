import { randomBytes } from "node:crypto";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStage, type Person, type Stage } from "../testing/stage.ts";

let stage: Stage;
let admin: Person;
let ada: Person;
let bob: Person;
const model_name = `kept_${randomBytes(6).toString("hex")}`;

beforeAll(async () => {
  stage = await openStage();
  [admin, ada, bob] = [await stage.newAdmin(), await stage.newUser(), await stage.newUser()];
  const fields = { type: "object" as const, properties: { id: { type: "string" } }, required: ["id"] };
  await admin.api.models.create.mutate({ model_name, table_name: model_name, schema_version: "1.0.0", fields });
});
afterAll(() => stage[Symbol.asyncDispose]());

/** As a browser's cache asks: `fetch` would add `cache-control: no-cache` to a condition of its caller's. */
async function get(path: string, who: Person | null, headers: Record<string, string> = {}) {
  const authorization: Record<string, string> = who === null ? {} : { authorization: `Bearer ${who.sessionToken}` };
  const {
    statusCode,
    headers: answered,
    body,
  } = await request(`${stage.url}/trpc/${path}`, {
    headers: { ...authorization, ...headers },
  });
  const { etag = "", "cache-control": control, vary } = answered;
  return { status: statusCode, etag: String(etag), control, vary: String(vary), body: await body.text() };
}

const input = (value: unknown): string => encodeURIComponent(JSON.stringify(value));
const model = `models.get?input=${input({ model_name })}`;

describe("a procedure that allows it", () => {
  it("is answered anew when its answer has changed, and by 304 without a body when it has not", async () => {
    const first = await get(model, ada);
    expect(first).toMatchObject({ status: 200, control: "private, no-cache" });
    expect(first.vary.toLowerCase()).toContain("authorization");
    const again = await get(model, ada, { "if-none-match": first.etag });
    expect(again).toMatchObject({ status: 304, etag: first.etag, body: "", control: "private, no-cache" });

    const changes = { validation_rules: [] };
    await admin.api.models.update.mutate({
      model_name,
      expected_version: "1.0.0",
      changes: { ...changes, schema_version: "1.0.1" },
    });
    const changed = await get(model, ada, { "if-none-match": first.etag });
    expect(changed.status).toBe(200);
    expect(changed.body).toContain('"1.0.1"');
    expect(changed.etag).not.toBe(first.etag);
  });

  it("asks who calls, whatever tag comes along", async () => {
    const { etag } = await get(model, ada);
    expect(await get(model, null, { "if-none-match": etag })).toMatchObject({
      status: 401,
      etag: "",
      control: "no-store",
    });
    const any = await get(model, bob, { "if-none-match": "*" });
    expect(any.status).toBe(304);
    await admin.api.models.deprecate.mutate({ model_name });
    // the answer is not theirs any more
    expect(await get(model, bob, { "if-none-match": etag })).toMatchObject({
      status: 404,
      etag: "",
      control: "no-store",
    });
    await admin.api.models.reactivate.mutate({ model_name });
  });
});

describe("nobody may keep", () => {
  it.each([
    ["what a person's sessions are", "sessions.me"],
    ["the records", `operations.list?input=${input({ limit: 1 })}`],
    ["an error", "models.get?input=1"],
    ["what no procedure answered", "no.such"],
  ])("%s", async (_, path) => {
    expect(await get(path, ada, { "if-none-match": "*" })).toMatchObject({ etag: "", control: "no-store" });
  });

  it("the answer to a batch in which one call does not allow it, but the others'", async () => {
    const both = input({ 0: { model_name }, 1: { model_name } });
    const kept = await get(`models.get,models.get?batch=1&input=${both}`, ada);
    expect(kept).toMatchObject({ status: 200, control: "private, no-cache" });
    expect((await get(`models.get,models.get?batch=1&input=${both}`, ada, { "if-none-match": kept.etag })).status).toBe(
      304,
    );
    const mixed = await get(`models.get,sessions.me?batch=1&input=${input({ 0: { model_name } })}`, ada);
    expect(mixed).toMatchObject({ status: 200, control: "no-store", etag: "" });
  });

  it("the answer to a write", async () => {
    const { sessionToken } = await stage.newUser();
    const headers = {
      authorization: `Bearer ${sessionToken}`,
      "content-type": "application/json",
      "if-none-match": "*",
    };
    const {
      statusCode,
      headers: answered,
      body,
    } = await request(`${stage.url}/trpc/sessions.logout`, { method: "POST", headers });
    await body.dump();
    expect([statusCode, answered["cache-control"]]).toEqual([200, "no-store"]);
  });
});
