import type { DatabaseOperationRow } from "@waybill/contracts";

export type OperationType = DatabaseOperationRow["operation_type"];

/** What a request is, told from its method, path and headers alone (decisions.md, "operation types"). */
export interface OperationClass {
  readonly service: "rest" | "rpc" | "auth" | "storage" | "functions" | "realtime" | "graphql" | "other";
  readonly operation_type: OperationType;
  /** A valid SQL identifier as Postgres would write it. */
  readonly table_name: string;
  readonly upsert: boolean;
  /** Whether the bodies may go into the record at all; auth, signed URLs, files and functions may not. */
  readonly captures: boolean;
  /** Whether the answer may be a file or an event stream, which is never gathered in memory. */
  readonly streams: boolean;
}

/** The part of a request that tells its class. Header names are in lower case. */
export interface RequestShape {
  readonly method: string;
  /** The path below the project's URL, as sent: percent-encoded, beginning with a slash. */
  readonly path: string;
  readonly headers: Pick<ReadonlyMap<string, string>, "get">;
}

export function typeOfMethod(method: string): OperationType {
  switch (method) {
    case "GET":
    case "HEAD":
    case "OPTIONS":
      return "read";
    case "POST":
      return "create";
    case "DELETE":
      return "delete";
    default:
      return "update";
  }
}

/** A path segment as it was meant; one that is no valid percent-encoding is taken as it stands. */
export function decodeSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** One line of an endpoint table: `*` stands for one segment, `**` at the end for one or more. */
export type EndpointRow = readonly [methods: string, path: string, type: OperationType, table: string];

/** An endpoint table made ready to be searched for every request. */
export type EndpointTable = readonly {
  readonly methods: readonly string[];
  readonly pattern: readonly string[];
  readonly type: OperationType;
  readonly table: string;
}[];

export function endpointTable(rows: readonly EndpointRow[]): EndpointTable {
  return rows.map(([methods, path, type, table]) => ({
    methods: methods.split("|"),
    pattern: path.split("/"),
    type,
    table,
  }));
}

export function matchEndpoint(
  table: EndpointTable,
  method: string,
  segments: readonly string[],
): EndpointTable[number] | undefined {
  return table.find(({ methods, pattern }) => methods.includes(method) && fits(pattern, segments));
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  const open = pattern.at(-1) === "**";
  if (open ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, index) => part === "*" || part === "**" || part === segments[index]);
}
