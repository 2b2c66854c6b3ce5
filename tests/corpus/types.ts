import type { ReadErrorCode } from "../../agent/read/errors.ts";

/** A feed, good or broken, and what is to be understood of it. */
export interface FeedCase {
  name: string;
  bytes: Uint8Array;
  /** Character set that the server names. */
  charset?: string;
  expect:
    | { error: ReadErrorCode }
    | {
        title?: string;
        entries: {
          title: string;
          key?: string;
          link?: string | null;
          /** A date as ISO, or none. */
          date?: string | null;
          has?: string;
          hasNot?: string;
        }[];
        ttlMinutes?: number;
      };
}

/** A document, good or broken, and what is to be understood of it. */
export interface DocumentCase {
  name: string;
  bytes: Uint8Array;
  charset?: string;
  expect:
    | { error: ReadErrorCode; says?: string }
    | { format: string; title: string; has: string[]; hasNot?: string[]; passages?: number };
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
export const utf16 = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le"));
