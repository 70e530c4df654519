import {
  context,
  propagation,
  ProxyTracerProvider,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { WatchedOperation, Waybill } from "@waybill/db";
import { errorTypeOf } from "./error-type.ts";
import type { Seen } from "./seen.ts";

export interface Tracing {
  /** Runs a procedure in a span of its own, under the caller's trace. */
  procedure<Result>(seen: Seen<Result>): Promise<Result>;
}

/**
 * Spans for procedures and operations, where the operator registered an OpenTelemetry provider before the start; without
 * one, undefined, and nothing is looked at. A span has names and codes, and never a value: not of a query, not of an error.
 */
export function openTracing(waybill: Waybill, supabaseUrl: string): Tracing | undefined {
  if (!isProviderRegistered()) return undefined;
  const tracer = trace.getTracer("waybill");
  traceOperations(waybill, tracer, supabaseUrl);
  return {
    procedure({ path, traceHeaders, run, codeOf, codeOfFailure }) {
      const active = context.active();
      // an instrumentation of HTTP has read the caller's trace already
      const parent = trace.getSpan(active) === undefined ? propagation.extract(active, traceHeaders) : active;
      const attributes = { "rpc.system.name": "trpc", "rpc.method": path };
      return tracer.startActiveSpan(path, { kind: SpanKind.SERVER, attributes }, parent, async (span) => {
        try {
          const result = await run();
          const code = codeOf(result);
          if (code !== "OK") fail(span, code);
          return result;
        } catch (error) {
          fail(span, codeOfFailure(error));
          throw error;
        } finally {
          span.end();
        }
      });
    },
  };
}

function isProviderRegistered(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer("waybill") !== undefined;
}

/** By the semantic conventions for database clients: one span an operation, and its trace goes on to Supabase. */
function traceOperations(waybill: Waybill, tracer: Tracer, supabaseUrl: string): void {
  const { hostname, port } = new URL(supabaseUrl);
  const place = { "server.address": hostname, "server.port": Number(port || 443) };
  const { service_role, anon } = waybill.health();
  // a registered client may go to another project
  const placeOf = ({ client_id }: WatchedOperation) =>
    client_id === service_role.client_id || client_id === anon.client_id ? place : {};
  waybill.watch({
    begun(operation, setHeader) {
      const span = tracer.startSpan(`${operation.operation_type} ${operation.table_name}`, {
        kind: SpanKind.CLIENT,
        attributes: { ...placeOf(operation), ...attributesOf(operation) },
      });
      propagation.inject(trace.setSpan(context.active(), span), setHeader, {
        // baggage stays here: it may hold anything
        set: (set, name, value) => {
          if (name === "traceparent" || name === "tracestate") set(name, value);
        },
      });
      return (outcome) => {
        span.setAttribute("waybill.attempts", outcome.attempts);
        if (outcome.status !== "success") fail(span, errorTypeOf(outcome));
        span.end();
      };
    },
  });
}

function attributesOf({ operation_type, table_name, operation_id, client_id, request_id }: WatchedOperation) {
  return {
    "db.system.name": "postgresql",
    "db.operation.name": operation_type,
    "db.collection.name": table_name,
    "waybill.operation_id": operation_id,
    "waybill.client_id": client_id,
    ...(request_id === null ? {} : { "waybill.request_id": request_id }),
  };
}

/** No message: what Postgres says may quote a value. */
function fail(span: Span, errorType: string): void {
  span.setAttribute("error.type", errorType);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
