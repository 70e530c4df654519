import { TRPCClientError } from "@trpc/client";
import { errorDataSchema } from "@waybill/contracts";
import { z } from "zod";

const shape = errorDataSchema.extend({ httpStatus: z.int(), path: z.string().nullable() });

/** What a call was refused with, parsed by the contract. Throws if the call went through or failed in another way. */
export async function refusalOf(call: Promise<unknown>): Promise<z.output<typeof shape>> {
  try {
    await call;
  } catch (error) {
    if (error instanceof TRPCClientError) return shape.parse(error.data);
    throw error;
  }
  throw new Error("the call was not refused");
}
