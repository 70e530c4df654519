import {
  type DataModelCreate,
  dataModelCreateSchema,
  type ErrorIssue,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@waybill/contracts";
import { compileModel } from "../compile-model.ts";

/** A model that is being imported. */
export interface Draft {
  readonly model: DataModelCreate | null;
  readonly notes: readonly string[];
}

/** Rounds in which what a model cannot have is taken out: what one draft loses, another may have needed. */
const rounds = 5;

/** A definition as a model of the contract, without the parts that it refuses; these are noted. */
export function parsedDraft(definition: JsonObject, notes: readonly string[]): Draft {
  let left = definition;
  const said = [...notes];
  for (let round = 0; round < rounds; round += 1) {
    const parsed = dataModelCreateSchema.safeParse(left);
    if (parsed.success) return { model: parsed.data, notes: said };
    const issues = parsed.error.issues.map(({ path, message }) => ({ field: path.map(String).join("."), message }));
    const taken = withoutParts(left, issues);
    if (taken.lost.length === 0) {
      return { model: null, notes: [...said, ...issues.map(({ field, message }) => `no model: ${field} ${message}`)] };
    }
    left = taken.left;
    said.push(...taken.lost);
  }
  return { model: null, notes: said };
}

/** The drafts as they compile together and with the models that are there already, without parts that do not compile. */
export async function compilingDrafts(
  drafts: readonly Draft[],
  models: readonly DataModelCreate[],
): Promise<readonly Draft[]> {
  let current = drafts;
  for (let round = 0; round < rounds; round += 1) {
    const issues = await issuesOf(current, models);
    const next = current.map((draft, at) => withoutFaults(draft, issues[at] ?? []));
    if (next.every((draft, at) => draft === current[at])) break;
    current = next;
  }
  const left = await issuesOf(current, models);
  return current.map(({ model, notes }, at) => ({
    model,
    notes: [...notes, ...(left[at] ?? []).map(({ field, message }) => `does not compile: ${field} ${message}`)],
  }));
}

function issuesOf(drafts: readonly Draft[], models: readonly DataModelCreate[]): Promise<readonly ErrorIssue[][]> {
  const own = drafts.flatMap(({ model }) => (model === null ? [] : [model]));
  const all = [...own, ...models.filter(({ model_name }) => !own.some((one) => one.model_name === model_name))];
  return Promise.all(
    drafts.map(async ({ model }) => {
      const result = model === null ? null : await compileModel(model, all);
      return result === null || result.ok ? [] : [...result.issues];
    }),
  );
}

function withoutFaults(draft: Draft, issues: readonly ErrorIssue[]): Draft {
  if (draft.model === null || issues.length === 0) return draft;
  const definition: JsonValue = JSON.parse(JSON.stringify(draft.model));
  const { left, lost } = withoutParts(isJsonObject(definition) ? definition : {}, issues);
  return lost.length === 0 ? draft : parsedDraft(left, [...draft.notes, ...lost]);
}

type Issue = Pick<ErrorIssue, "field" | "message">;

/** Takes out the parts, and the keywords of columns, that issues are about. */
function withoutParts(definition: JsonObject, issues: readonly Issue[]): { left: JsonObject; lost: string[] } {
  const lost: string[] = [];
  const left = { ...definition };
  for (const list of ["indexes", "relationships", "rls_policies"]) {
    const parts = definition[list];
    if (!Array.isArray(parts)) continue;
    const kept = parts.filter((part, at) => {
      const issue = issues.find(({ field }) => field === `${list}.${at}` || field.startsWith(`${list}.${at}.`));
      // two tables that require each other: neither of the keys is the wrong one
      if (issue === undefined || issue.message.startsWith("must not require each other")) return true;
      const words = isJsonObject(part) && typeof part["name"] === "string" ? part["name"] : String(at);
      lost.push(`${list}: ${words} is left out: ${issue.field} ${issue.message}`);
      return false;
    });
    left[list] = kept.length === 0 ? null : kept;
  }
  const fields = definition["fields"];
  if (isJsonObject(fields)) left["fields"] = withoutKeywords(fields, issues, lost);
  return { left, lost };
}

const removable =
  /^fields\.properties\.([^.]+)\.(const|default|enum|maxLength|minLength|multipleOf|pattern|x-default)$/;

function withoutKeywords(fields: JsonObject, issues: readonly Issue[], lost: string[]): JsonObject {
  const properties = fields["properties"];
  if (!isJsonObject(properties)) return fields;
  const left = { ...properties };
  for (const { field, message } of issues) {
    const [, column = "", keyword = ""] = removable.exec(field) ?? [];
    const schema = left[column];
    if (!isJsonObject(schema) || schema[keyword] === undefined) continue;
    const { [keyword]: gone, ...rest } = schema;
    left[column] = rest;
    lost.push(`${keyword} of ${column} is left out (${JSON.stringify(gone)}): ${message}`);
  }
  return { ...fields, properties: left };
}
