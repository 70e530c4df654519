import type { LinearPattern } from "../json-schema/pattern.ts";
import type { JsonObject, JsonValue } from "../primitives/json-object.ts";

/** What a schema's evaluation has beside the schema and the value. */
export interface Walk {
  /** The document in which `$ref`s are looked up. */
  readonly root: JsonObject;
  pattern(text: string): LinearPattern;
  format(name: string, text: string): boolean;
}

/** A keyword that a value breaks. */
export interface Fault {
  readonly path: readonly string[];
  readonly rule: string;
  readonly message: string;
}

/** Which parts of a value some keyword has looked at: what `unevaluated…` leaves alone. */
export class Evaluated {
  readonly properties = new Set<string>();
  /** Items before this place. */
  items = 0;

  add(other: Evaluated): void {
    for (const name of other.properties) this.properties.add(name);
    this.items = Math.max(this.items, other.items);
  }
}

/** One value held against one schema. */
export interface Task {
  readonly walk: Walk;
  readonly schema: JsonObject;
  readonly value: JsonValue;
  readonly path: readonly string[];
  /** Filled by what does not fit. */
  readonly faults: Fault[];
  readonly evaluated: Evaluated;
}

/** Holds a value against a schema; true when it fits. Faults and what was evaluated go where the task says. */
export type Hold = (task: Omit<Task, "schema"> & { readonly schema: JsonValue | undefined }) => boolean;

/** Adds faults to others, however many: as arguments of one call they would not fit on the stack. */
export function addFaults(to: Fault[], faults: readonly Fault[]): void {
  for (const fault of faults) to.push(fault);
}
