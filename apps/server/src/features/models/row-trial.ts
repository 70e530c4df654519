import type { ErrorIssue, JsonObject } from "@waybill/contracts";
import { z } from "zod";
import { ApiError } from "../../trpc/api-error.ts";
import { dataError } from "../data/data-error.ts";
import type { Table } from "../data/table.ts";

/** A row to be created, or what an update of the row at a key would change. */
export type TriedWrite = { readonly row: JsonObject } | { readonly where: JsonObject; readonly changes: JsonObject };

const answerSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.string() }).optional(),
});

/** A policy or a missing grant, and a policy that lets a row be read and not changed. */
const denials: ReadonlySet<string> = new Set(["42501", "44000", "WB403"]);

/**
 * What refuses the write: the caller makes it, under its own policies and grants, and the database takes it back. Postgres
 * stops at the first refusal, so there is one at the most, though it may name several columns.
 */
export async function triedWrite({ ready, client }: Table, write: TriedWrite): Promise<ErrorIssue[]> {
  const { table_name: target, model_name: name } = ready.model;
  const command = "row" in write ? "create" : "update";
  const answer = await client
    .rpc("try_row", { operation: command, target, item: write, returned: ready.columns })
    .setHeader("x-waybill-operation", `read ${target}`);
  if (answer.error?.code === "PGRST202") {
    throw new ApiError({
      code: "UNKNOWN_TABLE",
      message: "The database lacks the function try_row, by which a row is tried",
      hint: "Apply the migrations of this version of Waybill (supabase db push).",
    });
  }
  const what = `Trying a row of ${name}`;
  if (answer.error !== null) throw dataError(what, ready, answer, "row");
  const { error } = answerSchema.parse(answer.data);
  if (error === undefined) return [];
  if (denials.has(error.code)) return [denied(command, name)];
  const failure = dataError(what, ready, { data: null, error, status: 400 }, "row");
  const issues = failure.issues ?? [];
  if (issues[0]?.layer !== "database") throw failure;
  return issues.map((issue) => ({ ...issue, field: issue.field.replace(/^row\.?/, ""), message: error.message }));
}

function denied(command: "create" | "update", name: string): ErrorIssue {
  const message = `must be a row of ${name} that you may ${command}: no policy of row-level security lets you, or a grant is missing`;
  return { field: "", rule: "rls", message, layer: "database" };
}
