import { errorDataSchema } from "@waybill/contracts";
import { z } from "zod";

const refusalSchema = z.object({ error: z.object({ data: errorDataSchema.extend({ httpStatus: z.int() }) }) });
export type Refusal = z.output<typeof refusalSchema>["error"]["data"];

/** Every refusal in an answer, be it one, a batch or a stream. Throws on anything that is none. */
export function refusalsIn(text: string, contentType: string, calls: number): Refusal[] {
  if (contentType.includes("text/event-stream")) return [ofSubscription(text)];
  if (contentType.includes("application/jsonl") || text.startsWith('{"0":')) return streamed(text, calls);
  const body: unknown = JSON.parse(text);
  return (Array.isArray(body) ? body : [body]).map((one) => refusalSchema.parse(one).error.data);
}

/** tRPC's subscription: events, of which a refusal is one. */
function ofSubscription(text: string): Refusal {
  const [, shape] = /^event: serialized-error\ndata: (.*)$/m.exec(text) ?? [];
  if (shape === undefined) throw new Error(`a subscription was not refused: ${text.slice(0, 2000)}`);
  return refusalSchema.parse({ error: JSON.parse(shape) }).error.data;
}

/** tRPC's stream: lines that each carry one part; each error stands in one of them, at some depth. */
function streamed(text: string, calls: number): Refusal[] {
  const found: Refusal[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const parsed = refusalSchema.safeParse(value);
    if (parsed.success) found.push(parsed.data.error.data);
    else Object.values(value).forEach(visit);
  };
  for (const line of text.split("\n")) if (line.trim() !== "") visit(JSON.parse(line));
  if (found.length !== calls) throw new Error(`${calls} calls got ${found.length} refusals: ${text.slice(0, 2000)}`);
  return found;
}
