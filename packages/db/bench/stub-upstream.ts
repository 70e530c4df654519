import { createServer } from "node:http";

/** Ten rows of 1.7 KB for every read, at once: what is measured is the way there and back. Run by `fork`. */
const rows = JSON.stringify(
  Array.from({ length: 10 }, (_, id) => ({
    id,
    iata: "LAX",
    name: "Los Angeles International",
    note: "x".repeat(100),
  })),
);
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    const counts = request.url?.includes("record_operations") ?? false;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(counts ? '{"inserted":0,"settled":0,"unchanged":0,"cascaded":0}' : rows);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
process.on("disconnect", () => process.exit(0));
