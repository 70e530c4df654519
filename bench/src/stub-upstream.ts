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
/** By their number. Fewer rows than were asked for would mean that there are no more, or else be worth a second look. */
const pages = Array.from({ length: table.length + 1 }, (_, length) => JSON.stringify(table.slice(0, length)));
const pageOf = (url: string): string => pages[Number(/[?&]limit=(\d+)/.exec(url)?.[1])] ?? pages.at(-1) ?? "[]";
const moment = "2026-01-01T00:00:00+00:00";
const text = { type: "string" };
const model = JSON.stringify([
  {
    model_id: "0198c0de-0000-7000-8000-000000000001",
    model_name: "rows",
    table_name: "rows",
    schema_version: "1.0.0",
    fields: {
      type: "object",
      "x-primary-key": ["id"],
      properties: { id: { type: "integer" }, iata: text, name: text, note: text },
      required: ["id", "iata", "name", "note"],
    },
    relationships: null,
    validation_rules: null,
    indexes: null,
    rls_policies: null,
    is_active: true,
    created_at: moment,
    updated_at: moment,
    created_by: "bench",
  },
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
    // a client's row is not there before it is made
    const isLookUp = method === "GET" && url.startsWith("/rest/v1/supabase_clients");
    const body = isLookUp
      ? "[]"
      : (answers.find(([part]) => url.startsWith(part, "/rest/v1".length))?.[1] ?? pageOf(url));
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
