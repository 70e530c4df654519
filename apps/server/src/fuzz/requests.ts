import fc from "fast-check";
import { malformedCall, type MalformedCall } from "./malformed.ts";

/** Who sends it. */
export type Sender = "admin" | "user" | "nobody" | "forger";

/** One HTTP request that must be refused as a whole, or in each of its calls. */
export interface FuzzRequest {
  readonly sender: Sender;
  readonly path: string;
  readonly init: {
    readonly method: string;
    readonly body?: string | Uint8Array<ArrayBuffer>;
    readonly headers: Record<string, string>;
  };
  /** How many answers it must get. */
  readonly calls: number;
}

const json = { "content-type": "application/json" };

/** Longer queries go nowhere: their inputs travel by mutations only. */
const urlLimit = 12_000;

const sender = fc.constantFrom<Sender>("admin", "admin", "admin", "user", "user", "user", "user", "nobody", "forger");

const single = malformedCall.map(({ procedure, input }) => {
  const text = JSON.stringify(input);
  if (procedure.type === "mutation")
    return { path: procedure.path, init: { method: "POST", body: text, headers: json }, calls: 1 };
  return {
    path: `${procedure.path}?input=${encodeURIComponent(text)}`,
    init: { method: "GET", headers: {} },
    calls: 1,
  };
});

const batch = fc.tuple(fc.array(malformedCall, { minLength: 1, maxLength: 8 }), fc.boolean()).map(([calls, streamed]) =>
  batchOf(
    calls.filter(({ procedure }) => procedure.type === calls[0]?.procedure.type),
    streamed,
  ),
);

function batchOf(calls: readonly MalformedCall[], streamed: boolean) {
  const headers: Record<string, string> = streamed ? { ...json, "trpc-accept": "application/jsonl" } : json;
  const paths = calls.map(({ procedure }) => procedure.path).join(",");
  const body = JSON.stringify(Object.fromEntries(calls.map(({ input }, index) => [index, input])));
  if (calls[0]?.procedure.type === "mutation")
    return { path: `${paths}?batch=1`, init: { method: "POST", body, headers }, calls: calls.length };
  const { "content-type": _, ...rest } = headers;
  return {
    path: `${paths}?batch=1&input=${encodeURIComponent(body)}`,
    init: { method: "GET", headers: rest },
    calls: calls.length,
  };
}

/** Requests that no procedure ever sees. */
const unreadable = fc
  .tuple(
    malformedCall,
    fc.oneof(
      fc.constantFrom(
        "truncated",
        "not utf-8",
        "two values",
        "text/plain",
        "form",
        "PUT",
        "mixed",
        "batch of no object",
        "unknown",
        "wrong method",
      ),
      fc.string({ maxLength: 30 }),
    ),
    fc.uint8Array({ minLength: 1, maxLength: 60 }),
  )
  .map(([{ procedure, input }, kind, bytes]) => {
    const text = JSON.stringify(input);
    const post = (
      body: string | Uint8Array<ArrayBuffer>,
      headers: Record<string, string> = json,
      path: string = procedure.path,
    ) => {
      return { path, init: { method: "POST", body, headers }, calls: 1 };
    };
    switch (kind) {
      case "truncated":
        return post(`${text.slice(0, -1)}{"`);
      case "not utf-8":
        return post(Uint8Array.from([0x22, 0xff, ...bytes, 0x22]));
      case "two values":
        return post(`${text} ${text}`);
      case "text/plain":
        return post(text, { "content-type": "text/plain" });
      case "form":
        return post("a=b", { "content-type": "application/x-www-form-urlencoded" });
      case "PUT":
        return { path: procedure.path, init: { method: "PUT", body: text, headers: json }, calls: 1 };
      case "mixed":
        return post("{}", json, "data.list,data.create?batch=1");
      case "batch of no object":
        return post(JSON.stringify([1]).slice(0, 2), json, "data.create,data.update?batch=1");
      case "wrong method":
        return { path: "data.create", init: { method: "GET", headers: {} }, calls: 1 };
      case "unknown":
        return post("{}", json, `${procedure.path}s`);
      default:
        return post("{}", json, encodeURIComponent(`x${kind}`));
    }
  });

/** Malformed requests: single calls, batches, streamed batches, and what cannot be read at all. */
export const malformedRequest: fc.Arbitrary<FuzzRequest> = fc
  .tuple(
    sender,
    fc.oneof({ arbitrary: single, weight: 5 }, { arbitrary: batch, weight: 3 }, { arbitrary: unreadable, weight: 2 }),
  )
  .filter(([, { path }]) => path.length <= urlLimit)
  .map(([sender, request]) => ({ sender, ...request }));
