import { issuesOf, type TransitionResult } from "@waybill/contracts";
import type { z } from "zod";
import { WaybillDbError } from "../errors.ts";

/** A caller's input parsed by its contract; refused with `VALIDATION_FAILED`, every broken rule named. */
export function parseInput<Schema extends z.ZodType>(what: string, schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = issuesOf(parsed.error);
  const first = issues[0];
  throw new WaybillDbError({
    code: "VALIDATION_FAILED",
    message: first === undefined ? `${what} is not valid.` : `${what}: ${first.field} ${first.message}`,
    issues,
  });
}

/** The state that an event leads to; refused with `ILLEGAL_TRANSITION`, naming state and event. */
export function nextState<State, Event>(result: TransitionResult<State, Event>): State {
  if (result.ok) return result.state;
  throw new WaybillDbError({ code: result.code, message: `${result.message}.` });
}
