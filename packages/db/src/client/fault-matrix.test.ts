import { createClient } from "@supabase/supabase-js";
import { supabaseClientPhase } from "@waybill/contracts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { openConnection } from "../connection/connection.ts";
import { rowsInMemory } from "../connection/testing/rows-in-memory.ts";
import { silentLog } from "../log.ts";
import { plainClients, type SignedIn } from "../testing/plain-clients.ts";
import { faultProxy } from "./testing/fault-proxy.ts";
import { type FaultName, faults } from "./testing/faults.ts";
import { type CallName, supabaseCalls, toldBy } from "./testing/supabase-calls.ts";
import { tracked } from "./testing/tracked.ts";

const stack = inject("stack");
let user: SignedIn;
beforeAll(async () => {
  await using plain = plainClients();
  user = await plain.signUp();
  await plain.service.storage.createBucket("faults");
  await plain.service.storage.from("faults").upload("file", Buffer.from("hello"), { upsert: true });
});
afterAll(async () => {
  await using plain = plainClients();
  await plain.service.storage.emptyBucket("faults");
  await plain.service.storage.deleteBucket("faults");
  await plain.service.auth.admin.deleteUser(user.id);
});

/** What comes of a call: the record's status and attempts, the client's phase, and what the caller is told. */
type Row = [status: "success" | "error" | "timeout", attempts: number, phase: "connected" | "failing", told: string];

const names: readonly CallName[] = ["read", "create", "update", "delete", "rpc", "auth", "list", "download", "upload"];
const isRead = (name: CallName): boolean => name === "read" || name === "list" || name === "download";

/** A fault that stays: reads are sent four times where that may help, writes only where none of them has left. */
const matrix: Record<FaultName | "refused" | "dns" | "tls" | "none", { read: Row; write: Row; download?: Row }> = {
  none: both("success", 1, "connected", "ok"),
  refused: both("error", 4, "failing", "no answer"),
  dns: both("error", 4, "failing", "no answer"),
  tls: both("error", 4, "failing", "no answer"),
  resetBeforeSend: both("error", 4, "failing", "no answer"),
  resetAfterSend: again("failing", "no answer"),
  hang: both("timeout", 1, "connected", "OPERATION_TIMEOUT"),
  trickle: both("timeout", 1, "connected", "OPERATION_TIMEOUT"),
  halfClose: again("failing", "no answer"),
  internalError: both("error", 1, "connected", "500"),
  badGateway: again("failing", "502"),
  unavailable: again("failing", "503"),
  tooMany: both("error", 1, "connected", "429"),
  // a file may hold what it likes, also half of a document
  invalidJson: { ...both("error", 1, "connected", "no JSON"), download: ["success", 1, "connected", "ok"] },
  // its beginning was handed on already, so it cannot begin anew
  truncatedBody: { ...again("failing", "no answer"), download: ["error", 1, "failing", "no answer"] },
  lengthTooShort: { ...both("error", 1, "connected", "no JSON"), download: ["success", 1, "connected", "ok"] },
};

function both(...row: Row): { read: Row; write: Row } {
  return { read: row, write: row };
}
function again(phase: Row[2], said: string): { read: Row; write: Row } {
  return { read: ["error", 4, phase, said], write: ["error", 1, phase, said] };
}

type Fault = keyof typeof matrix;
const isBytes = (fault: Fault): fault is FaultName => Object.hasOwn(faults, fault);

const cases = Object.keys(matrix)
  .filter((name): name is Fault => Object.hasOwn(matrix, name))
  .flatMap((fault) => names.map((name) => ({ fault, name })));

describe.concurrent("a fault that stays", () => {
  it.each(cases)("$fault, $name", async ({ fault, name }) => {
    const { read, write, download } = matrix[fault];
    const expected = name === "download" && download !== undefined ? download : isRead(name) ? read : write;
    expect(await met(fault, name)).toEqual(expected);
  });
});

const passing: readonly FaultName[] = ["resetAfterSend", "halfClose", "badGateway", "unavailable"];

describe.concurrent("a fault that passes, to a read", () => {
  it.each(passing.flatMap((fault) => names.filter(isRead).map((name) => ({ fault, name }))))(
    "$fault, $name",
    async ({ fault, name }) => {
      expect(await met(fault, name, 1)).toEqual(["success", 2, "connected", "ok"]);
    },
  );
});

/** Makes one call through the fault, over the real client row's life, and looks at what came of it. */
async function met(fault: Fault, name: CallName, times?: number): Promise<Row> {
  await using proxy = await faultProxy(stack);
  if (isBytes(fault)) proxy.meet(faults[fault], times);
  const urls: Partial<Record<Fault, string>> = {
    // a label that no name may have is refused without a server being asked
    dns: `https://${"x".repeat(64)}.invalid`,
    // nobody told this client of the stack's own certificate authority
    tls: stack.url,
    resetBeforeSend: proxy.url.replace("http:", "https:"),
  };
  const url = urls[fault] ?? proxy.url;
  if (fault === "refused") await proxy[Symbol.asyncDispose]();
  await using connection = openConnection({
    clientId: "faults/service_role",
    clientType: "service_role",
    url,
    key: stack.secretKey,
    encrypt: () => "v1:k:x",
    rows: rowsInMemory(),
    log: silentLog,
    // no retry of the row's own comes between a call and the look at its state
    retryBackoff: never,
    probeBackoff: never,
  });
  await connection.registered;
  await using client = tracked(url, {
    joinRetries: false,
    retry: { backoff: { firstMs: 1, limitMs: 2 } },
    connectionOf: () => connection,
    timeoutMs: fault === "hang" || fault === "trickle" ? 250 : 20_000,
  });
  const supabase = createClient(url, stack.secretKey, {
    global: { fetch: client.fetch },
    db: { retry: false },
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const said = await toldBy(() => supabaseCalls[name](supabase, user));
  const { status, attempts } = client.ledger.only().outcome;
  const health = connection.health();
  const phase = supabaseClientPhase(health);
  expect(health.error_count).toBe(phase === "failing" ? attempts : 0);
  return [status, attempts, phase === "failing" ? phase : "connected", said];
}

const never = { firstMs: 2_147_483_647, limitMs: 2_147_483_647 };
