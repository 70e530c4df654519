import { z } from "zod";
import type { JsonObject, JsonValue } from "./json-object.ts";
import { textFault } from "./text.ts";

/** Depth of nesting that an input may have: far beyond real data, far below any stack. */
export const jsonDepthLimit = 64;

/** Depth of a stored document: a captured body of 16 KiB cannot nest deeper. */
const storedDepthLimit = 10_000;

/** Number of values in one document, an array's places counted twice. It also ends the walk of a structure that refers to itself. */
export const jsonSizeLimit = 1_000_000;

/** JSON that a caller sends: nested at most 64 levels, its text storable by Postgres. */
export const jsonValueSchema = jsonSchemaOf(jsonDepthLimit);

/** JSON as it stands in a jsonb column: whatever was captured there, however deep. */
export const storedJsonSchema = jsonSchemaOf(storedDepthLimit);

/** A JSON object that a caller sends. The value is passed on as it is, not copied. */
export const jsonObjectSchema = jsonObjectSchemaOf<JsonObject>(jsonDepthLimit);

/** A row as the Data API gives it: values by column. Passed on as it is, and looked through once for all its columns. */
export const storedRowSchema = jsonObjectSchemaOf<Record<string, JsonValue>>(storedDepthLimit);

function jsonObjectSchemaOf<Shape extends JsonObject>(maxDepth: number) {
  return z
    .custom<Shape>(isPlainObject, { error: "must be a JSON object", abort: true })
    .superRefine((value, context) => reportFault(value, maxDepth, context));
}

function jsonSchemaOf(maxDepth: number) {
  return z
    .custom<JsonValue>((value) => value !== undefined, { error: "must be a JSON value", abort: true })
    .superRefine((value, context) => reportFault(value, maxDepth, context));
}

function reportFault(value: unknown, maxDepth: number, context: z.RefinementCtx): void {
  const fault = jsonFault(value, maxDepth);
  if (fault !== null) context.addIssue({ code: "custom", path: [...fault.path], message: fault.message });
}

interface Place {
  readonly value: unknown;
  readonly depth: number;
  readonly key: string | number | null;
  readonly parent: Place | null;
}

/** Levels and values within which the quick look stays. */
const quickDepth = 32;
const quickSize = 100_000;

/**
 * The first place where `root` is no storable JSON; null when it is fine.
 * Nearly all that comes is flat and fine, and a quick look is enough to see that; only what it leaves open is walked
 * through place by place. By a loop instead of recursion: input nested a million levels deep must be an answer, not a
 * stack overflow.
 */
export function jsonFault(
  root: unknown,
  maxDepth: number = jsonDepthLimit,
): { path: readonly (string | number)[]; message: string } | null {
  if (quickLook(root, Math.min(maxDepth, quickDepth), quickSize) >= 0) return null;
  const open: Place[] = [{ value: root, depth: 1, key: null, parent: null }];
  let count = 0;
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    count += 1 + (Array.isArray(place.value) ? place.value.length : 0);
    if (count > jsonSizeLimit) return { path: [], message: `must hold at most ${jsonSizeLimit} values; send less` };
    const fault = place.depth > maxDepth ? tooDeep(maxDepth) : scalarFault(place.value);
    if (fault !== null) return { path: pathOf(place), message: fault };
    pushChildren(place, open);
  }
  return null;
}

/** How many more values may be looked at after this one, of `left`; negative where a closer look is due. */
function quickLook(value: unknown, levels: number, left: number): number {
  if (levels === 0) return -1;
  if (typeof value !== "object" || value === null) return scalarFault(value) === null ? left - 1 : -1;
  let rest = left - 1;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && rest >= 0; index += 1) rest = quickLook(value[index], levels - 1, rest);
    return rest;
  }
  if (!isPlainObject(value)) return -1;
  for (const key of Object.keys(value)) {
    if (textFault(key) !== null) return -1;
    rest = quickLook(value[key], levels - 1, rest);
    if (rest < 0) return -1;
  }
  return rest;
}

function tooDeep(maxDepth: number): string {
  return `must not be nested more than ${maxDepth} levels deep; flatten it`;
}

function scalarFault(value: unknown): string | null {
  if (value === null || typeof value === "boolean") return null;
  if (typeof value === "string") return textFault(value);
  if (typeof value === "number") {
    return Number.isFinite(value) ? null : "must be a finite number: JSON has no NaN and no Infinity";
  }
  if (Array.isArray(value)) return null;
  return isPlainObject(value) ? null : `must be a JSON value: ${typeof value} is none; convert it first`;
}

function pushChildren(place: Place, open: Place[]): void {
  const { value } = place;
  if (typeof value !== "object" || value === null) return;
  const depth = place.depth + 1;
  if (Array.isArray(value)) {
    for (let key = value.length - 1; key >= 0; key -= 1) open.push({ value: value[key], depth, key, parent: place });
    return;
  }
  for (const [key, child] of Object.entries(value)) {
    open.push({ value: child, depth, key, parent: place });
    // A key is text too; as a place of its own it needs no second rule.
    if (textFault(key) !== null) open.push({ value: key, depth, key, parent: place });
  }
}

function pathOf(place: Place): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at: Place | null = place; at !== null && at.key !== null; at = at.parent) path.push(at.key);
  return path.toReversed().slice(0, jsonDepthLimit);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
