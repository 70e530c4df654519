import { Agent, fetch } from "undici";
import { onTestFinished } from "vitest";
import type { LocalSupabase } from "../start.ts";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Requests with the secret key, by a client that trusts the stack's certificate and no other. */
export function requestsTo(stack: Pick<LocalSupabase, "url" | "ca" | "secretKey">) {
  const agent = new Agent({ connect: { ca: stack.ca } });
  onTestFinished(() => agent.destroy());
  return async (path: string, init: { method?: string; json?: unknown; prefer?: string } = {}): Promise<Answer> => {
    const response = await fetch(stack.url + path, {
      method: init.method ?? "GET",
      headers: {
        apikey: stack.secretKey,
        "content-type": "application/json",
        prefer: init.prefer ?? "return=representation",
      },
      ...(init.json !== undefined && { body: JSON.stringify(init.json) }),
      dispatcher: agent,
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  };
}
