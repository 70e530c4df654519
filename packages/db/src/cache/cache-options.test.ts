import { describe, expect, it } from "vitest";
import { type CacheOptions, readCacheOptions } from "./cache-options.ts";

describe("the options of the cache", () => {
  it("name tables as records do, with or without the schema public", () => {
    const { tables, maxBytes } = readCacheOptions({
      tables: {
        airports: { ttlMs: 1 },
        "public.routes": { ttlMs: 2, staleMs: 3 },
        '"My Table"': { ttlMs: 1, droppedWith: ["auth.users", "other.b"] },
      },
    });
    expect([...tables]).toEqual([
      ["airports", { ttlMs: 1, staleMs: 0, names: ["airports"] }],
      ["routes", { ttlMs: 2, staleMs: 3, names: ["routes"] }],
      ['"My Table"', { ttlMs: 1, staleMs: 0, names: ["My Table", "auth.users", "b"] }],
    ]);
    expect(maxBytes).toBe(64 * 1024 * 1024);
  });

  it.each<[CacheOptions, RegExp]>([
    [{ tables: { airports: { ttlMs: 0 } } }, /Option cache\.tables\.airports\.ttlMs must be a whole number from 1/],
    [
      { tables: { airports: { ttlMs: 1, staleMs: -1 } } },
      /cache\.tables\.airports\.staleMs must be a whole number from 0/,
    ],
    [{ tables: { airports: { ttlMs: 1, droppedWith: ["A b"] } } }, /droppedWith\.0 must be an SQL identifier/],
    [{ tables: { "my table": { ttlMs: 1 } } }, /cache\.tables, "my table", must be an SQL identifier/],
    [{ tables: { "public.data_models": { ttlMs: 1 } } }, /must not be a table of Waybill itself/],
    [{ tables: {}, maxBytes: 1 }, /cache\.maxBytes must be a whole number from 1024/],
    [{ tables: {}, maxAnswerBytes: 0.5 }, /cache\.maxAnswerBytes must be a whole number from 1/],
  ])("%j are refused", (options, message) => {
    expect(() => readCacheOptions(options)).toThrow(expect.objectContaining({ code: "ENVIRONMENT_INVALID" }));
    expect(() => readCacheOptions(options)).toThrow(message);
  });
});
