import { once } from "node:events";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { listen } from "./listen.ts";

it("cuts off a caller that never finishes its header, and one that never finishes its body", async () => {
  const slow = { headersTimeout: 100, requestTimeout: 100, connectionsCheckingInterval: 20 };
  const server = await listen(
    (request, response) => request.resume().on("end", () => response.end("ok")),
    "127.0.0.1",
    0,
    slow,
  );
  for (const begun of ["GET / HTTP/1.1\r\nhost: x\r\n", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc"]) {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    let said = "";
    socket.on("data", (chunk) => (said += String(chunk)));
    socket.write(begun);
    await once(socket, "close");
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
  }
  expect(await (await fetch(server.url)).text()).toBe("ok");
  expect(await server.drain(5000)).toBe(true);
});

it("does not wait for callers that merely keep their connection", async () => {
  const server = await listen((_request, response) => response.end("ok"), "127.0.0.1", 0);
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await once(socket, "data");
  expect(await server.drain(60_000)).toBe(true);
});

it("gives an IPv6 host its brackets", async () => {
  const server = await listen((_request, response) => response.end("ok"), "::1", 0);
  expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  await server.drain(0);
});
