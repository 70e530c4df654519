import { isIP } from "node:net";
import { z } from "zod";

/** Whose `X-Forwarded-For` and `X-Forwarded-Proto` count: so many proxies before this server, or proxies by their addresses. */
export type TrustProxy = false | number | readonly string[];

const rule =
  "must be how many proxies stand before the server (1 to 10), or their addresses or subnets (10.0.0.0/8), parted by commas";
const names: ReadonlySet<string> = new Set(["loopback", "linklocal", "uniquelocal"]);

function isProxy(text: string): boolean {
  if (names.has(text)) return true;
  const [address = "", length, ...rest] = text.split("/");
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  // a subnet of everybody would trust everybody
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) > 0 && Number(length) <= bits);
  return bits > 0 && isLength && rest.length === 0;
}

export const trustProxy = z
  .string()
  .default("")
  .transform((text, context): TrustProxy => {
    const parts = text.split(",").map((part) => part.trim());
    if (text === "") return false;
    if (/^(?:[1-9]|10)$/.test(text)) return Number(text);
    if (parts.every(isProxy)) return parts;
    context.addIssue({ code: "custom", message: rule });
    return z.NEVER;
  });
