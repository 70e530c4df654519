import { once } from "node:events";
import type { ServerResponse } from "node:http";
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

it("ends a connection with the answer that was under way, so that a busy caller does not keep the server", async () => {
  const held: ServerResponse[] = [];
  const server = await listen(
    (request, response) => void (request.url === "/held" ? held.push(response) : response.end("ok")),
    "127.0.0.1",
    0,
  );
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  let said = "";
  // as soon as it has an answer, it asks again
  socket.on("data", (chunk) => {
    said += String(chunk);
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  });
  // what it asked too late may come back as a reset
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write("GET /held HTTP/1.1\r\nhost: x\r\n\r\n");
  await expect.poll(() => held.length).toBe(1);
  const drained = server.drain(60_000);
  held[0]?.end("was under way");
  await closed;
  expect(said.match(/HTTP\/1\.1 200 /g)).toHaveLength(1);
  expect(said).toMatch(/^connection: close\r\n[^]*was under way$/im);
  expect(await drained).toBe(true);
});

it("answers what was sent over a resting connection in the moment of the stop", async () => {
  const server = await listen((_request, response) => response.end("ok"), "127.0.0.1", 0);
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  let said = "";
  socket.on("data", (chunk) => (said += String(chunk)));
  const ended = once(socket, "end");
  const ask = () => socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  ask();
  await once(socket, "data");
  ask();
  const drained = server.drain(60_000);
  await ended;
  expect(said.match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
  expect(await drained).toBe(true);
});

it("gives an IPv6 host its brackets", async () => {
  const server = await listen((_request, response) => response.end("ok"), "::1", 0);
  expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  await server.drain(0);
});
