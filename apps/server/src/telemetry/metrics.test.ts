import { get, IncomingMessage } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { refusalOf } from "../testing/refusal.ts";
import { openStage, type Person, type Stage } from "../testing/stage.ts";

const token = "a-token-for-metrics";
let stage: Stage;
let ada: Person;
beforeAll(async () => {
  stage = await openStage({ env: { WAYBILL_METRICS_TOKEN: token } });
  ada = await stage.newUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function ask(headers: Record<string, string> = {}) {
  const [answer] = await once(get(`${stage.url}/metrics`, { headers }), "response");
  const response = z.instanceof(IncomingMessage).parse(answer);
  return { status: response.statusCode, type: response.headers["content-type"], text: await text(response) };
}

/** The values of all series of one name, added up; 0 for none. */
async function sum(name: string, ...labels: string[]): Promise<number> {
  const lines = (await ask()).text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const fitting = lines.filter((line) => labels.every((label) => line.includes(label)));
  return fitting.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

describe("/metrics", () => {
  it("counts from the first scrape on: operations, procedures by their outcome, ledger and connections", async () => {
    const reads = ['operation_type="read"', 'status="success"', 'client_type="anon"'];
    expect(await sum("waybill_operations_total", ...reads)).toBe(0);
    await ada.api.operations.list.query({});
    await refusalOf(ada.api.clients.list.query({}));
    await refusalOf(stage.client().operations.list.query({}));
    expect(await sum("waybill_operations_total", ...reads)).toBeGreaterThan(0);
    const procedure = "waybill_procedure_duration_seconds_count";
    expect(await sum(procedure, 'procedure="operations.list"', 'code="OK"')).toBe(1);
    expect(await sum(procedure, 'procedure="clients.list"', 'code="FORBIDDEN"')).toBe(1);
    expect(await sum(procedure, 'procedure="operations.list"', 'code="UNAUTHENTICATED"')).toBe(1);
    expect(await sum("waybill_operation_duration_seconds_count", 'client_type="anon"')).toBeGreaterThan(0);
    expect(await sum("waybill_connection_active")).toBe(2);
    expect(await sum("waybill_ledger_full")).toBe(0);
    expect(await sum("process_resident_memory_bytes")).toBeGreaterThan(0);
    expect((await ask()).type).toContain("text/plain");
  });

  it("names no user, table, request, address or key, and makes no series for what callers choose", async () => {
    const request = "metrics-request";
    const api = stage.client(ada.sessionToken, { "x-request-id": request });
    const series = async () => (await ask()).text.split("\n").length;
    await refusalOf(api.data.list.query({ model: "first_strange" }));
    const before = await series();
    for (let n = 0; n < 20; n += 1) await refusalOf(api.data.list.query({ model: `strange_${n}` }));
    await fetch(`${stage.url}/trpc/no.such_procedure`);
    expect(await series()).toBe(before);
    const all = (await ask()).text;
    const { url, secretKey, publishableKey } = inject("stack");
    for (const inside of [ada.userId, ada.email, ada.sessionToken, request, url, secretKey, publishableKey, "strange_"])
      expect(all).not.toContain(inside);
  });

  it("are for this machine and for who brings the token", async () => {
    const authorization = `Bearer ${token}`;
    expect((await ask({ "x-forwarded-for": "203.0.113.7" })).status).toBe(401);
    expect((await ask({ "x-forwarded-for": "203.0.113.7", authorization })).status).toBe(200);
    expect((await ask({ host: "metrics.example.com" })).status).toBe(401);
    expect((await ask({ host: "metrics.example.com", authorization: `${authorization}x` })).status).toBe(401);
    expect((await ask({ host: "metrics.example.com", authorization: `Bearer ${ada.sessionToken}` })).status).toBe(401);
    expect((await ask({ host: "[::1]:8787" })).status).toBe(200);
  });
});
