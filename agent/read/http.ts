import { HttpError, ReadError } from "./errors.ts";
import { fetchOnce } from "./hosts.ts";
import { type ReadLimits, tooLarge } from "./limits.ts";

const USER_AGENT = "Mozilla/5.0 (compatible; Selkie/0.1; self-hosted reader)";
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const PERMANENT = new Set([301, 308]);

export interface HttpOptions {
  limits: ReadLimits;
  /** What may come back, as in the header. */
  accept?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** What a server answered. */
export interface HttpAnswer {
  /** 200 to 299, or 304 where the request was conditional. */
  status: number;
  headers: Headers;
  /** Decompressed; empty with 304. */
  bytes: Uint8Array;
  /** Where it ended, after all redirects. */
  url: URL;
  /** Where it has moved for good: every redirect on the way said so. */
  moved?: string;
}

/** Whether a source is to be fetched rather than read from the disk: it begins with a scheme. */
export function isAddress(source: string): boolean {
  // One letter and a colon is a drive.
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(source);
}

/**
 * An address in its normal form, without its fragment.
 * @throws ReadError `bad-address`
 */
export function parseAddress(source: string, base?: string): URL {
  const url = URL.canParse(source, base) ? new URL(source, base) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new ReadError(
      "bad-address",
      source,
      `${source} is not an address that can be read: give one that begins with http:// or https://.`,
    );
  }
  url.hash = "";
  return url;
}

/**
 * Fetches an address: the one place where Selkie asks a server for what somebody else named.
 * Redirects are followed one by one, and hosts of private networks are refused at each; the size
 * counts decompressed bytes, and what goes beyond the limit is never held.
 * @throws HttpError; ReadError `bad-address`, `private-address`, `unreachable`, `timeout`,
 * `redirects` or `too-large`; the signal's reason
 */
export async function httpGet(source: string, options: HttpOptions): Promise<HttpAnswer> {
  const { limits, signal } = options;
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const stop = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    const { response, url, moved } = await follow(source, options, stop);
    const { status, headers } = response;
    const bytes = status === 304 ? new Uint8Array() : await readBody(response, source, limits);
    return { status, headers, bytes, url, ...(moved && { moved }) };
  } catch (error) {
    if (error instanceof ReadError) throw error;
    signal?.throwIfAborted();
    throw explainFetchError(error, source, timeout.aborted, limits);
  }
}

async function follow(
  source: string,
  { limits, accept = "*/*", headers }: HttpOptions,
  signal: AbortSignal,
): Promise<{ response: Response; url: URL; moved?: string }> {
  let url = parseAddress(source);
  let permanent = true;
  const visited = new Set<string>();
  for (;;) {
    visited.add(url.href);
    const sent = { "user-agent": USER_AGENT, accept, ...headers };
    const response = await fetchOnce(url, { headers: sent, signal, source, limits });
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null) {
      if (response.ok || (response.status === 304 && isConditional(headers))) {
        const moved = visited.size > 1 && permanent ? url.href : undefined;
        return { response, url, moved };
      }
      await response.body?.cancel();
      throw badStatus(source, response);
    }
    await response.body?.cancel();
    permanent &&= PERMANENT.has(response.status);
    url = parseAddress(location, url.href);
    if (visited.has(url.href)) {
      throw new ReadError(
        "redirects",
        source,
        `${source} redirects in a circle, back to ${url.href}: open it in a browser and give the address where it ends.`,
      );
    }
    if (visited.size > limits.maxRedirects) {
      throw new ReadError(
        "redirects",
        source,
        `${source} redirects more than ${limits.maxRedirects} times: open it in a browser and give the address where it ends.`,
      );
    }
  }
}

/** Whether a request says what is known already, so that "not modified" is an answer to it. */
function isConditional(headers: Record<string, string> = {}): boolean {
  return "if-none-match" in headers || "if-modified-since" in headers;
}

function badStatus(source: string, response: Response): HttpError {
  const { status } = response;
  const advice =
    status === 404 || status === 410
      ? "there is no such page: check the address"
      : status === 401 || status === 403 || status === 407
        ? "it does not let us in: save the page in a browser and give the file"
        : status === 429 || status >= 500
          ? "the site has trouble: try again later"
          : "check the address in a browser";
  const wait = retryAfter(response.headers.get("retry-after"));
  return new HttpError(source, `${source} answered with HTTP ${status}; ${advice}.`, status, wait);
}

/** Milliseconds, from a number of seconds or a date. */
function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (!header) return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

async function readBody(
  response: Response,
  source: string,
  limits: ReadLimits,
): Promise<Uint8Array> {
  // A compressed body is larger than this says, so it can only refuse, not admit.
  const promised = Number(response.headers.get("content-length") ?? 0);
  if (promised > limits.maxBytes) {
    await response.body?.cancel();
    throw tooLarge(source, promised, limits);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest of the transfer.
    if (bytes > limits.maxBytes) throw tooLarge(source, limits.maxBytes, limits, true);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function explainFetchError(
  error: unknown,
  source: string,
  timedOut: boolean,
  limits: ReadLimits,
): ReadError {
  const options = { cause: error };
  if (timedOut) {
    const message = `${source} did not answer in full within ${limits.timeoutMs / 1000} seconds: try again later, or raise SELKIE_FETCH_TIMEOUT.`;
    return new ReadError("timeout", source, message, options);
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = /ENOTFOUND|EAI_AGAIN|ENODATA/.test(code)
    ? "its host name is not known"
    : code === "ECONNREFUSED"
      ? "nothing answers there"
      : code === "ECONNRESET"
        ? "the connection was closed half-way"
        : code === "ZlibError"
          ? "its compressed data is damaged"
          : /TLS|CERT|EPROTO|SELF_SIGNED/i.test(code)
            ? `no secure connection could be made (${code})`
            : error instanceof Error
              ? error.message
              : String(error);
  const message = `${source} cannot be reached (${reason}): check the address and the connection, and try again.`;
  return new ReadError("unreachable", source, message, options);
}
