import { waybillErrorOf } from "@waybill/client";

export interface Refusal {
  readonly code: string;
  /** The field at fault; left out where no single field is. */
  readonly field?: string;
}

/** Makes a call that must be refused, with this code and for this field. Returns the server's hint. */
export async function expectRefusal(call: Promise<unknown>, { code, field }: Refusal): Promise<string> {
  const found = waybillErrorOf(await rejectionOf(call));
  if (found === undefined) throw new Error(`the call must be refused with ${code}, but the server never answered it`);
  const fields = found.issues?.map((issue) => issue.field) ?? [];
  const at = fields.length === 0 ? "no field" : fields.join(", ");
  if (found.code !== code || (field !== undefined && !fields.includes(field))) {
    const wanted = field === undefined ? code : `${code} at ${field}`;
    throw new Error(`the call must be refused with ${wanted}, and was with ${found.code} at ${at}: ${found.message}`);
  }
  return `${found.code}${fields.length === 0 ? "" : ` at ${at}`}: ${found.message}`;
}

async function rejectionOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("the call must be refused, but it succeeded");
}
