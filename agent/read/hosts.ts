import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { ReadError } from "./errors.ts";
import type { ReadLimits } from "./limits.ts";

interface OnceOptions {
  /** GET unless given. */
  method?: "POST";
  body?: string;
  headers: Record<string, string>;
  signal: AbortSignal;
  /** As people know it, for messages. */
  source: string;
  limits: Pick<ReadLimits, "privateHosts">;
}

/**
 * Sends one request, without following a redirect. Its host is resolved here and the address that
 * was checked is the one that is connected to, so that a name cannot be resolved to another one in
 * between. Hosts that the settings name are trusted, and reached through a proxy if there is one.
 * @throws ReadError `private-address`; whatever `fetch` throws
 */
export async function fetchOnce(url: URL, options: OnceOptions): Promise<Response> {
  const { method, body, headers, signal, source, limits } = options;
  const request = { method, body, headers, signal };
  const host = bare(url.hostname);
  if (isTrusted(url, limits)) {
    // A proxy would take this machine for its own.
    const direct = isLoopbackAddress(host) && { proxy: false };
    const init = { redirect: "manual", ...request, ...direct };
    return fetch(url, init as unknown as BunFetchRequestInit);
  }
  const addresses = await settled(resolve(host), signal);
  const refused = addresses.find((address) => !isPublic(address));
  if (refused !== undefined) {
    const where = refused === host ? host : `${host} (${refused})`;
    throw new ReadError(
      "private-address",
      source,
      `${source} leads to ${where}, which is not on the public internet: if you trust it, name the host in SELKIE_PRIVATE_HOSTS.`,
    );
  }
  await turn(host, signal);
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await fetchAt(url, address, request);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

/** When a host may be asked again, in milliseconds since 1970. */
const turns = new Map<string, number>();
/** Hosts that are remembered at most. */
const MAX_TURNS = 1000;

/** Waits until a host may be asked: once a second, and arXiv, which says so, once in three. */
async function turn(host: string, signal: AbortSignal): Promise<void> {
  const now = Date.now();
  const at = Math.max(now, turns.get(host) ?? 0);
  if (turns.size >= MAX_TURNS) turns.clear();
  turns.set(host, at + (/(?:^|\.)arxiv\.org$/.test(host) ? 3000 : 1000));
  if (at > now) await settled(Bun.sleep(at - now), signal);
}

const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/** Whether an IP address is one that anybody on the internet could reach. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  // Of IPv6 nothing else has been given out; IPv4 addresses written the old way (`::7f00:1`) are not in it.
  const given = ip.kind() === "ipv4" || ip.match(GLOBAL_IPV6);
  return given && ip.range() === "unicast";
}

/** Sends a request to an address in place of the host's name, which it is still meant for. */
export function fetchAt(
  url: URL,
  address: string,
  request: Pick<OnceOptions, "method" | "body" | "headers" | "signal">,
): Promise<Response> {
  const pinned = new URL(url);
  pinned.hostname = address.includes(":") ? `[${address}]` : address;
  const init = {
    ...request,
    redirect: "manual",
    headers: { ...request.headers, host: url.host },
    // A proxy would resolve the name itself, and might reach what we may not.
    proxy: false,
    // A connection to one address may have been made, and checked, under another name.
    keepalive: false,
    ...(!ipaddr.isValid(bare(url.hostname)) && { tls: { serverName: bare(url.hostname) } }),
  };
  return fetch(pinned, init as unknown as BunFetchRequestInit);
}

/** A host is named alone, or with one of its ports: then no other is trusted. */
function isTrusted(url: URL, { privateHosts }: Pick<ReadLimits, "privateHosts">): boolean {
  if (privateHosts === "all") return true;
  return privateHosts.includes(bare(url.hostname)) || privateHosts.includes(hostAndPort(url));
}

/** `127.0.0.1:7377`, also where the port is the scheme's own. */
export function hostAndPort({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

function isLoopbackAddress(host: string): boolean {
  return ipaddr.isValid(host) && ipaddr.process(host).range() === "loopback";
}

/** IPv4 first: where IPv6 leads nowhere, trying it takes long. */
async function resolve(host: string): Promise<string[]> {
  if (ipaddr.isValid(host)) return [host];
  const found = await lookup(host, { all: true });
  return found.sort((a, b) => a.family - b.family).map(({ address }) => address);
}

/** `[::1]` → `::1`. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

async function settled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
