import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** Addresses that are no project of Supabase's, but may be somebody's inside: IANA's special-purpose registries. */
const INNER_V4 = (
  "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 " +
  "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
).split(" ");
/** Also what wraps an IPv4 address (64:ff9b::, 2002::, ::a.b.c.d, ::ffff:0:a.b.c.d): it would be another way to write one of the above. */
const INNER_V6 =
  "::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8".split(
    " ",
  );

const inner = new BlockList();
for (const [family, subnets] of [["ipv4", INNER_V4] as const, ["ipv6", INNER_V6] as const]) {
  for (const subnet of subnets) {
    const [network = "", bits = ""] = subnet.split("/");
    inner.addSubnet(network, Number(bits), family);
  }
}

/** Whether an address is private, link-local (the clouds' metadata among them), loopback or otherwise no public one. */
export function isInnerAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, "");
  const version = isIP(bare);
  // ::ffff:10.0.0.1 is checked as 10.0.0.1
  return version === 0 || inner.check(bare, version === 6 ? "ipv6" : "ipv4");
}

/** The host of a URL as settings name it: in lower case, an IPv6 address without its brackets. */
export function hostOf(url: string): string {
  // the URL parser has made 127.0.0.1 of 2130706433, 0x7f.1 and 0177.0.0.1
  return new URL(url).hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}

export interface AddressGuard {
  /**
   * Why a URL may not be connected to, as what its host is; null where it may. A name is judged by all its addresses.
   * Rejects when the name has none.
   */
  refuses(url: string): Promise<string | null>;
  /** For sockets: a name that was fine when it was looked at may mean another address by now. */
  readonly lookup: LookupFunction;
}

/** A refusal of the guard's own, at the moment of connecting. */
const FORBIDDEN = "EADDRFORBIDDEN";
const LOOKUP_MS = 10_000;

/** @param allowed hosts that may be reached whatever their addresses: names and literal addresses as {@link hostOf} gives them */
export function createAddressGuard(allowed: readonly string[]): AddressGuard {
  const named = new Set(allowed.map((host) => host.toLowerCase()));
  const guarded: LookupFunction = (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      const fault = error ?? faultOf(host, addresses);
      const [first] = addresses ?? [];
      if (fault !== null || first === undefined) callback(fault, "", 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  const faultOf = (host: string, addresses: readonly LookupAddress[]): NodeJS.ErrnoException | null => {
    const bad = named.has(host.toLowerCase()) ? undefined : addresses.find(({ address }) => isInnerAddress(address));
    return bad === undefined ? null : Object.assign(new Error(`${host} is at ${bad.address}`), { code: FORBIDDEN });
  };

  return {
    lookup: guarded,
    async refuses(url) {
      const host = hostOf(url);
      if (named.has(host)) return null;
      if (isIP(host) !== 0) return isInnerAddress(host) ? `${host} is no public address` : null;
      const bad = (await addressesOf(host)).find(({ address }) => isInnerAddress(address));
      return bad === undefined ? null : `${host} has an address that is no public address`;
    },
  };
}

async function addressesOf(host: string): Promise<LookupAddress[]> {
  const { promise, resolve, reject } = Promise.withResolvers<LookupAddress[]>();
  const options: LookupOptions & { all: true } = { all: true };
  lookup(host, options, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  const timer = setTimeout(() => reject(new Error(`no answer within ${LOOKUP_MS} ms`)), LOOKUP_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
