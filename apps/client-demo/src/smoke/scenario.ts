import type { WaybillClient } from "@waybill/client";
import { type Caller, openCaller } from "../callers/caller.ts";
import type { CountingProxy } from "../counting-proxy/counting-proxy.ts";
import type { Datasets } from "../data/datasets.ts";
import { batchesOf } from "../demo-data/batches.ts";
import { declareModels } from "../demo-data/declare-models.ts";
import { makeTables } from "../demo-data/make-tables.ts";
import { removeRoute, renameAirport } from "./changes.ts";
import { compareStep } from "./compare-step.ts";
import { importStep } from "./import-step.ts";
import { type Credentials, newCredentials, signIn, signUpAndIn } from "./people.ts";
import { breakReference, breakRule, forgeOwner, touchForeignRow } from "./provoke.ts";
import { busiestAirports, routesBetween } from "./queries.ts";
import { expectRefusal } from "./refusals.ts";
import type { Report } from "./report.ts";

export interface Scene {
  /** Part of every request id and e-mail address of this run. */
  readonly name: string;
  readonly url: string;
  readonly admin: Credentials;
  readonly datasets: Datasets;
  /** Null when the server was not started here: then nobody counted the requests but Waybill. */
  readonly proxy: CountingProxy | null;
  /** Rows a batch of the import. */
  readonly batch: number;
}

/** The whole way once; a failed step throws, and the report has its name and reason. */
export async function runScenario(scene: Scene, report: Report): Promise<void> {
  const { datasets, batch } = scene;
  const open = (name: string): Caller => openCaller(scene.name, { url: scene.url, name });
  const admin = open("admin");
  const ada = open("ada");
  const ben = open("ben");

  await report.step("an admin signs in", async (note) => note((await signIn(admin, scene.admin)).join(", ")));
  await report.step("declare two models", async (note) => {
    const { declared, there } = await declareModels(admin.api);
    note([...declared, ...there.map((model) => `${model} was there`)].join(", "));
  });
  await report.step(
    "make their tables",
    async (note) => {
      const { made, found } = await makeTables(admin.api);
      note([...made, ...found.map((model) => `${model} was there`)].join(", ") || "all were there");
    },
    180_000,
  );
  await report.step("two users sign up", async (note) => {
    for (const caller of [ada, ben]) await signUpAndIn(caller, newCredentials(scene.name, caller.name));
    note("ada, ben");
  });

  await report.step("tables are empty", () => expectEmptyTables(ada.api));
  const clients = [ada.api, ben.api];
  await importStep(report, { model: "airports", rows: datasets.airports, clients, size: batch, parallel: 4 });
  await importStep(report, { model: "routes", rows: datasets.routes, clients, size: batch, parallel: 4 });

  await report.step("busiest airports", async (note) => note(await busiestAirports(ada.api, datasets)));
  await report.step("routes CA to TX", async (note) => note(await routesBetween(ben.api, datasets, "CA", "TX")));

  // the batches went in turn: the first was ada's, the second ben's
  const adasAirport = firstOf(batchesOf(datasets.airports, batch)[0]).iata;
  const bensRoute = firstOf(batchesOf(datasets.routes, batch)[1]);
  await report.step("update", async (note) => note(await renameAirport(ada.api, adasAirport)));
  await report.step("delete", async (note) => note(await removeRoute(ben.api, bensRoute)));
  await report.step("validation error", async (note) => note(await breakRule(ada.api)));
  await report.step("foreign-key error", async (note) => note(await breakReference(ada.api, adasAirport)));
  await report.step("RLS: a foreign row", async (note) => note(await touchForeignRow(ben.api, adasAirport)));
  await report.step("RLS: a forged owner", async (note) => note(await forgeOwner(ben.api, ada.userId ?? "")));

  await report.step("sign out", async () => {
    for (const caller of [ada, ben]) await caller.api.sessions.logout.mutate();
    await expectRefusal(ada.api.sessions.me.query(), { code: "UNAUTHENTICATED" });
  });
  await compareStep(report, scene.proxy, { reader: admin, callers: [admin, ada, ben] });
}

/** What the steps find is compared with the source, so nobody else's rows may be among it. */
async function expectEmptyTables(client: WaybillClient): Promise<void> {
  for (const model of ["airports", "routes"]) {
    const { rows } = await client.data.list.query({ model, limit: 1 });
    if (rows.length > 0) throw new Error(`${model} has rows already: empty it, or point --url at another server`);
  }
}

function firstOf<Row>(rows: readonly Row[] | undefined): Row {
  const row = rows?.[0];
  if (row === undefined) throw new Error("the demo's data is too small for two batches: choose smaller batches");
  return row;
}
