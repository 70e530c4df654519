import { createServer, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";

const anyValue = z.object({ stringValue: z.string().optional(), intValue: z.number().optional() });
const attributes = z
  .array(z.object({ key: z.string(), value: anyValue }))
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue ?? value.intValue])));

/** As much of OTLP/HTTP's JSON as is looked at. */
const requestSchema = z.object({
  resourceLogs: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeLogs: z.array(
        z.object({
          logRecords: z.array(
            z.object({
              timeUnixNano: z.string(),
              severityText: z.string(),
              eventName: z.string(),
              body: z.object({ stringValue: z.string() }),
              attributes,
            }),
          ),
        }),
      ),
    }),
  ),
});

type ExportRequest = z.output<typeof requestSchema>;
export type CollectedLog = ExportRequest["resourceLogs"][number]["scopeLogs"][number]["logRecords"][number];

/** Stands for an OpenTelemetry collector. */
export interface Collector extends AsyncDisposable {
  readonly url: string;
  /** Of the requests that were answered with 200. */
  readonly logs: CollectedLog[];
  readonly resources: Record<string, unknown>[];
  readonly requests: () => number;
  /** What a request meets; taken and answered with 200 where it is undefined. */
  fault: ((response: ServerResponse) => void) | undefined;
}

export async function openCollector(port = 0): Promise<Collector> {
  const logs: CollectedLog[] = [];
  const resources: Record<string, unknown>[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const answer = async (): Promise<void> => {
      const body = await text(request);
      if (collector.fault !== undefined) return collector.fault(response);
      for (const { resource, scopeLogs } of requestSchema.parse(JSON.parse(body)).resourceLogs) {
        resources.push(resource.attributes);
        logs.push(...scopeLogs.flatMap(({ logRecords }) => logRecords));
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    };
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the collector has no port");
  const collector: Collector = {
    url: `http://127.0.0.1:${address.port}/v1/logs`,
    logs,
    resources,
    requests: () => requests,
    fault: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return collector;
}
