import { identifierSchema } from "@waybill/contracts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { authEndpoints } from "./auth-endpoints.ts";
import { classify } from "./classify.ts";
import type { OperationType } from "./operation-class.ts";
import { storageEndpoints } from "./storage-endpoints.ts";

const shape = (method: string, path: string, headers: Record<string, string> = {}) => ({
  method,
  path,
  headers: new Map(Object.entries(headers)),
});

type Row = [method: string, path: string, type: OperationType, table: string, headers?: Record<string, string>];

// decisions.md, "operation types": one row a line
const rows: Row[] = [
  ["GET", "/rest/v1/airports", "read", "airports"],
  ["HEAD", "/rest/v1/airports", "read", "airports"],
  ["POST", "/rest/v1/airports", "create", "airports"],
  ["PATCH", "/rest/v1/airports", "update", "airports"],
  ["PUT", "/rest/v1/airports", "update", "airports"],
  ["DELETE", "/rest/v1/airports", "delete", "airports"],
  ["POST", "/rest/v1/airports", "create", "airports", { prefer: "return=minimal,resolution=ignore-duplicates" }],
  ["GET", "/rest/v1/airports", "read", "auth.airports", { "accept-profile": "auth" }],
  ["GET", "/rest/v1/airports", "read", "airports", { "accept-profile": "public", "content-profile": "ignored" }],
  ["POST", "/rest/v1/users", "create", "auth.users", { "content-profile": "auth", "accept-profile": "ignored" }],
  ["GET", "/rest/v1/My%20Table", "read", '"My Table"'],
  ["GET", "/rest/v1/user", "read", '"user"'],
  ["GET", "/rest/v1/a%22b", "read", '"a""b"'],
  ["GET", "/rest/v1/%E0%A4%A", "read", '"%E0%A4%A"'],
  ["GET", "/rest/v1/", "read", "openapi"],
  ["GET", "/rest/v1", "read", "openapi"],
  ["GET", "/rest/v1/rpc/busiest", "read", "busiest"],
  ["HEAD", "/rest/v1/rpc/busiest", "read", "busiest"],
  ["POST", "/rest/v1/rpc/busiest", "update", "busiest"],
  ["POST", "/rest/v1/rpc/busiest", "read", "busiest", { "x-waybill-operation": "read" }],
  [
    "POST",
    "/rest/v1/rpc/busiest",
    "create",
    "tools.busiest",
    { "x-waybill-operation": "create", "content-profile": "tools" },
  ],
  ["POST", "/rest/v1/rpc/busiest", "delete", "busiest", { "x-waybill-operation": "delete" }],
  ["POST", "/rest/v1/rpc/write_rows", "create", "airports", { "x-waybill-operation": "create airports" }],
  ["POST", "/rest/v1/rpc/write_rows", "update", '"user"', { "x-waybill-operation": "update user" }],
  ["POST", "/auth/v1/signup", "create", "auth.users"],
  ["POST", "/auth/v1/token", "create", "auth.sessions"],
  ["POST", "/auth/v1/logout", "delete", "auth.sessions"],
  ["GET", "/auth/v1/user", "read", "auth.users"],
  ["PUT", "/auth/v1/user", "update", "auth.users"],
  ["POST", "/auth/v1/factors/7d/verify", "create", "auth.sessions"],
  ["POST", "/auth/v1/something-new", "create", 'auth."something-new"'],
  ["POST", "/storage/v1/object/list/photos", "read", "storage.objects"],
  ["GET", "/storage/v1/object/info/photos/a.png", "read", "storage.objects"],
  ["GET", "/storage/v1/object/photos/a/b.png", "read", "storage.objects"],
  ["GET", "/storage/v1/render/image/authenticated/photos/a.png", "read", "storage.objects"],
  ["POST", "/storage/v1/object/sign/photos/a.png", "read", "storage.objects"],
  ["POST", "/storage/v1/object/upload/sign/photos/a.png", "read", "storage.objects"],
  ["PUT", "/storage/v1/object/upload/sign/photos/a.png", "create", "storage.objects"],
  ["POST", "/storage/v1/object/photos/a.png", "create", "storage.objects"],
  ["PUT", "/storage/v1/object/photos/a.png", "update", "storage.objects"],
  ["POST", "/storage/v1/object/move", "update", "storage.objects"],
  ["POST", "/storage/v1/object/copy", "create", "storage.objects"],
  ["DELETE", "/storage/v1/object/photos", "delete", "storage.objects"],
  ["GET", "/storage/v1/bucket", "read", "storage.buckets"],
  ["POST", "/storage/v1/bucket", "create", "storage.buckets"],
  ["PUT", "/storage/v1/bucket/photos", "update", "storage.buckets"],
  ["DELETE", "/storage/v1/bucket/photos", "delete", "storage.buckets"],
  ["POST", "/storage/v1/bucket/photos/empty", "delete", "storage.objects"],
  ["POST", "/functions/v1/hello-world", "update", '"hello-world"'],
  ["GET", "/functions/v1/hello/sub/path", "update", "hello"],
  ["POST", "/realtime/v1/api/broadcast", "create", "realtime.messages"],
  ["POST", "/graphql/v1", "update", "graphql_public.graphql"],
  ["GET", "/somewhere", "read", "somewhere"],
  ["PATCH", "/", "update", '"?"'],
];

it.each(rows)("%s %s is %s on %s", (method, path, operation_type, table_name, headers) => {
  expect(classify(shape(method, path, headers))).toMatchObject({ operation_type, table_name });
});

it.each(authEndpoints)("auth: %s %s is %s on %s", (methods, path, operation_type, table_name) => {
  for (const method of methods.split("|")) {
    const kind = classify(shape(method, `/auth/v1/${path.replaceAll("*", "x1")}`));
    expect(kind).toMatchObject({ operation_type, table_name, captures: false });
  }
});

it.each(storageEndpoints)("storage: %s %s is %s on %s", (methods, path, operation_type, table_name) => {
  for (const method of methods.split("|")) {
    const kind = classify(shape(method, `/storage/v1/${path.replace("**", "b1/x/y").replaceAll("*", "b1")}`));
    expect(kind).toMatchObject({ operation_type, table_name });
  }
});

it("marks an upsert by its Prefer header, and a storage upload by x-upsert", () => {
  const prefer = { prefer: "resolution=merge-duplicates,return=representation" };
  expect(classify(shape("POST", "/rest/v1/airports", prefer)).upsert).toBe(true);
  expect(classify(shape("POST", "/rest/v1/airports", { prefer: "return=minimal" })).upsert).toBe(false);
  expect(classify(shape("POST", "/storage/v1/object/b/x", { "x-upsert": "true" })).upsert).toBe(true);
});

it("captures no auth body, signed URL, file or function body", () => {
  for (const path of [
    "/auth/v1/token",
    "/storage/v1/object/sign/b/x",
    "/storage/v1/object/upload/sign/b/x",
    "/storage/v1/object/b/x",
    "/functions/v1/f",
    "/graphql/v1",
  ]) {
    expect(classify(shape("POST", path))).toMatchObject({ captures: false });
  }
  for (const path of ["/rest/v1/airports", "/rest/v1/rpc/f", "/storage/v1/object/list/b", "/storage/v1/bucket"]) {
    expect(classify(shape("POST", path))).toMatchObject({ captures: true });
  }
});

it("streams downloads and functions only", () => {
  expect(classify(shape("GET", "/storage/v1/object/b/x")).streams).toBe(true);
  expect(classify(shape("POST", "/functions/v1/f")).streams).toBe(true);
  expect(classify(shape("GET", "/storage/v1/object/info/b/x")).streams).toBe(false);
  expect(classify(shape("GET", "/rest/v1/airports")).streams).toBe(false);
});

it.each(["create ", "create a b", " create"])("refuses the operation header %j", (said) => {
  const headers = { "x-waybill-operation": said };
  expect(() => classify(shape("POST", "/rest/v1/rpc/f", headers))).toThrow(/say create, read, update or delete/);
});

it("refuses an operation header that names no operation", () => {
  const headers = { "x-waybill-operation": "reads" };
  expect(() => classify(shape("POST", "/rest/v1/rpc/f", headers))).toThrow(
    /"reads": say create, read, update or delete/,
  );
});

it("gives whatever comes a type and a valid identifier", () => {
  const method = fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY");
  const root = fc.constantFrom("/rest/v1/", "/rest/v1/rpc/", "/auth/v1/", "/storage/v1/", "/functions/v1/", "/", "");
  const schema = fc.option(fc.string({ unit: "binary", maxLength: 70 }));
  fc.assert(
    fc.property(method, root, fc.string({ unit: "binary", maxLength: 70 }), schema, (method, root, rest, schema) => {
      const path = `${root}${encodeURIComponent(rest.toWellFormed())}`;
      const headers = schema === null ? {} : { "accept-profile": schema, "content-profile": schema };
      const { table_name } = classify(shape(method, path, headers));
      expect(identifierSchema.parse(table_name)).toBe(table_name);
    }),
  );
});
