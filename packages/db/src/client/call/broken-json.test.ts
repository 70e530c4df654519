import { expect, it } from "vitest";
import { classify } from "../classify/classify.ts";
import { stubUpstream } from "../testing/stub-upstream.ts";
import { tracked } from "../testing/tracked.ts";
import { isBrokenJson } from "./broken-json.ts";

const rows = JSON.stringify([{ note: "x".repeat(100) }]);
const rest = classify({ method: "GET", path: "/rest/v1/a", headers: new Map() });
const json = "application/json; charset=utf-8";

it.each([
  ["rows", json, rows, false],
  ["rows that end too soon", json, rows.slice(0, -1), true],
  ["a string", json, '"text"', false],
  ["an object of one row", "application/vnd.pgrst.object+json", '{"a":1', true],
  ["a table", "text/csv", "a,b\n1,2", false],
  ["nothing", json, "", false],
])("of %s", async (_what, type, body, broken) => {
  await using upstream = await stubUpstream((_request, response) => {
    response.writeHead(200, { "content-type": type }).end(body);
  });
  for (const captureBytes of [16_384, 64, 0]) {
    await using client = tracked(upstream.url, { captureBytes });
    await client.fetch(`${upstream.url}/rest/v1/a`);
    // a body over the limit is seen at its ends only, and a mere string has none
    expect([captureBytes, client.ledger.only().outcome.status]).toEqual([captureBytes, broken ? "error" : "success"]);
    expect(client.signs).toEqual(broken ? [] : [{ type: "succeeded" }]);
  }
});

it("takes what is hidden whole for no fault", () => {
  expect(isBrokenJson(rest, json, rows, '"[redacted]"')).toBe(false);
});
