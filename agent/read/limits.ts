import { ReadError } from "./errors.ts";

/** What reading one document may cost. */
export interface ReadLimits {
  /** Bytes of a file, or of a page after decompression. */
  maxBytes: number;
  /** From the request to the last byte of a page, in milliseconds, over all redirects. */
  timeoutMs: number;
  maxRedirects: number;
  /** Files taken from one folder. */
  maxFiles: number;
  /**
   * Hosts in private networks that may be asked, by name or address, or all of them. Others are
   * refused: a feed could otherwise make Selkie ask what only this machine can reach.
   */
  privateHosts: readonly string[] | "all";
  /** Bytes that an archive (EPUB, DOCX) may unpack to. */
  maxUnpacked: number;
  /** Memory of the process that takes documents apart, in bytes. */
  parseMemory: number;
  /** Taking the article out of a page, in milliseconds. */
  parseMs: number;
}

const MB = 1024 * 1024;

export const DEFAULT_LIMITS: ReadLimits = {
  maxBytes: 20 * MB,
  timeoutMs: 30_000,
  maxRedirects: 10,
  maxFiles: 10_000,
  privateHosts: [],
  maxUnpacked: 200 * MB,
  parseMemory: 1536 * MB,
  parseMs: 60_000,
};

/** @param bytes its size as far as known, which may be a lower bound */
export function tooLarge(source: string, bytes: number, limits: ReadLimits, atLeast = false) {
  const size = `${atLeast ? "more than " : ""}${megabytes(bytes)} MB`;
  return new ReadError(
    "too-large",
    source,
    `${source} has ${size}, but one document may have at most ${megabytes(limits.maxBytes)} MB: split it, or raise SELKIE_MAX_DOCUMENT_MB.`,
  );
}

function megabytes(bytes: number): string {
  return (bytes / MB).toFixed(1).replace(/\.0$/, "");
}
