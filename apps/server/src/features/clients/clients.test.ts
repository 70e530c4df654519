import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { refusalOf } from "../../testing/refusal.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

let stage: Stage;
let admin: Person;
let user: Person;
beforeAll(async () => {
  stage = await openStage({ env: { WAYBILL_ALLOWED_HOSTS: "127.0.0.1" } });
  [admin, user] = await Promise.all([stage.newAdmin(), stage.newUser()]);
});
afterAll(() => stage[Symbol.asyncDispose]());

const client = (changes: object = {}) => ({
  client_id: `reg-${randomBytes(4).toString("hex")}/service_role`,
  client_type: "service_role" as const,
  supabase_url: inject("stack").url,
  supabase_key: inject("stack").secretKey,
  ...changes,
});

it("registers, deactivates, reconnects and removes a client for an admin, and shows its key to nobody", async () => {
  const { clients } = admin.api;
  const given = client();
  const { client_id } = given;
  const registered = await clients.register.mutate(given);
  expect(registered).toMatchObject({ client_id, connection_status: "connected", is_active: true });
  expect(await clients.get.query({ client_id })).toMatchObject({ client_id });
  expect(await clients.deactivate.mutate({ client_id })).toMatchObject({ is_active: false });
  expect(await refusalOf(clients.deactivate.mutate({ client_id }))).toMatchObject({ code: "ILLEGAL_TRANSITION" });
  expect(await clients.reconnect.mutate({ client_id })).toEqual({ connected: true });
  const phases = async () =>
    (await clients.get.query({ client_id })).transitions.map(({ from_phase, to_phase }) => [from_phase, to_phase]);
  await expect.poll(phases).toEqual([
    ["deactivated", "connected"],
    ["connected", "deactivated"],
    [null, "connected"],
  ]);
  expect(await clients.remove.mutate({ client_id })).toEqual({ removed: true });
  expect(await refusalOf(clients.get.query({ client_id }))).toMatchObject({ code: "NOT_FOUND" });
  await stage.services.waybill.flush();
  const { rows } = await admin.api.operations.list.query({ user_id: admin.userId, limit: 200 });
  for (const text of [JSON.stringify(registered), JSON.stringify(rows), stage.log()]) {
    expect(text).not.toContain(given.supabase_key);
    expect(text).not.toMatch(/v1:[a-z0-9]+:[A-Za-z0-9_-]{39}/);
  }
});

it("refuses an inner host by the field, and names the setting", async () => {
  const refusal = await refusalOf(
    admin.api.clients.register.mutate(client({ supabase_url: "https://169.254.169.254" })),
  );
  expect(refusal).toMatchObject({
    code: "VALIDATION_FAILED",
    httpStatus: 400,
    issues: [{ field: "supabase_url", message: expect.stringContaining("WAYBILL_ALLOWED_HOSTS") }],
  });
});

it("does not take the server's own service client out of use", async () => {
  const { client_id } = stage.services.waybill.health().service_role;
  expect(await refusalOf(admin.api.clients.deactivate.mutate({ client_id }))).toMatchObject({ code: "CONFLICT" });
  expect(await refusalOf(admin.api.clients.remove.mutate({ client_id }))).toMatchObject({ code: "CONFLICT" });
});

it("is for admins only", async () => {
  const { clients } = user.api;
  const { client_id } = client();
  for (const call of [
    clients.register.mutate(client()),
    clients.deactivate.mutate({ client_id }),
    clients.remove.mutate({ client_id }),
  ]) {
    expect(await refusalOf(call)).toMatchObject({ code: "FORBIDDEN", httpStatus: 403 });
  }
});
