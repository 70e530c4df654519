import { hasType } from "../json-schema/has-type.ts";
import { isAmong, same } from "../json-schema/same.ts";
import { words } from "../json-schema/words.ts";
import type { JsonObject } from "../primitives/json-object.ts";
import type { Task } from "./walk.ts";

/** The keywords that look at a value by itself. Each says what ajv says, in the same words. */
export function assertions({ walk, schema, value, path, faults }: Task): void {
  const fault = (rule: string, message: string): void => void faults.push({ path, rule, message });
  const { type } = schema;
  if (type !== undefined && !hasType(type, value))
    fault("type", words.type(JSON.stringify(type).replaceAll(/["[\]]/g, "")));
  if ("const" in schema && !same(schema["const"], value)) fault("const", words.constant(schema["const"]));
  const allowed = schema["enum"];
  if (Array.isArray(allowed) && !isAmong(allowed, value)) fault("enum", words.allowed(allowed));
  if (typeof value === "number") numberFaults(schema, value, fault);
  if (typeof value !== "string") return;
  sizeFaults(schema, "Length", "characters", () => characters(value), fault);
  const { pattern, format } = schema;
  if (typeof pattern === "string" && !walk.pattern(pattern).test(value)) {
    fault("pattern", `must match pattern "${pattern}"`);
  }
  if (typeof format === "string" && !walk.format(format, value)) fault("format", words.format(format));
}

type Report = (rule: string, message: string) => void;

function numberFaults(schema: JsonObject, value: number, fault: Report): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof maximum === "number" && value > maximum) fault("maximum", `must be <= ${maximum}`);
  if (typeof minimum === "number" && value < minimum) fault("minimum", `must be >= ${minimum}`);
  if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) {
    fault("exclusiveMaximum", `must be < ${exclusiveMaximum}`);
  }
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) {
    fault("exclusiveMinimum", `must be > ${exclusiveMinimum}`);
  }
  if (typeof multipleOf !== "number") return;
  // As ajv has it: 1e21 is no multiple of 1, for parseInt reads its text.
  const quotient = value / multipleOf;
  if (quotient !== Number.parseInt(String(quotient), 10)) fault("multipleOf", `must be multiple of ${multipleOf}`);
}

/** `minLength` and `maxLength`, `minItems` and `maxItems`, `minProperties` and `maxProperties`. */
export function sizeFaults(
  schema: JsonObject,
  what: "Length" | "Items" | "Properties",
  unit: string,
  size: () => number,
  fault: Report,
): void {
  const most = schema[`max${what}`];
  const least = schema[`min${what}`];
  if (typeof most === "number" && size() > most) fault(`max${what}`, `must NOT have more than ${most} ${unit}`);
  if (typeof least === "number" && size() < least) fault(`min${what}`, `must NOT have fewer than ${least} ${unit}`);
}

/** Code points: what JSON Schema calls characters. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
