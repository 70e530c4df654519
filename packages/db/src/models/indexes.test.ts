import { indexSchema, postgresTypeOf } from "@waybill/contracts";
import { scratchDatabase } from "@waybill/local-supabase";
import { expect, it } from "vitest";
import { fits } from "./indexes.ts";

const scalars = "smallint integer bigint numeric real boolean text varchar(9) uuid timestamptz date timetz jsonb json";
const rest = "bytea cidr inet interval macaddr time timestamp text[] integer[] uuid[] numeric(5,2)";
const names = [...scalars.split(" "), ...rest.split(" "), "double precision"];
const methods = ["btree", "hash", "gin", "gist", "brin"].map(
  (method) => indexSchema.parse({ columns: ["a"], method }).method,
);

it.each(["pglite", "native"] as const)("knows which types each method takes, as Postgres does: %s", async (engine) => {
  await using database = await scratchDatabase({ engine });
  const known: string[] = [];
  const taken: string[] = [];
  const reasons = new Set<string>();
  for (const name of names) {
    const type = postgresTypeOf(name);
    if (type === null) throw new Error(`${name} is no type`);
    await database.exec(`drop table if exists tried; create table tried (a ${type.name})`);
    for (const method of methods) {
      if (fits(method, type)) known.push(`${method} ${name}`);
      try {
        await database.exec(`create index on tried using ${method} (a)`);
        taken.push(`${method} ${name}`);
      } catch (error) {
        reasons.add(String(error).includes("has no default operator class") ? "no class" : String(error));
      }
    }
  }
  expect(known).toEqual(taken);
  expect([...reasons]).toEqual(["no class"]);
});
