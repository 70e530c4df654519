import { expect, it } from "vitest";
import { dataError } from "./data-error.ts";

const model = { columns: ["iata"], primaryKey: ["iata"], model: { table_name: "airports", relationships: null } };
const answer = (code: string, status: number) => ({
  data: null,
  error: { code, message: "said by Postgres", details: "Key (iata)=(ANC) already exists." },
  status,
});
const fieldsFor = (code: string, status: number) =>
  dataError("Creating a row", model, answer(code, status), "row").issues?.map(({ field }) => field);

it("names a field for what the caller can correct, and none for what is not its doing", () => {
  expect(fieldsFor("23505", 409)).toEqual(["row.iata"]);
  expect(fieldsFor("PGRST205", 404)).toEqual(["model"]);
  for (const [code, status] of [
    ["", 0],
    ["57014", 500],
    ["53300", 503],
    ["PGRST303", 401],
    ["XX000", 500],
  ] as const) {
    expect(fieldsFor(code, status)).toBeUndefined();
  }
});
