import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { json, stubUpstream } from "./client/testing/stub-upstream.ts";
import { createWaybill } from "./waybill.ts";

it("no key goes where a project redirects to, unless that is the project", async () => {
  const { publishableKey, secretKey } = inject("stack");
  await using project = await stubUpstream();
  await using elsewhere = await stubUpstream();
  elsewhere.answer = json(200, { from: "elsewhere" });
  project.answer = (request, response, socket) => {
    const to = request.url?.endsWith("/away") ? `${elsewhere.url}/x` : "/functions/v1/there";
    if (request.url?.endsWith("/there")) json(200, { from: "here" })(request, response, socket);
    else json(302, {}, { location: to })(request, response, socket);
  };
  const journalDir = await mkdtemp(join(tmpdir(), "waybill-redirects-"));
  {
    await using waybill = createWaybill({
      url: project.url,
      publishableKey,
      secretKey,
      journalDir,
      instance: "redirects",
      allowHttpLoopback: true,
    });
    const { functions, storage } = waybill.service();
    expect((await functions.invoke("near")).data).toEqual({ from: "here" });
    expect((await functions.invoke("away")).data).toBeNull();
    expect((await storage.from("bucket").download("away")).data).toBeNull();
    expect(elsewhere.arrived).toEqual([]);
  }
  await rm(journalDir, { recursive: true, force: true, maxRetries: 3 });
});
