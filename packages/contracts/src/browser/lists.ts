import { hasTwice } from "../json-schema/same.ts";
import { words } from "../json-schema/words.ts";
import { isJsonObject, type JsonValue } from "../primitives/json-object.ts";
import { sizeFaults } from "./assertions.ts";
import { addFaults, Evaluated, type Hold, type Task } from "./walk.ts";

/** The keywords of arrays, `unevaluatedItems` left out. */
export function lists(task: Task, list: readonly JsonValue[], hold: Hold): void {
  const { schema, path, faults, evaluated } = task;
  const { items } = schema;
  const fault = (rule: string, message: string): void => void faults.push({ path, rule, message });
  sizeFaults(schema, "Items", "items", () => list.length, fault);
  if (schema["uniqueItems"] === true && hasTwice(isJsonObject(items) ? items["type"] : undefined, list))
    fault("uniqueItems", words.uniqueItems);
  const prefix = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
  for (const [at, inner] of prefix.entries()) if (at < list.length) holdItem(task, list, at, inner, hold);
  evaluated.items = Math.max(evaluated.items, prefix.length);
  if (items !== undefined) restOf(task, list, items, hold);
  if (schema["contains"] !== undefined) contains(task, list, schema["contains"], hold);
}

function holdItem(
  task: Task,
  list: readonly JsonValue[],
  at: number,
  schema: JsonValue | undefined,
  hold: Hold,
): boolean {
  const { walk, path, faults } = task;
  const value = list[at] ?? null;
  return hold({ walk, schema, value, path: [...path, String(at)], faults, evaluated: new Evaluated() });
}

function restOf(task: Task, list: readonly JsonValue[], items: JsonValue, hold: Hold): void {
  const prefix = task.schema["prefixItems"];
  const first = Array.isArray(prefix) ? prefix.length : 0;
  if (items === false && Array.isArray(prefix)) return tooMany(task, list, first, "items");
  for (let at = first; at < list.length; at += 1) holdItem(task, list, at, items, hold);
  task.evaluated.items = list.length;
}

function tooMany({ path, faults }: Task, list: readonly JsonValue[], most: number, rule: string): void {
  if (list.length > most) faults.push({ path, rule, message: `must NOT have more than ${most} items` });
}

/** Items that no other keyword looked at. */
export function unevaluatedItems(task: Task, list: readonly JsonValue[], hold: Hold): void {
  const { schema, evaluated } = task;
  const rest = schema["unevaluatedItems"];
  if (rest === undefined) return;
  if (rest === false) return tooMany(task, list, evaluated.items, "unevaluatedItems");
  for (let at = evaluated.items; at < list.length; at += 1) holdItem(task, list, at, rest, hold);
  evaluated.items = list.length;
}

/** As ajv: the items are looked at until it is decided, and all of them count as evaluated. */
function contains(task: Task, list: readonly JsonValue[], schema: JsonValue, hold: Hold): void {
  const least = numberOr(task.schema["minContains"], 1);
  const most = numberOr(task.schema["maxContains"], Infinity);
  const inner = { ...task, faults: [] };
  task.evaluated.items = list.length;
  const enough = most < Infinity ? most + 1 : least;
  let count = 0;
  for (let at = 0; at < list.length && count < enough; at += 1) {
    if (holdItem(inner, list, at, schema, hold)) count += 1;
  }
  if (count >= least && count <= most) return;
  const limit = most < Infinity ? `${least} and no more than ${most}` : String(least);
  const message = `must contain at least ${limit} valid item(s)`;
  addFaults(task.faults, inner.faults);
  task.faults.push({ path: task.path, rule: "contains", message });
}

function numberOr(value: JsonValue | undefined, other: number): number {
  return typeof value === "number" ? value : other;
}
