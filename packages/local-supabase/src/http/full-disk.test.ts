import { expect, test } from "vitest";
import { refuseWritesWithoutRoom } from "./full-disk.ts";

test("while the disk is almost full what may write gets 503 and 53100, and reading goes on", async () => {
  let low = true;
  const handle = refuseWritesWithoutRoom(
    async () => new Response("done"),
    () => low,
  );
  const send = (method: string) => handle(new Request("https://127.0.0.1/rest/v1/rows", { method }));
  for (const method of ["POST", "PATCH", "PUT", "DELETE"]) {
    const refused = await send(method);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: "53100", message: expect.stringContaining("almost full") });
  }
  for (const method of ["GET", "HEAD", "OPTIONS"]) expect((await send(method)).status).toBe(200);
  low = false;
  expect((await send("POST")).status).toBe(200);
});
