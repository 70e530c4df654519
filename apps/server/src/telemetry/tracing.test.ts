import { randomUUID } from "node:crypto";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CBaggagePropagator, CompositePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { openBehind } from "../testing/behind.ts";
import { refusalOf } from "../testing/refusal.ts";
import { openStage, type Person, type Stage } from "../testing/stage.ts";
import { openTracing } from "./tracing.ts";

const stack = inject("stack");
const exporter = new InMemorySpanExporter();
/** The trace headers of each request that reached Supabase. */
let sent: { traceparent: unknown; baggage: unknown }[] = [];
let behind: Awaited<ReturnType<typeof openBehind>>;
let stage: Stage;
let ada: Person;

const env = { WAYBILL_ALLOW_HTTP_LOOPBACK: "1", WAYBILL_ALLOWED_HOSTS: "127.0.0.1" };
const open = () => openStage({ stack: { ...stack, url: behind.url }, env });

beforeAll(async () => {
  behind = await openBehind(stack, ({ headers }) => {
    sent.push({ traceparent: headers["traceparent"], baggage: headers["baggage"] });
    return undefined;
  });
});
afterAll(async () => {
  for (const opened of [stage, behind]) await opened[Symbol.asyncDispose]();
  for (const api of [trace, context, propagation]) api.disable();
});

const spansOf = (kind: SpanKind) => exporter.getFinishedSpans().filter((span) => span.kind === kind);
const idsOf = (span: ReadableSpan | undefined) => {
  const { traceId, spanId } = span?.spanContext() ?? {};
  return { traceId, spanId };
};

it("without a provider nothing is traced and nothing is sent along", async () => {
  await using untraced = await open();
  await untraced.newUser();
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.filter(({ traceparent }) => traceparent !== undefined)).toEqual([]);
  expect(openTracing(untraced.services.waybill, stack.url)).toBeUndefined();
});

describe("with a provider", () => {
  beforeAll(async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
    propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    stage = await open();
    ada = await stage.newUser();
  });
  beforeEach(() => {
    exporter.reset();
    sent = [];
  });

  it("a procedure is a span, and each of its operations one below it whose trace goes on to Supabase", async () => {
    await ada.api.operations.list.query({});
    const [procedure, ...others] = spansOf(SpanKind.SERVER);
    expect(others).toEqual([]);
    expect(procedure).toMatchObject({
      name: "operations.list",
      attributes: { "rpc.system.name": "trpc", "rpc.method": "operations.list" },
      status: { code: SpanStatusCode.UNSET },
    });
    const operation = spansOf(SpanKind.CLIENT).find(({ name }) => name === "read database_operations");
    const { traceId, spanId } = idsOf(operation);
    expect(operation?.attributes).toMatchObject({
      "db.system.name": "postgresql",
      "db.operation.name": "read",
      "db.collection.name": "database_operations",
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(behind.url).port),
      "waybill.operation_id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "waybill.attempts": 1,
    });
    expect(operation?.parentSpanContext).toMatchObject(idsOf(procedure));
    expect(sent.map(({ traceparent }) => traceparent)).toContain(`00-${traceId}-${spanId}-01`);
  });

  it("a caller's trace goes on through both, its baggage does not", async () => {
    const traceId = randomUUID().replaceAll("-", "");
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    await stage.client(ada.sessionToken, { traceparent, baggage: "plan=secret" }).operations.list.query({});
    const carrying = propagation.setBaggage(context.active(), propagation.createBaggage({ plan: { value: "secret" } }));
    await context.with(carrying, () => stage.services.waybill.operations.list({ limit: 1 }));
    const spans = exporter.getFinishedSpans().filter((span) => idsOf(span).traceId === traceId);
    expect(spans.map(({ kind }) => kind)).toEqual(expect.arrayContaining([SpanKind.SERVER, SpanKind.CLIENT]));
    expect(sent.some((headers) => String(headers.traceparent).includes(traceId))).toBe(true);
    expect(sent.every(({ baggage }) => baggage === undefined)).toBe(true);
    await stage.client(ada.sessionToken, { traceparent: "no trace" }).operations.list.query({});
  });

  it("an operation of a registered client names its client, and no address of the project that it does not go to", async () => {
    const client_id = `traced-${randomUUID()}/service_role`;
    const { waybill } = stage.services;
    await waybill.clients.register({
      client_id,
      client_type: "service_role",
      supabase_url: stack.url,
      supabase_key: stack.secretKey,
    });
    await (await waybill.client(client_id)).from("airports").select("iata").limit(1);
    await waybill.clients.remove(client_id);
    const operation = spansOf(SpanKind.CLIENT).find(({ attributes }) => attributes["waybill.client_id"] === client_id);
    expect(operation?.name).toBe("read airports");
    expect(operation?.attributes).not.toHaveProperty("server.port");
  });

  it("what fails says by which code, and quotes nothing", async () => {
    await refusalOf(ada.api.clients.list.query({}));
    await refusalOf(stage.client().operations.list.query({}));
    await refusalOf(stage.client().sessions.login.mutate({ email: ada.email, password: "not the password" }));
    expect(spansOf(SpanKind.SERVER)).toMatchObject([
      { name: "clients.list", attributes: { "error.type": "FORBIDDEN" }, status: { code: SpanStatusCode.ERROR } },
      {
        name: "operations.list",
        attributes: { "error.type": "UNAUTHENTICATED" },
        status: { code: SpanStatusCode.ERROR },
      },
      { name: "sessions.login", attributes: { "error.type": "INVALID_CREDENTIALS" } },
    ]);
    const login = spansOf(SpanKind.CLIENT).find(({ name }) => name === "create auth.sessions");
    expect(login?.attributes["error.type"]).toMatch(/^(400|invalid_credentials)$/);
    expect(login?.status).toEqual({ code: SpanStatusCode.ERROR });
  });

  it("no span holds a secret, an address of a person or a value of a query", async () => {
    const { email, password } = ada;
    const { session_token } = await stage.client().sessions.login.mutate({ email, password });
    const api = stage.client(session_token);
    await api.operations.list.query({ error_text: "sought text", user_id: ada.userId });
    await refusalOf(
      api.data.list.query({ model: "nowhere", filters: [{ column: "a", op: "eq", value: "sought text" }] }),
    );
    await api.sessions.logout.mutate({});
    const spans = exporter.getFinishedSpans();
    expect(spans.length).toBeGreaterThan(5);
    const text = spans
      .map(({ name, attributes, events, links, status, resource }) =>
        JSON.stringify([name, attributes, events, links, status, resource.attributes]),
      )
      .join("\n");
    const { secretKey, publishableKey, jwtSecret } = stack;
    const secrets = [email, password, session_token, ada.userId, secretKey, publishableKey, jwtSecret, "sought"];
    for (const secret of secrets) expect(text).not.toContain(secret);
  });
});
