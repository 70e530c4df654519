import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { answerParent } from "./child.ts";

/** Stands for Supabase and answers at once, so that what is measured is the way there and back. */
const table = Array.from({ length: 11 }, (_, id) => ({
  id,
  iata: "LAX",
  name: "Los Angeles International",
  note: "x".repeat(100),
}));
/** What a create of one row is answered by. */
const created = JSON.stringify(table.slice(0, 1));
/** By their number. Fewer rows than were asked for would mean that there are no more, or else be worth a second look. */
const pages = Array.from({ length: table.length + 1 }, (_, length) => JSON.stringify(table.slice(0, length)));
const pageOf = (url: string): string => pages[Number(/[?&]limit=(\d+)/.exec(url)?.[1])] ?? pages.at(-1) ?? "[]";
const moment = "2026-01-01T00:00:00+00:00";
const text = { type: "string" };
const typed = {
  properties: { id: { type: "integer" }, iata: text, name: text, note: text },
  required: ["id", "iata", "name", "note"],
};
const modelOf = (model_name: string, fields: object, validation_rules: readonly object[] | null) =>
  JSON.stringify([
    {
      model_id: "0198c0de-0000-7000-8000-000000000001",
      model_name,
      table_name: "rows",
      schema_version: "1.0.0",
      fields: { type: "object", "x-primary-key": ["id"], ...fields },
      relationships: null,
      validation_rules,
      indexes: null,
      rls_policies: null,
      applied_version: null,
      is_active: true,
      created_at: moment,
      updated_at: moment,
      created_by: "bench",
    },
  ]);
const model = modelOf("rows", typed, null);
/** One table by two more models: one that holds its rows against all it can, and one that takes any. */
const checked = modelOf(
  "checked",
  {
    properties: {
      id: { type: "integer", minimum: 0 },
      iata: { type: "string", pattern: "^[A-Z]{3}$" },
      name: { type: "string", minLength: 1, maxLength: 200 },
      note: { type: ["string", "null"], maxLength: 1000 },
    },
    required: typed.required,
  },
  [
    { name: "named", expression: "name != iata", message: "must not be its own code" },
    { name: "noted", expression: "note == null || size(note) >= id", message: "must be longer" },
    { name: "plain", expression: "name.matches('^[A-Za-z .-]+$') && !iata.startsWith('Q')", message: "must be plain" },
  ],
);
const unchecked = modelOf("unchecked", { properties: { id: {}, iata: {}, name: {}, note: {} } }, null);
const models: ReadonlyMap<string | undefined, string> = new Map([
  ["checked", checked],
  ["unchecked", unchecked],
]);
const answers: readonly (readonly [part: string, body: string])[] = [
  ["/rpc/record_operations", '{"inserted":0,"settled":0,"unchanged":0,"cascaded":0}'],
  ["/supabase_clients", '[{"client_id":"bench"}]'],
  ["/data_models", model],
];

const order = z.object({
  flush: z.enum(["taken", "refused"]).default("taken"),
  /** The row of the one session that there is. */
  session: z.record(z.string(), z.unknown()).optional(),
});
let refuses = false;
let sessions = "[]";

const server = createServer((request, response) => {
  request.resume().on("end", () => {
    const { url = "", method } = request;
    if (refuses && url.startsWith("/rest/v1/rpc/record_operations")) {
      response.writeHead(503).end();
      return;
    }
    if (url.startsWith("/rest/v1/authentication_contexts")) {
      response.writeHead(200, { "content-type": "application/json" }).end(method === "GET" ? sessions : "[]");
      return;
    }
    const named = models.get(/[?&]model_name=eq\.(\w+)/.exec(url)?.[1]);
    // a client's row is not there before it is made
    const isLookUp = method === "GET" && url.startsWith("/rest/v1/supabase_clients");
    const body = isLookUp
      ? "[]"
      : (named ??
        answers.find(([part]) => url.startsWith(part, "/rest/v1".length))?.[1] ??
        (method === "POST" ? created : pageOf(url)));
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
answerParent(
  (message) => {
    const { flush, session } = order.parse(message);
    refuses = flush === "refused";
    if (session !== undefined) sessions = JSON.stringify([session]);
    return server.address() satisfies AddressInfo | string | null;
  },
  async () => {
    server.closeAllConnections();
    server.close();
  },
);
