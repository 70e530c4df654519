import { expect, test } from "vitest";
import { startStubServer } from "./stub-server.ts";
import { createWaybillClient, modelRows } from "./index.ts";

const books = {
  model_name: "books",
  table_name: "books",
  schema_version: "1.0.0",
  fields: { type: "object", properties: { id: { type: "string" }, title: { type: "string" } }, required: ["id"] },
} as const;

test("rows are those of the model, and of the columns that were asked for", async () => {
  await using server = await startStubServer();
  const rows = modelRows(createWaybillClient({ url: server.url }), books);
  const page = await rows.list({ columns: ["title"], filters: [{ column: "id", op: "eq", value: "1" }], limit: 2 });
  expect(page.rows.map(({ title }) => title)).toEqual(["Emma"]);
  const asked = new URL(server.seen[0]?.url ?? "", server.url).searchParams.get("input") ?? "";
  expect(JSON.parse(asked)).toMatchObject({
    0: { model: "books", columns: ["title"], filters: [{ column: "id", op: "eq", value: "1" }], limit: 2 },
  });
});

test("rows of a server whose model lacks a column are refused, and say what to do", async () => {
  await using server = await startStubServer();
  const rows = modelRows(createWaybillClient({ url: server.url }), books);
  await expect(rows.get({ id: "1" })).rejects.toThrow(/books lack columns .* define it as models.get has it/);
});

test("a change to nothing is refused before it is sent: JSON would leave it out", async () => {
  await using server = await startStubServer();
  const rows = modelRows(createWaybillClient({ url: server.url }), books);
  // @ts-expect-error undefined is no value
  await expect(rows.update({ id: "1" }, { title: undefined })).rejects.toThrow(TypeError);
  expect(server.seen).toEqual([]);
});
