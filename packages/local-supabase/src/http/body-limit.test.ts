import { expect, test } from "vitest";
import { withBodyLimit } from "./body-limit.ts";

const echo = async (request: Request): Promise<Response> => new Response(await request.text());

function inChunks(chunks: number, pulled: { count: number }): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      if (pulled.count === chunks) controller.close();
      else {
        pulled.count += 1;
        controller.enqueue(new Uint8Array(10).fill(97));
      }
    },
  });
}

const post = (body: string | ReadableStream<Uint8Array>, headers: Record<string, string> = {}): Request =>
  new Request("https://127.0.0.1/", { method: "POST", body, headers, duplex: "half" });

test("a body up to the limit passes whole, announced or in chunks", async () => {
  const announced = post("0123456789", { "content-length": "10" });
  expect(await (await withBodyLimit(announced, echo, 10)).text()).toBe("0123456789");
  const chunked = post(inChunks(2, { count: 0 }));
  expect(await (await withBodyLimit(chunked, echo, 20)).text()).toBe("a".repeat(20));
  expect((await withBodyLimit(new Request("https://127.0.0.1/"), echo, 1)).status).toBe(200);
});

test("a larger one is answered with 413, before it is read to its end", async () => {
  const announced = await withBodyLimit(post("", { "content-length": "11" }), echo, 10);
  expect(announced.status).toBe(413);
  expect(await announced.json()).toMatchObject({ message: expect.stringContaining("larger than 10 bytes") });
  const pulled = { count: 0 };
  expect((await withBodyLimit(post(inChunks(1_000, pulled)), echo, 100)).status).toBe(413);
  expect(pulled.count).toBeLessThan(20);
});
