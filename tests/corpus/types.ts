import type { ReadErrorCode } from "../../agent/read/errors.ts";
import type { Format } from "../../agent/read/sniff.ts";

/** A feed, good or broken, and what is to be understood of it. */
export interface FeedCase {
  name: string;
  bytes: Uint8Array;
  /** Character set that the server names. */
  charset?: string;
  /** Whether it is arXiv's listing of a category. */
  listing?: boolean;
  expect:
    | { error: ReadErrorCode }
    | {
        title?: string;
        entries: {
          title?: string;
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

/** A list of subscriptions, good or broken, and the feeds that are to be found in it. */
export interface ListCase {
  name: string;
  bytes: Uint8Array;
  expect: { error: ReadErrorCode } | { feeds: { address: string; title?: string }[] };
}

/** What a server answers, look after look, and what becomes of the source and its items. */
export interface ExchangeCase {
  name: string;
  looks: {
    answer: (request: Request) => Response | Promise<Response>;
    expect: {
      /** Items that are new, and that were told differently. */
      fresh?: number;
      changed?: number;
      /** Some words of what the source says, or that it says nothing. */
      error?: string | null;
      failures?: number;
      state?: "active" | "gone";
      /** Where it is looked for from now on. */
      path?: string;
      /** When it is looked at again: in at least and at most so many milliseconds. */
      wait?: [least: number, most: number];
    };
  }[];
  /** Documents that there are in the end, and how many of them are out of date. */
  documents: number;
  superseded?: number;
}

/** A document, good or broken, and what is to be understood of it. */
export interface DocumentCase {
  name: string;
  /** What it is, in words. */
  about: string;
  bytes: Uint8Array;
  charset?: string;
  expect:
    | { error: ReadErrorCode; says?: string }
    | { format: Format; title: string; has: string[]; hasNot?: string[] };
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
/** With a byte order mark. */
export const utf16 = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le"));
