import { expect, test } from "vitest";
import { createWaybillClient } from "./create-client.ts";
import { startStubServer } from "./stub-server.ts";

test("in cookie mode the browser holds the session: no bearer, cookies allowed, the header that no form can send", async () => {
  await using server = await startStubServer();
  const told: (string | undefined)[] = [];
  const sent: RequestInit[] = [];
  const client = createWaybillClient({
    url: server.url,
    session: "cookie",
    sessionToken: "wbs_left over",
    onSessionToken: (token) => told.push(token),
    fetch: (input, init) => {
      sent.push(init ?? {});
      return fetch(input, init);
    },
  });
  await client.sessions.login.mutate({ email: "ada@example.com", password: "correct horse" });
  await client.system.health.query();
  await client.sessions.logout.mutate();
  expect(sent.map(({ credentials }) => credentials)).toEqual(["include", "include", "include"]);
  expect(server.seen.map(({ headers }) => [headers.authorization, headers["x-waybill-csrf"]])).toEqual(
    Array.from({ length: 3 }, () => [undefined, "1"]),
  );
  expect(sent[0]?.body).toBe('{"email":"ada@example.com","password":"correct horse","deliver":"cookie"}');
  expect(told).toEqual([]);
});

test("without it no cookie is asked for", async () => {
  await using server = await startStubServer();
  const sent: RequestInit[] = [];
  const client = createWaybillClient({
    url: server.url,
    fetch: (input, init) => {
      sent.push(init ?? {});
      return fetch(input, init);
    },
  });
  await client.sessions.login.mutate({ email: "ada@example.com", password: "correct horse" });
  expect(sent[0]?.credentials).toBeUndefined();
  expect(sent[0]?.body).toBe('{"email":"ada@example.com","password":"correct horse"}');
  expect(server.seen[0]?.headers["x-waybill-csrf"]).toBeUndefined();
});
