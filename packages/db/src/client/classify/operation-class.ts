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
  header(name: string): string | null;
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

export function matchEndpoint(
  rows: readonly EndpointRow[],
  method: string,
  segments: readonly string[],
): EndpointRow | undefined {
  return rows.find(([methods, path]) => methods.split("|").includes(method) && fits(path.split("/"), segments));
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  const open = pattern.at(-1) === "**";
  if (open ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, index) => part === "*" || part === "**" || part === segments[index]);
}
