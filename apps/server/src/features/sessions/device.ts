import { isIPv4, isIPv6 } from "node:net";
import Bowser from "bowser";

/** What a user agent says of itself, for a person to recognize: `Firefox on Linux`. Null where it says nothing of the kind. */
export function deviceOf(userAgent: string | null): string | null {
  if (userAgent === null || userAgent === "") return null;
  const { browser, os } = Bowser.parse(userAgent);
  const parts = [browser.name, os.name].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? null : parts.join(" on ");
}

/**
 * The network that an address is of, which tells places apart and hardly tells a household: its /24 of IPv4, its /48 of
 * IPv6. An IPv4 address that is written as IPv6 counts as the former.
 */
export function networkOf(address: string | null): string | null {
  if (address === null) return null;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (isIPv4(mapped)) return `${mapped.split(".").slice(0, 3).join(".")}.0/24`;
  // a link-local one with its zone tells no place
  if (!isIPv6(mapped) || mapped.includes("%")) return null;
  const { hostname } = new URL(`http://[${mapped}]`);
  const [head = "", tail] = hostname.slice(1, -1).split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return `${groups.slice(0, 3).join(":")}::/48`;
}
