import { describe, expect, it } from "vitest";
import { postgresTypeOf } from "./postgres-types.ts";

describe("postgresTypeOf", () => {
  it.each([
    ["text", "text", "text"],
    ["character varying(20)", "varchar(20)", "text"],
    ["int8", "bigint", "integer"],
    ["double precision", "double precision", "float"],
    ["timestamp with time zone", "timestamptz", "timestamptz"],
    ["numeric(10, 2)", "numeric(10,2)", "numeric"],
    ["decimal(4)", "numeric(4,0)", "numeric"],
    ["text[]", "text[]", "array"],
    ["varchar(3)[]", "varchar(3)[]", "array"],
    ["timestamp", "timestamp", "opaque"],
  ])("reads %s as %s", (text, name, family) => expect(postgresTypeOf(text)).toMatchObject({ name, family }));

  it.each([
    "public_type",
    "serial",
    "regclass",
    "text(3)",
    "varchar(0)",
    "varchar(3,1)",
    "numeric(2,3)",
    "numeric(1001)",
    "timestamp(3) with time zone",
    "jsonb[]",
    "character(3)",
    "constructor",
    "text; drop table x",
    "",
  ])("knows no type %s", (text) => expect(postgresTypeOf(text)).toBeNull());

  it("tells what a type can hold unchanged", () => {
    expect(postgresTypeOf("smallint")).toMatchObject({ minimum: -32_768, maximum: 32_767 });
    expect(postgresTypeOf("numeric(5,2)")).toMatchObject({ minimum: -999.99, maximum: 999.99 });
    expect(postgresTypeOf("numeric(3,3)")).toMatchObject({ maximum: 0.999 });
    expect(postgresTypeOf("numeric(20,2)")).not.toHaveProperty("maximum");
    expect(postgresTypeOf("varchar(7)")).toMatchObject({ maxLength: 7 });
  });
});
