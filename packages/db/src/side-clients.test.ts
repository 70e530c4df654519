import { expect, inject, it } from "vitest";
import { recordingLedger } from "./client/testing/recording-ledger.ts";
import { createCapture, createRedaction } from "./client/index.ts";
import { rowsInMemory } from "./connection/testing/rows-in-memory.ts";
import { createAddressGuard } from "./connection/index.ts";
import { createClock, createUuidV7 } from "./ledger/index.ts";
import { silentLog } from "./log.ts";
import { openSideClients, sideClientLimit } from "./side-clients.ts";

it("runs so many side by side, and refuses one more", async () => {
  const { url, secretKey: key, ca } = inject("stack");
  const sides = openSideClients({
    means: {
      ledger: recordingLedger(),
      clock: createClock(),
      newOperationId: createUuidV7(),
      capture: createCapture(createRedaction()),
      timeoutMs: 5000,
    },
    homeUrl: url,
    rows: rowsInMemory(),
    connection: { log: silentLog, encrypt: () => "v1:k:x" },
    onRegistered: () => {},
    ca,
    lookup: createAddressGuard([]).lookup,
    closing: () => null,
  });
  const identity = (index: number) => ({
    client_id: `side-${index}/service_role`,
    client_type: "service_role" as const,
    url,
    key,
  });
  for (let index = 0; index < sideClientLimit; index += 1) sides.open(identity(index));
  expect(sides.open(identity(0))).toBe(sides.get("side-0/service_role"));
  expect(() => sides.open(identity(sideClientLimit))).toThrow(expect.objectContaining({ code: "CONFLICT" }));
  await sides.close("side-0/service_role");
  sides.open(identity(sideClientLimit));
  await sides.closeWays();
  await sides.closeRows();
  expect(sides.get("side-1/service_role")).toBeUndefined();
});
