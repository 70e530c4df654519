import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";

const operationSchema = z.looseObject({
  operation_id: z.string(),
  client_id: z.string(),
  status: z.string(),
  table_name: z.string(),
});
type StoredOperation = z.infer<typeof operationSchema>;

/** What the next calls of `record_operations` meet: a fault, or undefined for none. */
export type Fault = "hang" | "reset" | { status: number; body: unknown; headers?: Record<string, string> } | undefined;

export interface StubSupabase extends AsyncDisposable {
  readonly url: string;
  /** By operation_id, with the rule of record_operations: only a pending one takes an outcome. */
  readonly stored: Map<string, StoredOperation>;
  /** Keeps of a row in `stored` only what every row has: for millions of them. */
  isSlim: boolean;
  /** Every call of record_operations: headers and number of rows. */
  readonly calls: { headers: IncomingMessage["headers"]; rows: number }[];
  /** How often the row of an operation arrived. */
  readonly arrivals: Map<string, number>;
  /** Request ids of all other calls: what a counting proxy would see. */
  readonly seen: string[];
  fault: (rows: StoredOperation[], call: number) => Fault;
  /** What a call of `record_operations` waits for before it is answered. */
  gate: (rows: StoredOperation[]) => Promise<void> | undefined;
  /** Calls of `record_operations` without an answer, and the most that there ever were. */
  underWay: number;
  mostUnderWay: number;
  /** Looks at what `until` waits for. */
  look(): void;
  /** Resolves when the condition holds; looked at when a call comes and when it is answered. */
  until(condition: () => boolean): Promise<void>;
}

/** A Supabase of a few lines over a real socket, to fail in ways that a real one does not on demand. */
export async function stubSupabase(): Promise<StubSupabase> {
  const waiting = new Set<() => void>();
  const stub: StubSupabase = {
    url: "",
    stored: new Map(),
    isSlim: false,
    calls: [],
    arrivals: new Map(),
    seen: [],
    fault: () => undefined,
    gate: () => undefined,
    underWay: 0,
    mostUnderWay: 0,
    look() {
      for (const look of waiting) look();
    },
    until(condition) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => {
        if (!condition()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      return promise;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((request, response) => {
    void answer(stub, request, response).finally(() => stub.look());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return Object.assign(stub, { url: `http://127.0.0.1:${address.port}` });
}

async function answer(stub: StubSupabase, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await new Response(ReadableStream.from(request)).text();
  if (request.url !== "/rest/v1/rpc/record_operations") {
    stub.seen.push(String(request.headers["x-request-id"]));
    response.end("[]");
    return;
  }
  const parsed = parseBody(text);
  stub.underWay += 1;
  stub.mostUnderWay = Math.max(stub.mostUnderWay, stub.underWay);
  stub.look();
  await stub.gate(parsed ?? []);
  stub.underWay -= 1;
  stub.calls.push({ headers: request.headers, rows: parsed?.length ?? 0 });
  for (const { operation_id: id } of parsed ?? []) stub.arrivals.set(id, (stub.arrivals.get(id) ?? 0) + 1);
  const fault =
    parsed === undefined
      ? { status: 400, body: { code: "PGRST102", message: "invalid JSON" } }
      : stub.fault(parsed, stub.calls.length);
  if (fault === "hang") return;
  if (fault === "reset") {
    request.socket.destroy();
    return;
  }
  response.writeHead(fault?.status ?? 200, { "content-type": "application/json", ...fault?.headers });
  response.end(JSON.stringify(fault === undefined ? store(stub, parsed ?? []) : fault.body));
}

function parseBody(text: string): StoredOperation[] | undefined {
  try {
    return z.object({ operations: z.array(operationSchema) }).parse(JSON.parse(text)).operations;
  } catch {
    return undefined;
  }
}

function store({ stored, isSlim }: StubSupabase, operations: readonly StoredOperation[]): Record<string, number> {
  const counts = { inserted: 0, settled: 0, unchanged: 0, cascaded: 0 };
  for (const operation of operations) {
    const before = stored.get(operation.operation_id);
    if (before === undefined) counts.inserted += 1;
    else if (before.status === "pending" && operation.status !== "pending") counts.settled += 1;
    else {
      counts.unchanged += 1;
      continue;
    }
    const { operation_id, client_id, status, table_name } = operation;
    stored.set(operation_id, isSlim ? { operation_id, client_id, status, table_name } : operation);
  }
  return counts;
}
