import type { ChangeOptions } from "./apply-change.ts";
import { MigrationError, sqlstateOf } from "./migration-error.ts";

/**
 * Enters a change of models' tables in `data_models` and `model_migrations`, as a part of its own transaction.
 *
 * @throws MigrationError `NOT_APPLIED` when a model is at another version than the plan starts from, or its table would be
 *   that of another model
 */
export function registryEntry(
  fingerprint: string,
  way: "up" | "down",
  userId: string,
): NonNullable<ChangeOptions["record"]> {
  return async (session, { version }) => {
    try {
      await session.query("select public.record_model_migration($1, $2, $3, $4)", [fingerprint, way, userId, version]);
    } catch (error) {
      const sqlstate = sqlstateOf(error);
      if (sqlstate === "23505") throw taken(error);
      if (sqlstate !== "WB423") throw error;
      const wanted = way === "up" ? "applied" : "rolled back";
      throw new MigrationError(
        "NOT_APPLIED",
        `This plan cannot be ${wanted} now: one of its models is at another version than it starts from.`,
        "Look into models.migrations: plans are taken back in the reverse order, the last one first.",
        { sqlstate, cause: error },
      );
    }
  };
}

function taken(cause: unknown): MigrationError {
  return new MigrationError(
    "NOT_APPLIED",
    "This plan leads to a table that another model has taken meanwhile.",
    "Give the other model another table, or deprecate it; its table_name tells which one it is.",
    { sqlstate: "23505", cause },
  );
}
