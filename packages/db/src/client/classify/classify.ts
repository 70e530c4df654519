import { authEndpoints } from "./auth-endpoints.ts";
import type { OperationClass, OperationType, RequestShape } from "./operation-class.ts";
import { decodeSegment, endpointTable, matchEndpoint, typeOfMethod } from "./operation-class.ts";
import { qualifiedName, quoteIdent } from "./quote-ident.ts";
import { isFile, isSigning, storageEndpoints } from "./storage-endpoints.ts";

/** The header by which a caller says what its function does, and to which table (`create airports`); it never leaves the process. */
export const OPERATION_HEADER = "x-waybill-operation";

const authTable = endpointTable(authEndpoints);
const storageTable = endpointTable(storageEndpoints);

/** What a request is (decisions.md, "operation types"). Whatever comes gets a class, and a valid table name. */
export function classify(request: RequestShape): OperationClass {
  const { method, path } = request;
  if (path.startsWith("/rest/v1/")) return classifyRest(request, path.slice("/rest/v1/".length));
  const [, service = "", version, ...segments] = path.split("/").map(decodeSegment);
  if (version === "v1") {
    if (service === "auth") return classifyAuth(method, segments);
    if (service === "storage") return classifyStorage(request, segments);
    if (service === "functions") {
      return opaque("functions", "update", quoteIdent(segments[0] ?? ""), true);
    }
    if (service === "realtime") {
      return { ...opaque("realtime", typeOfMethod(method), "realtime.messages"), captures: true };
    }
    if (service === "graphql") {
      return opaque("graphql", method === "GET" ? "read" : "update", "graphql_public.graphql");
    }
    if (service === "rest") return classifyRest(request, "");
  }
  return opaque("other", typeOfMethod(method), quoteIdent(service), true);
}

function classifyRest(request: RequestShape, below: string): OperationClass {
  const { method } = request;
  const reading = method === "GET" || method === "HEAD";
  const schema = request.headers.get(reading ? "accept-profile" : "content-profile");
  const plain = { captures: true, streams: false, upsert: false };
  if (below.startsWith("rpc/")) {
    const said = reading ? null : saidOf(request);
    const table_name = qualifiedName(schema, said?.table ?? decodeSegment(below.slice("rpc/".length)));
    return { ...plain, service: "rpc", operation_type: reading ? "read" : (said?.type ?? "update"), table_name };
  }
  if (below === "") return { ...plain, service: "rest", operation_type: "read", table_name: "openapi" };
  return {
    ...plain,
    service: "rest",
    operation_type: typeOfMethod(method),
    table_name: qualifiedName(schema, decodeSegment(below)),
    upsert: method === "POST" && (request.headers.get("prefer")?.includes("resolution=") ?? false),
  };
}

/** What the caller of a function says that it does; null where it says nothing. */
export function saidOf(
  request: Pick<RequestShape, "headers">,
): { type: OperationType; table: string | undefined } | null {
  const said = request.headers.get(OPERATION_HEADER);
  if (said === undefined) return null;
  const [type, table, ...rest] = said.split(" ");
  const isWhole = rest.length === 0 && table !== "";
  if (isWhole && (type === "create" || type === "read" || type === "update" || type === "delete"))
    return { type, table };
  throw new TypeError(
    `${OPERATION_HEADER} is ${JSON.stringify(said)}: say create, read, update or delete, and a table after it if need be.`,
  );
}

function classifyAuth(method: string, segments: readonly string[]): OperationClass {
  const row = matchEndpoint(authTable, method, segments);
  return row === undefined
    ? opaque("auth", typeOfMethod(method), qualifiedName("auth", segments[0] ?? ""))
    : opaque("auth", row.type, row.table);
}

function classifyStorage(request: RequestShape, segments: readonly string[]): OperationClass {
  const { method } = request;
  const row = matchEndpoint(storageTable, method, segments);
  const type = row?.type ?? typeOfMethod(method);
  const file = isFile(method, segments);
  return {
    service: "storage",
    operation_type: type,
    table_name: row?.table ?? "storage.objects",
    upsert: type === "create" && request.headers.get("x-upsert") === "true",
    captures: !file && !isSigning(segments),
    streams: file && type === "read",
  };
}

function opaque(
  service: OperationClass["service"],
  operation_type: OperationType,
  table_name: string,
  streams = false,
): OperationClass {
  return { service, operation_type, table_name, upsert: false, captures: false, streams };
}
