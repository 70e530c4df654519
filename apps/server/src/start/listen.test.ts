import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
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

it("cuts off a caller that sends drop by drop, and one that says nothing", async () => {
  const slow = { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 20 };
  const served: string[] = [];
  const app = (request: IncomingMessage, response: ServerResponse) => {
    served.push(String(request.method));
    request.resume().on("end", () => response.end("ok"));
  };
  const server = await listen(app, "127.0.0.1", 0, slow);
  const trickle = async (begun: string, drop: string): Promise<string> => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    let said = "";
    socket.on("data", (chunk) => (said += String(chunk)));
    socket.on("error", () => {});
    socket.write(begun);
    // each drop is in time for any timer that counts from the last one
    const dripping = setInterval(() => drop !== "" && socket.write(drop), 20);
    await new Promise((resolve) => socket.on("close", resolve));
    clearInterval(dripping);
    return said;
  };
  const head = "POST / HTTP/1.1\r\nhost: x\r\n";
  expect(await trickle(head, "x-a: b\r\n")).toMatch(/^HTTP\/1\.1 408 [^]*"code":"MALFORMED_REQUEST"/);
  expect(served).toEqual([]);
  expect(await trickle(`${head}content-length: 99999\r\n\r\n`, "a")).toMatch(/^HTTP\/1\.1 408 /);
  expect(await trickle(`${head}transfer-encoding: chunked\r\n\r\n`, "1\r\na\r\n")).toMatch(/^HTTP\/1\.1 408 /);
  expect(await trickle("", "")).toMatch(/^HTTP\/1\.1 408 /);
  expect(await (await fetch(server.url)).text()).toBe("ok");
  await server.drain(0);
});

it("closes one connection more than there may be, and takes the next when one has gone", async () => {
  const server = await listen((_request, response) => response.end("ok"), "127.0.0.1", 0, { maxConnections: 2 });
  const open = () => openConnection(server.url);
  const [first, second] = [await open(), await open()];
  expect([first.said, second.said]).toEqual([expect.stringMatching(/ 200 /), expect.stringMatching(/ 200 /)]);
  expect((await open()).said).toBe("closed");
  first.socket.destroy();
  await expect.poll(async () => (await open()).said).toMatch(/ 200 /);
  await server.drain(0);
});

it.runIf(process.platform === "linux")("leaves room for the others however many one address opens", async () => {
  const limits = { maxConnections: 10, connectionsOfAddress: 2 };
  const server = await listen((_request, response) => response.end("ok"), "127.0.0.1", 0, limits);
  // all of 127.0.0.0/8 is this machine
  const open = (localAddress: string) => openConnection(server.url, localAddress);
  const first = await open("127.0.0.2");
  expect([first.said, (await open("127.0.0.2")).said]).toEqual(Array(2).fill(expect.stringMatching(/ 200 /)));
  expect((await open("127.0.0.2")).said).toBe("closed");
  expect((await open("127.0.0.3")).said).toMatch(/ 200 /);
  first.socket.destroy();
  await expect.poll(async () => (await open("127.0.0.2")).said).toMatch(/ 200 /);
  await server.drain(0);
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

/** A connection that asks once; it stays open unless the server closes it. */
async function openConnection(url: string, localAddress = "127.0.0.1") {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  const closed = new Promise<string>((resolve) => socket.on("close", () => resolve("closed")));
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  const answered = new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(String(chunk))));
  return { said: await Promise.race([answered, closed]), socket };
}
