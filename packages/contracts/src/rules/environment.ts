import { Environment, EvaluationError } from "@marcbachmann/cel-js";
import { createLruCache } from "../json-schema/lru.ts";
import { type LinearPattern, linearPattern } from "../json-schema/pattern.ts";
import { isDateTime } from "../json-schema/times.ts";
import { timeOf } from "./cel-value.ts";

/** What `matches` is called once its pattern runs on the linear-time engine: the library's own would run on RegExp. */
export const linearMatches = "matches_in_linear_time";

/** What `duration` is called for a text that is not written out: the library takes minutes for one of 10,000 digits. */
export const shortDuration = "duration_of_short_text";
const durationLimit = 64;
const durationOf = new Environment({ unlistedVariablesAreDyn: true }).parse("duration(text)");

/** What `timestamp` is called: the library reads a text without a zone in the zone of whoever runs it, and others as its engine likes. */
export const zonedTimestamp = "timestamp_with_zone";
const timestampOf = new Environment({ unlistedVariablesAreDyn: true }).parse("timestamp(seconds)");

/** By what name a column is asked for where it is compared with null: longer than any column's name can be. */
export function nullable(column: string): string {
  return `${column}_${"or_null".padEnd(64, "_")}`;
}

const limits = { maxAstNodes: 400, maxDepth: 40, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 8 };

/** Patterns of rules kept ready; a process that runs more rules than that compiles some again. */
const patterns = createLruCache<LinearPattern>(256);

function environment(unlistedVariablesAreDyn: boolean): Environment {
  return new Environment({ unlistedVariablesAreDyn, limits })
    .registerFunction(
      `string.${linearMatches}(string): bool`,
      (text: string, pattern: string) => patterns.get(pattern, () => linearPattern(pattern)).test(text),
      { async: false },
    )
    .registerFunction(
      `${shortDuration}(string): google.protobuf.Duration`,
      (text: string): unknown => {
        if (text.length <= durationLimit) return durationOf({ text });
        throw new EvaluationError({ code: "invalid_duration", message: "Invalid duration string" });
      },
      { async: false },
    )
    .registerFunction(
      `${zonedTimestamp}(string): google.protobuf.Timestamp`,
      (text: string) => {
        const at = isDateTime(text) ? timeOf(text) : undefined;
        if (at !== undefined) return at;
        throw new EvaluationError({ code: "invalid_timestamp", message: "Invalid timestamp string" });
      },
      { async: false },
    )
    .registerFunction(
      `${zonedTimestamp}(int): google.protobuf.Timestamp`,
      (seconds: bigint): unknown => timestampOf({ seconds }),
      { async: false },
    );
}

/** Where all rules run. Types were checked when the model was stored, so that here null can simply be missing. */
export const evaluation = environment(true);

/** Where a rule's types are checked against the columns' own, and the columns that CEL has another meaning for. */
export function typedEnvironment(types: ReadonlyMap<string, string>) {
  const typed = environment(false);
  const taken = new Set<string>();
  for (const [name, type] of types) {
    try {
      typed.registerVariable(name, type);
    } catch {
      taken.add(name);
    }
  }
  return { typed, taken };
}
