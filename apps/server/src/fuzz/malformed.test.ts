import fc from "fast-check";
import { makeDemoTables } from "@waybill/db/demo-tables";
import { start } from "@waybill/local-supabase";
import { expect, inject, it } from "vitest";
import { airportsModel, routesModel } from "@waybill/contracts/demo-models";
import { openSql } from "../testing/sql.ts";
import { openStage } from "../testing/stage.ts";
import { refusalsIn } from "./answers.ts";
import { checksums } from "./checksums.ts";
import { type FuzzRequest, malformedRequest, type Sender } from "./requests.ts";

/** Refusals of what the caller sent, which must name a place and a rule. */
const ofInput = new Set(["VALIDATION_FAILED", "UNKNOWN_MODEL", "UNKNOWN_COLUMN", "INVALID_VALUE"]);
const atOnce = 8;

const { requests, seed } = inject("fuzz");

it(`refuses ${requests} malformed requests with a field and a rule, never fails itself, and writes nothing (seed ${seed})`, async () => {
  // A stack of its own: the checksums would see what other tests write.
  await using stack = await start();
  await makeDemoTables(stack.dbUrl);
  await using stage = await openStage({ stack });
  const [admin, user] = [await stage.newAdmin(), await stage.newUser()];
  await admin.api.models.create.mutate(airportsModel);
  await admin.api.models.create.mutate(routesModel);
  await user.api.data.create.mutate({
    model: "airports",
    row: {
      iata: "ANC",
      name: "Anchorage",
      city: "Anchorage",
      state: "AK",
      country: "USA",
      latitude: 61.2,
      longitude: -150,
    },
  });
  const bearers: Record<Sender, string | null> = {
    admin: admin.sessionToken,
    user: user.sessionToken,
    nobody: null,
    forger: `wbs_${"A".repeat(43)}`,
  };
  const sql = openSql(stack.dbUrl);
  const before = await checksums(sql);
  const faults: string[] = [];
  const codes = new Map<string, number>();

  const send = async ({ sender, path, init, calls }: FuzzRequest): Promise<void> => {
    const bearer = bearers[sender];
    const headers = { ...init.headers, ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }) };
    const answer = await fetch(`${stage.url}/trpc/${path}`, { ...init, headers });
    const text = await answer.text();
    const told = `${sender} ${init.method} ${path.slice(0, 300)} ${String(init.body ?? "").slice(0, 500)} → ${answer.status} ${text.slice(0, 1000)}`;
    try {
      if (answer.status >= 500) throw new Error("the server failed");
      for (const refusal of refusalsIn(text, answer.headers.get("content-type") ?? "", calls)) {
        codes.set(refusal.code, (codes.get(refusal.code) ?? 0) + 1);
        if (refusal.httpStatus < 400 || refusal.httpStatus > 499) throw new Error(`status ${refusal.httpStatus}`);
        const { issues = [] } = refusal;
        const named = issues.length > 0 && issues.every(({ rule, message }) => rule !== "" && message !== "");
        if (ofInput.has(refusal.code) && !named) throw new Error("no field and rule");
        if (refusal.request_id !== answer.headers.get("x-request-id")) throw new Error("another request's id, or none");
        if (/\\n\s+at |node_modules|\.ts:\d/.test(text)) throw new Error("it tells of the inside");
      }
    } catch (error) {
      faults.push(`${error instanceof Error ? error.message : String(error)}: ${told}`);
    }
  };

  const queue = fc.sample(malformedRequest, { seed, numRuns: requests });
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) await send(next);
    }),
  );

  expect(faults.slice(0, 5)).toEqual([]);
  expect(await checksums(sql)).toEqual(before);
  await sql.end();
  // the requests reached what they were made for
  expect(codes.get("VALIDATION_FAILED") ?? 0).toBeGreaterThan(requests / 4);
  expect(codes.get("MALFORMED_REQUEST") ?? 0).toBeGreaterThan(requests / 50);
  for (const code of [
    "UNKNOWN_COLUMN",
    "UNKNOWN_MODEL",
    "UNAUTHENTICATED",
    "TOKEN_INVALID",
    "FORBIDDEN",
    "NOT_FOUND",
  ]) {
    expect(codes.get(code) ?? 0).toBeGreaterThan(0);
  }
  expect((await stage.client().system.health.query()).ready).toBe(true);
}, 1_200_000);
