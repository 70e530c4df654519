import { afterEach, beforeEach, expect, it } from "vitest";
import { json, stubUpstream, type StubUpstream } from "./testing/stub-upstream.ts";
import { tracked } from "./testing/tracked.ts";
import { createSharedClient, createTrackedClient } from "./tracked-client.ts";

let upstream: StubUpstream;
beforeEach(async () => {
  upstream = await stubUpstream();
});
afterEach(() => upstream[Symbol.asyncDispose]());

const session = {
  access_token: "e30.e30.c2ln",
  refresh_token: "r",
  token_type: "bearer",
  expires_in: 3600,
  user: { id: "u" },
};

it("sends a user's token with every call, and the key beside it", async () => {
  await using client = tracked(upstream.url);
  const user = createTrackedClient({
    url: upstream.url,
    key: "sb_publishable_x",
    fetch: client.fetch,
    accessToken: "t1",
  });
  await user.from("data_models").select();
  await user.storage.from("b").list();
  await user.functions.invoke("f");
  expect(upstream.arrived.map(({ headers }) => [headers["apikey"], headers["authorization"]])).toEqual(
    Array.from({ length: 3 }, () => ["sb_publishable_x", "Bearer t1"]),
  );
});

it("retries nothing by itself", async () => {
  upstream.answer = json(503, {}, { "retry-after": "0" });
  await using client = tracked(upstream.url, { joinRetries: false, retry: { most: 0 } });
  await createTrackedClient({ url: upstream.url, key: "sb_secret_x", fetch: client.fetch })
    .from("data_models")
    .select();
  expect(upstream.arrived.length).toBe(1);
});

it("shared by many, does not lend one's session to the others", async () => {
  await using client = tracked(upstream.url);
  const shared = createSharedClient({ url: upstream.url, key: "sb_secret_x", fetch: client.fetch });
  upstream.answer = json(200, session);
  const { data } = await shared.auth.signInWithPassword({ email: "a@b.co", password: "x" });
  expect(data.session?.access_token).toBe(session.access_token);
  upstream.answer = json(200, []);
  await shared.from("data_models").select();
  expect(upstream.arrived.at(-1)?.headers["authorization"]).toBe("Bearer sb_secret_x");
  expect((await shared.auth.getSession()).data.session).toBeNull();
});
