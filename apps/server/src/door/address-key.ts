import { isIP } from "node:net";

/**
 * Under what an address is counted. Of IPv6 the first 64 bits, which is what one customer gets at least: each could else
 * come from 2⁶⁴ addresses. An address that is none shares one key with all others that are none.
 */
export function addressKey(ip: string | null | undefined): string {
  const address = withoutPort(ip ?? "").replace(/%.*$/, "");
  if (isIP(address) === 4) return address;
  if (isIP(address) !== 6) return "unknown";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail = ""] = address.split("::");
  const [before, after] = [head, tail].map((part) => (part === "" ? [] : part.split(":")));
  const zeros = Array<string>(Math.max(8 - (before?.length ?? 0) - (after?.length ?? 0), 0)).fill("0");
  const groups = [...(before ?? []), ...zeros, ...(after ?? [])].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

/** Where `request.ip` is the word of a proxy, it may have a port. */
export function withoutPort(text: string): string {
  const [, four, six] = /^(?:(\d+(?:\.\d+){3}):\d{1,5}|\[([^\]]+)\](?::\d{1,5})?)$/.exec(text) ?? [];
  return four ?? six ?? text;
}
