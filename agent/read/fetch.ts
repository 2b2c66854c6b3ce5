import type { RawDocument } from "./digest.ts";
import { ReadError } from "./errors.ts";
import { type ReadLimits, tooLarge } from "./limits.ts";
import type { Format } from "./sniff.ts";

const USER_AGENT = "Mozilla/5.0 (compatible; Selkie/0.1; self-hosted reader)";
const ACCEPT = "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9, text/*;q=0.5";
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Types that say nothing: what the bytes are is found out from them. */
const UNTOLD = new Set(["", "application/octet-stream", "binary/octet-stream"]);
const FORMATS: Record<string, Format> = {
  "text/html": "html",
  "application/xhtml+xml": "html",
  "text/markdown": "markdown",
  "text/x-markdown": "markdown",
};
/** Text that is not prose, served under a `text/` type. */
const NOT_PROSE = new Set(["text/css", "text/javascript", "text/calendar", "text/vcard"]);

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
 * Fetches a page or a text. Redirects are followed one by one; the size counts decompressed bytes,
 * and what goes beyond the limit is never held.
 * @throws ReadError `bad-address`, `unreachable`, `timeout`, `redirects`, `http-status`,
 * `unsupported`, `too-large` or `empty`; the signal's reason
 */
export async function fetchDocument(
  source: string,
  limits: ReadLimits,
  signal?: AbortSignal,
): Promise<RawDocument> {
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const stop = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    const { response, url } = await follow(source, limits, stop);
    const { format, charset } = contentType(response, source);
    const bytes = await readBody(response, source, limits);
    if (bytes.length === 0) {
      throw new ReadError(
        "empty",
        source,
        `${source} answered with an empty page: check it in a browser.`,
      );
    }
    return { source, bytes, name: nameOf(url), format, charset };
  } catch (error) {
    if (error instanceof ReadError) throw error;
    signal?.throwIfAborted();
    throw explainFetchError(error, source, timeout.aborted, limits);
  }
}

async function follow(
  source: string,
  limits: ReadLimits,
  signal: AbortSignal,
): Promise<{ response: Response; url: URL }> {
  let url = parseAddress(source);
  const visited = new Set<string>();
  for (;;) {
    visited.add(url.href);
    const headers = { "user-agent": USER_AGENT, accept: ACCEPT };
    const response = await fetch(url, { redirect: "manual", headers, signal });
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null) {
      if (response.ok) return { response, url };
      await response.body?.cancel();
      throw badStatus(source, response.status);
    }
    await response.body?.cancel();
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

function badStatus(source: string, status: number): ReadError {
  const advice =
    status === 404 || status === 410
      ? "there is no such page: check the address"
      : status === 401 || status === 403 || status === 407
        ? "it does not let us in: save the page in a browser and give the file"
        : status === 429 || status >= 500
          ? "the site has trouble: try again later"
          : "check the address in a browser";
  return new ReadError("http-status", source, `${source} answered with HTTP ${status}; ${advice}.`);
}

function contentType(response: Response, source: string): { format?: Format; charset?: string } {
  const header = response.headers.get("content-type") ?? "";
  const type = header.split(";")[0]!.trim().toLowerCase();
  const charset = /charset\s*=\s*["']?([\w-]+)/i.exec(header)?.[1];
  if (UNTOLD.has(type)) return { charset };
  if (type in FORMATS) return { format: FORMATS[type], charset };
  // Markdown is mostly served as text/plain, so the name still has a say.
  if (type.startsWith("text/") && !NOT_PROSE.has(type)) return { charset };
  throw new ReadError(
    "unsupported",
    source,
    `${source} is of type ${type}, which cannot be read: give a page (HTML), Markdown or plain text.`,
  );
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

function nameOf(url: URL): string {
  try {
    return url.pathname === "/" ? url.hostname : decodeURIComponent(url.pathname);
  } catch {
    return url.pathname;
  }
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
  const reason =
    code === "ENOTFOUND" || code === "EAI_AGAIN"
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
