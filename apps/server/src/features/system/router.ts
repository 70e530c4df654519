import { connectionStatusSchema } from "@waybill/contracts";
import { z } from "zod";
import { router } from "../../trpc/init.ts";
import { noInput } from "../../trpc/no-input.ts";
import { publicProcedure } from "../../trpc/procedures.ts";

const connectionSchema = z.object({
  connection_status: connectionStatusSchema,
  is_active: z.boolean(),
  error_count: z.int(),
  retry_count: z.int(),
});

const healthSchema = z.object({
  /** Whether calls can be served now. */
  ready: z.boolean(),
  connections: z.object({ service_role: connectionSchema, anon: connectionSchema }),
  ledger: z.object({
    /** False while operations are refused because the journal cannot grow (WAYBILL_LEDGER_FULL=block). */
    accepting: z.boolean(),
    /** False while the journal cannot grow: operations are refused, or go on without a record (WAYBILL_LEDGER_FULL=shed). */
    recording: z.boolean(),
    /** Operations since the start that were refused, and that went on without a record: both are 0 when all is well. */
    refused: z.int(),
    shed: z.int(),
    /** False while the journal cannot be brought to the disk as WAYBILL_JOURNAL_FSYNC asks: a power cut may cost records. */
    synced: z.boolean(),
    /** Whether the last batch of records reached the database. */
    flushing: z.boolean(),
    last_flush_at: z.string().nullable(),
    /** Records that are in the journal and not in the database yet. */
    pending: z.int(),
    journaled_bytes: z.int(),
    /** Records that the database refused for good, and damaged stretches of journals kept aside: both are 0 when all is well. */
    rejected: z.int(),
    damaged: z.int(),
  }),
});

export const systemRouter = router({
  /** How the server, its connections and its ledger do; no name, URL or key of anything. */
  health: publicProcedure
    .input(noInput)
    .output(healthSchema)
    .query(({ ctx: { services } }) => {
      const { service_role, anon, ledger } = services.waybill.health();
      return {
        ready: services.waybill.ready(),
        connections: { service_role, anon },
        ledger: {
          accepting: ledger.full === null || ledger.whenFull === "shed",
          recording: ledger.full === null,
          refused: ledger.refused,
          shed: ledger.shed,
          synced: ledger.unsynced === null,
          flushing: ledger.lastError === null,
          last_flush_at: ledger.lastFlushAt,
          pending: ledger.pending,
          journaled_bytes: ledger.journaledBytes,
          rejected: ledger.rejected,
          damaged: ledger.damaged,
        },
      };
    }),
});
