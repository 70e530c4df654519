import { z } from "zod";
import { localSupabaseErrorCodes } from "../errors.ts";

/**
 * What the parent and the stack's process say to each other over the fork's channel. Keys travel here and
 * never on a command line or in an environment, which other users of the machine can read.
 */
export const startRequestSchema = z.object({
  dataDir: z.string(),
  /** The stack removes the directory when it ends, even if its parent was killed. */
  temporary: z.boolean(),
  engine: z.enum(["pglite", "native"]),
  port: z.number().int(),
  project: z.string(),
  seed: z.boolean(),
});
export type StartRequest = z.infer<typeof startRequestSchema>;

export const stackDetailsSchema = z.object({
  url: z.string(),
  publishableKey: z.string(),
  secretKey: z.string(),
  jwtSecret: z.string(),
  dbUrl: z.string(),
  ca: z.string(),
});
export type StackDetails = z.infer<typeof stackDetailsSchema>;

export const toStackSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("start"), request: startRequestSchema }),
  z.object({ kind: z.literal("stop") }),
]);
export type ToStack = z.infer<typeof toStackSchema>;

export const fromStackSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), details: stackDetailsSchema }),
  z.object({ kind: z.literal("failed"), code: z.enum(localSupabaseErrorCodes), message: z.string() }),
]);
export type FromStack = z.infer<typeof fromStackSchema>;
