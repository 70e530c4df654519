import { expect, inject, it } from "vitest";
import { recordingLedger } from "./client/testing/recording-ledger.ts";
import { json, stubUpstream } from "./client/testing/stub-upstream.ts";
import { type CallError, createCapture, createRedaction, shuttingDown } from "./client/index.ts";
import { rowsInMemory } from "./connection/testing/rows-in-memory.ts";
import { createAddressGuard } from "./connection/index.ts";
import { createClock, createUuidV7 } from "./ledger/index.ts";
import { silentLog } from "./log.ts";
import { openSideClients, sideClientLimit } from "./side-clients.ts";

const { url, secretKey: key, ca } = inject("stack");
const identity = (index: number) => ({
  client_id: `side-${index}/service_role`,
  client_type: "service_role" as const,
  url,
  key,
});

function open() {
  const rows = rowsInMemory();
  const registered: string[] = [];
  const ending: { reason: CallError | null } = { reason: null };
  const sides = openSideClients({
    means: {
      ledger: recordingLedger(),
      clock: createClock(),
      newOperationId: createUuidV7(),
      capture: createCapture(createRedaction()),
      timeoutMs: 5000,
    },
    homeUrl: url,
    rows,
    connection: { log: silentLog, encrypt: () => "v1:k:x" },
    onRegistered: (clientId) => void registered.push(clientId),
    ca,
    lookup: createAddressGuard([]).lookup,
    closing: () => ending.reason,
  });
  const addRow = ({ client_id, client_type }: ReturnType<typeof identity>) =>
    rows.stored.set(client_id, {
      client_id,
      client_type,
      supabase_url: url,
      supabase_key: "v1:k:x",
      last_used: null,
      connection_status: "connected",
      is_active: true,
      error_count: 0,
      retry_count: 0,
    });
  return { sides, rows, registered, ending, addRow };
}

it("runs so many side by side, and refuses one more, or any when it is about to end", async () => {
  const { sides, ending, addRow } = open();
  for (let index = 0; index <= sideClientLimit; index += 1) addRow(identity(index));
  for (let index = 0; index < sideClientLimit; index += 1) sides.open(identity(index));
  expect(sides.open(identity(0))).toBe(sides.get("side-0/service_role"));
  expect(() => sides.open(identity(sideClientLimit))).toThrow(expect.objectContaining({ code: "CONFLICT" }));
  await sides.close("side-0/service_role");
  sides.open(identity(sideClientLimit));
  await sides.close("side-1/service_role");
  ending.reason = shuttingDown();
  expect(() => sides.open(identity(1))).toThrow(ending.reason);
  await sides.closeWays();
  await sides.closeRows();
  expect(sides.get("side-2/service_role")).toBeUndefined();
});

it("connects, for calls and probes alike, to no name that means an inner address by then", async () => {
  const { sides, addRow } = open();
  addRow(identity(0));
  const side = sides.open({ ...identity(0), url: "https://localhost:1" });
  const fault = await side.fetch("https://localhost:1/rest/v1/airports").catch((error: unknown) => error);
  expect(fault).toMatchObject({ cause: { code: "EADDRFORBIDDEN" } });
  expect(await side.connection.reconnect()).toBe(false);
  expect(side.connection.health().last_error).toContain("EADDRFORBIDDEN");
  await sides.closeWays();
  await sides.closeRows();
});

it("follows no redirect to another origin", async () => {
  await using upstream = await stubUpstream();
  await using elsewhere = await stubUpstream();
  upstream.answer = json(302, {}, { location: elsewhere.url });
  const { sides, addRow } = open();
  addRow(identity(0));
  const side = sides.open({ ...identity(0), url: upstream.url });
  await expect(side.fetch(`${upstream.url}/functions/v1/away`)).rejects.toThrow("fetch failed");
  expect(elsewhere.arrived).toEqual([]);
  await sides.closeWays();
  await sides.closeRows();
});

it("is judged by its own project alone, not by that of its row", async () => {
  const { sides, rows } = open();
  rows.fault = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const { connection } = sides.open(identity(0));
  await new Promise((turn) => setTimeout(turn, 20));
  expect(connection.health()).toMatchObject({ connection_status: "connected", error_count: 0, registered: false });
  await sides.closeWays();
  await sides.closeRows();
});

it("ends one whose row is gone, makes no row for it, and keeps no other's records waiting for it", async () => {
  const { sides, rows, registered } = open();
  const { connection } = sides.open(identity(0));
  // the ledger flushes nothing before each client that was used has its row, and this one had
  expect(registered).toEqual(["side-0/service_role"]);
  await expect.poll(() => sides.get("side-0/service_role")).toBeUndefined();
  expect(connection.refusal()).toMatchObject({ code: "CLIENT_DISCONNECTED" });
  expect(rows.stored.size).toBe(0);
  await sides.closeRows();
});
