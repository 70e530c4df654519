import { expect, inject, test } from "vitest";
import { inLiveRead } from "./live-read.ts";

const dbUrl = () => inject("stack").dbUrl;

test("what reads cannot write, whatever it runs", async () => {
  const writing = inLiveRead({ dbUrl: dbUrl() }, (session) => session.exec("create table public.written (id int)"));
  await expect(writing).rejects.toMatchObject({ code: "PLAN_FAILED", sqlstate: "25006" });
  const rows = await inLiveRead({ dbUrl: dbUrl() }, (session) =>
    session.query("select array['a', 'b'] as list, to_regclass('public.written') as made"),
  );
  expect(rows).toEqual([{ list: ["a", "b"], made: null }]);
});

test("reading ends at its deadline", async () => {
  const sleeping = inLiveRead({ dbUrl: dbUrl(), deadlineMs: 300 }, (session) => session.exec("select pg_sleep(1)"));
  await expect(sleeping).rejects.toMatchObject({ code: "MIGRATION_TIMEOUT" });
});

test("a database that is not there is said, without its password", async () => {
  const reading = inLiveRead({ dbUrl: "postgresql://postgres:secret@127.0.0.1:1/postgres" }, () => Promise.resolve());
  await expect(reading).rejects.toMatchObject({
    code: "DATABASE_UNREACHABLE",
    message: expect.not.stringContaining("secret"),
  });
});
