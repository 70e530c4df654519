import { afterAll, beforeAll, expect, it } from "vitest";
import { refusalOf } from "../testing/refusal.ts";
import { openStage, type Person, type Stage } from "../testing/stage.ts";

let stage: Stage;
let ada: Person;
beforeAll(async () => {
  stage = await openStage();
  ada = await stage.newUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Somebody whom an operator gave these, signed in since. */
async function granted(permissions: unknown): Promise<Person & { readonly accessToken: string }> {
  const person = await stage.newUser();
  const { waybill } = stage.services;
  const { error } = await waybill.service().auth.admin.updateUserById(person.userId, { app_metadata: { permissions } });
  if (error !== null) throw error;
  const { email, password } = person;
  const { session_token } = await stage.client().sessions.login.mutate({ email, password });
  const { data } = await waybill.anon().auth.signInWithPassword({ email, password });
  return { ...person, api: stage.client(session_token), accessToken: data.session?.access_token ?? "" };
}

it("lets somebody do what it was given by name, and nothing else", async () => {
  const support = await granted(["sessions.read", "no.such"]);
  for (const api of [support.api, stage.client(support.accessToken)]) {
    expect((await api.sessions.me.query()).permissions).toEqual(["sessions.read"]);
    expect((await api.sessions.list.query({ user_id: ada.userId })).rows).toHaveLength(1);
    expect(await refusalOf(api.clients.list.query({}))).toMatchObject({
      code: "FORBIDDEN",
      httpStatus: 403,
      message: expect.stringContaining("clients.read"),
      hint: expect.stringContaining("clients.read"),
    });
    expect(await refusalOf(api.operations.stats.query({}))).toMatchObject({ code: "FORBIDDEN" });
    const { rows } = await api.operations.list.query({ user_id: ada.userId });
    expect(rows).toEqual([]);
  }
});

it("lets an admin do all of it, and a user none", async () => {
  const admin = await stage.newAdmin();
  const mine = async ({ api }: Person) => (await api.sessions.me.query()).permissions;
  expect(await mine(admin)).toContain("clients.manage");
  expect(await mine(admin)).toContain("sessions.revoke");
  expect(await mine(ada)).toEqual([]);
});

it.each(["sessions.read", { 0: "sessions.read" }, [7], null])("takes %j for no permission", async (permissions) => {
  const odd = await granted(permissions);
  expect((await odd.api.sessions.me.query()).permissions).toEqual([]);
});
