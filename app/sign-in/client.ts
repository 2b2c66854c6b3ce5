import type { Context } from "hono";
import ipaddr from "ipaddr.js";
import type { Config, Network } from "../config.ts";
import type { SiteEnv } from "../site.ts";

/** Who asks, and how. */
export interface Client {
  /** An IP address; of IPv6 the network, in which one machine has addresses without end. */
  address: string;
  /** Whether the browser speaks HTTPS, to Selkie or to the proxy in front of it. */
  secure: boolean;
}

/** Bits of an IPv6 address that stand for one customer. */
const NETWORK_BITS = 64;

/**
 * Who asks: whoever is connected, or whom a proxy names that is trusted. What others write into those
 * headers counts for nothing.
 */
export function clientOf(c: Context<SiteEnv>, { proxies }: Pick<Config, "proxies">): Client {
  const peer = parse(c.env?.server?.requestIP(c.req.raw)?.address ?? "127.0.0.1");
  const behind = peer !== undefined && isProxy(peer, proxies);
  const named = behind ? (c.req.header("x-forwarded-for") ?? "").split(",") : [];
  // Each proxy adds at the end whom it saw: the last that is no proxy is who asks.
  const seen = named.map((text) => parse(text.trim())).filter((it) => it !== undefined);
  const client = seen.findLast((address) => !isProxy(address, proxies)) ?? peer;
  const https = behind && /^https$/i.test(c.req.header("x-forwarded-proto")?.trim() ?? "");
  return {
    address: client ? nameOf(client) : "unknown",
    secure: https || new URL(c.req.url).protocol === "https:",
  };
}

type Address = Network[0];

function parse(text: string): Address | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
}

function isProxy(address: Address, proxies: readonly Network[]): boolean {
  return (
    address.range() === "loopback" ||
    proxies.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
    )
  );
}

function nameOf(address: Address): string {
  if (address.kind() === "ipv4" || address.range() === "loopback") return address.toString();
  const network = ipaddr.IPv6.networkAddressFromCIDR(`${address}/${NETWORK_BITS}`);
  return `${network}/${NETWORK_BITS}`;
}
