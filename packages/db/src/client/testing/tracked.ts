import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createClock } from "../../ledger/clock.ts";
import { createUuidV7 } from "../../ledger/uuidv7.ts";
import type { CallConnection } from "../call/call.ts";
import type { TrackedFetchOptions } from "../call/options.ts";
import type { ConnectionSign } from "../call/failure.ts";
import { createCapture } from "../capture/capture.ts";
import { createRedaction } from "../capture/redaction.ts";
import { createTrackedFetch, type TrackedFetch } from "../tracked-fetch.ts";
import { openTransport, type TransportOptions } from "../transport/transport.ts";
import { recordingLedger, type RecordingLedger } from "./recording-ledger.ts";

export interface Tracked extends AsyncDisposable {
  readonly ledger: RecordingLedger;
  readonly signs: ConnectionSign[];
  readonly fetch: TrackedFetch;
  /** supabase-js with its own retries left on, as an application has it. */
  readonly supabase: SupabaseClient;
}

/** A connection that lets every call through, but for what a test changes. */
export function openDoor(changes: Partial<CallConnection>): CallConnection {
  const always = { enter: () => undefined, leave: () => {}, observe: () => {}, refusal: () => null };
  return { clientId: "test/anon", ...always, ...changes };
}

/** The tracked fetch against a stub, with everything it says kept in memory. */
export function tracked(
  url: string,
  given: Partial<TrackedFetchOptions> & {
    transportOptions?: Partial<TransportOptions>;
    captureBytes?: number;
    redact?: string[];
  } = {},
): Tracked {
  const ledger = recordingLedger();
  const signs: ConnectionSign[] = [];
  const transport = openTransport({ url, ...given.transportOptions });
  const fetch = createTrackedFetch({
    url,
    transport,
    ledger,
    clock: createClock(),
    newOperationId: createUuidV7(),
    capture: createCapture(createRedaction(given.redact), given.captureBytes),
    connectionOf: () => openDoor({ observe: (sign) => void signs.push(sign) }),
    timeoutMs: 20_000,
    joinRetries: true,
    ...given,
  });
  return {
    ledger,
    signs,
    fetch,
    supabase: createClient(url, "sb_publishable_test", {
      global: { fetch },
      auth: { persistSession: false, autoRefreshToken: false },
    }),
    async [Symbol.asyncDispose]() {
      fetch.settleHeld();
      await transport.close();
    },
  };
}
