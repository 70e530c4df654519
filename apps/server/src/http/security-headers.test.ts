import { once } from "node:events";
import express from "express";
import { expect, it } from "vitest";
import { openStage } from "../testing/stage.ts";
import { consolePolicy, dataPolicy, securityHeaders } from "./security-headers.ts";

const paths = ["/health", "/nowhere", "/trpc/system.health", "/trpc/no.such", "/operations/export"];

/** The policy that an answer carries, by directive. */
function policyOf({ headers }: Response): Record<string, string> {
  const text = headers.get("content-security-policy") ?? "";
  return Object.fromEntries(
    text.split(";").map((part) => [part.slice(0, part.indexOf(" ")), part.slice(part.indexOf(" ") + 1)]),
  );
}

it("lets a browser do nothing with an answer that is data, keep none, and embed none", async () => {
  await using stage = await openStage();
  for (const path of paths) {
    const answer = await fetch(`${stage.url}${path}`);
    await answer.body?.cancel();
    expect(policyOf(answer)).toEqual({
      "default-src": "'none'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
    });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
  }
});

it("lets nobody keep an answer that holds credentials", async () => {
  await using stage = await openStage();
  const { email, password } = await stage.newUser();
  const body = JSON.stringify({ email, password });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${stage.url}/trpc/sessions.login`, { method: "POST", body, headers });
  expect(await answer.text()).toContain("wbs_");
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

it("promises TLS only over TLS, which none but a trusted proxy can say", async () => {
  await using plain = await openStage();
  await using proxied = await openStage({ env: { WAYBILL_TRUST_PROXY: "1" } });
  const promise = async (url: string, scheme: string) => {
    const answer = await fetch(`${url}/health`, { headers: { "x-forwarded-proto": scheme } });
    await answer.body?.cancel();
    return answer.headers.get("strict-transport-security");
  };
  expect(await promise(plain.url, "https")).toBeNull();
  expect(await promise(proxied.url, "http")).toBeNull();
  expect(await promise(proxied.url, "https")).toBe("max-age=31536000");
});

it.each([
  ["data", dataPolicy],
  ["the console", consolePolicy],
])("has for %s a policy without inline code, eval, foreign hosts and frames", async (_, policy) => {
  const app = express();
  app.use(securityHeaders(policy));
  app.use((_request, response) => void response.end("ok"));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const answer = await fetch(`http://127.0.0.1:${port}`);
  await answer.body?.cancel();
  const policySent = policyOf(answer);
  expect(Object.keys(policySent)).toEqual(Object.keys(policy));
  expect(policySent).toMatchObject({ "default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'" });
  expect(Object.values(policySent).join(" ")).not.toMatch(/unsafe|https?:|\*|blob:/);
  server.close();
  server.closeAllConnections();
});
