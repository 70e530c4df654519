import type { ChangeOptions } from "./apply-change.ts";
import { MigrationError, sqlstateOf } from "./migration-error.ts";

/**
 * Enters a change of models' tables in `data_models` and `model_migrations`, as a part of its own transaction.
 *
 * @throws MigrationError `NOT_APPLIED` when a model is at another version than the plan starts from
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
      if (sqlstateOf(error) !== "WB423") throw error;
      const wanted = way === "up" ? "applied" : "rolled back";
      throw new MigrationError(
        "NOT_APPLIED",
        `This plan cannot be ${wanted} now: one of its models is at another version than it starts from.`,
        "Look into models.migrations: plans are taken back in the reverse order, the last one first.",
        { sqlstate: "WB423", cause: error },
      );
    }
  };
}
