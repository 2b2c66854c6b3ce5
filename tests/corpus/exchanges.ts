import { rssOf } from "../unit/agent/sources/site.ts";
import type { ExchangeCase } from "./types.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const entry = (id: string, text = `The text of ${id}.`) => ({ id, text });
const feed = (...entries: { id: string; text: string }[]) => new Response(rssOf(entries));
const status = (code: number, headers: Record<string, string> = {}) =>
  new Response(code === 304 ? null : "no", { status: code, headers });
const to = (code: number, location: string) => status(code, { location });
const AB = [entry("b"), entry("a")];

/** What servers say, look after look, and what is to become of the source. */
export const EXCHANGES: ExchangeCase[] = [
  {
    name: "the same feed three times",
    looks: [
      { answer: () => feed(...AB), expect: { fresh: 2, changed: 0 } },
      { answer: () => feed(...AB), expect: { fresh: 0, changed: 0 } },
      { answer: () => feed(...AB), expect: { fresh: 0, changed: 0 } },
    ],
    documents: 2,
  },
  {
    name: "an updated item takes the place of the old one",
    looks: [
      { answer: () => feed(...AB), expect: { fresh: 2 } },
      {
        answer: () => feed(entry("b"), entry("a", "Another text of a.")),
        expect: { fresh: 0, changed: 1 },
      },
    ],
    documents: 3,
    superseded: 1,
  },
  {
    name: "an item that changes back",
    looks: [
      { answer: () => feed(entry("a")), expect: { fresh: 1 } },
      { answer: () => feed(entry("a", "Other.")), expect: { changed: 1 } },
      { answer: () => feed(entry("a")), expect: { changed: 1 } },
    ],
    documents: 2,
    superseded: 1,
  },
  {
    name: "an item that falls out of the feed, and comes back",
    looks: [
      { answer: () => feed(...AB), expect: { fresh: 2 } },
      { answer: () => feed(entry("c"), entry("b")), expect: { fresh: 1 } },
      { answer: () => feed(entry("c"), ...AB), expect: { fresh: 0, changed: 0 } },
    ],
    documents: 3,
  },
  {
    name: "the same items in another order",
    looks: [
      { answer: () => feed(...AB), expect: { fresh: 2 } },
      { answer: () => feed(...AB.toReversed()), expect: { fresh: 0, changed: 0 } },
    ],
    documents: 2,
  },
  {
    name: "304 by ETag",
    looks: [
      {
        answer: () => new Response(rssOf(AB), { headers: { etag: '"one"' } }),
        expect: { fresh: 2 },
      },
      {
        answer: (request) => status(request.headers.get("if-none-match") === '"one"' ? 304 : 500),
        expect: { fresh: 0, error: null, failures: 0 },
      },
    ],
    documents: 2,
  },
  {
    name: "304 by date",
    looks: [
      {
        answer: () =>
          new Response(rssOf(AB), {
            headers: { "last-modified": "Fri, 20 Nov 2026 09:00:00 GMT" },
          }),
        expect: { fresh: 2 },
      },
      {
        answer: (request) => status(request.headers.has("if-modified-since") ? 304 : 500),
        expect: { fresh: 0, error: null },
      },
    ],
    documents: 2,
  },
  {
    name: "304 that nobody asked for",
    looks: [{ answer: () => status(304), expect: { fresh: 0, error: "HTTP 304" } }],
    documents: 0,
  },
  {
    name: "301: it lives elsewhere from now on",
    looks: [
      {
        answer: ({ url }) => (url.endsWith("/new") ? feed(...AB) : to(301, "/new")),
        expect: { fresh: 2, path: "/new" },
      },
    ],
    documents: 2,
  },
  {
    name: "308, then 302: it only seems to have moved for good",
    looks: [
      {
        answer: ({ url }) =>
          url.endsWith("/two")
            ? feed(...AB)
            : url.endsWith("/one")
              ? to(302, "/two")
              : to(308, "/one"),
        expect: { fresh: 2, path: "/feed" },
      },
    ],
    documents: 2,
  },
  {
    name: "redirects in a circle",
    looks: [
      {
        answer: ({ url }) => to(302, url.endsWith("/one") ? "/feed" : "/one"),
        expect: { error: "in a circle", failures: 1 },
      },
    ],
    documents: 0,
  },
  {
    name: "a redirect into the machine's own network",
    looks: [
      {
        answer: () => to(301, "http://10.0.0.1/feed"),
        expect: { error: "10.0.0.1", failures: 1, path: "/feed" },
      },
    ],
    documents: 0,
  },
  {
    name: "410: it is over, and what it brought stays",
    looks: [
      { answer: () => feed(...AB), expect: { fresh: 2 } },
      { answer: () => status(410), expect: { error: "is over", state: "gone" } },
    ],
    documents: 2,
  },
  {
    name: "429 with Retry-After in seconds",
    looks: [
      {
        answer: () => status(429, { "retry-after": "7200" }),
        expect: { error: "HTTP 429", state: "active", wait: [2 * HOUR, 2.3 * HOUR] },
      },
    ],
    documents: 0,
  },
  {
    name: "503 with Retry-After as a date",
    looks: [
      {
        answer: () => status(503, { "retry-after": new Date(Date.now() + 5 * HOUR).toUTCString() }),
        expect: { error: "HTTP 503", wait: [4.9 * HOUR, 5.6 * HOUR] },
      },
    ],
    documents: 0,
  },
  {
    name: "429 with Retry-After in a hundred years",
    looks: [
      {
        answer: () => status(429, { "retry-after": "3153600000" }),
        expect: { error: "HTTP 429", wait: [6 * 24 * HOUR, 8 * 24 * HOUR] },
      },
    ],
    documents: 0,
  },
  {
    name: "500, and again, and then it is back",
    looks: [
      { answer: () => status(500), expect: { failures: 1, wait: [4 * MINUTE, 6 * MINUTE] } },
      { answer: () => status(500), expect: { failures: 2, wait: [9 * MINUTE, 12 * MINUTE] } },
      { answer: () => feed(...AB), expect: { fresh: 2, failures: 0, error: null } },
    ],
    documents: 2,
  },
  {
    name: "a page in the feed's place, and then the feed again",
    looks: [
      { answer: () => feed(...AB), expect: { fresh: 2 } },
      {
        answer: () => new Response("<!doctype html><title>Gone shopping</title>"),
        expect: { error: "no feed", failures: 1 },
      },
      { answer: () => feed(entry("c"), ...AB), expect: { fresh: 1, error: null } },
    ],
    documents: 3,
  },
  {
    name: "an empty answer",
    looks: [{ answer: () => new Response(""), expect: { error: "no feed" } }],
    documents: 0,
  },
  {
    name: "a body that is not as compressed as it says",
    looks: [
      {
        answer: () => new Response("plain", { headers: { "content-encoding": "gzip" } }),
        expect: { error: "damaged", failures: 1 },
      },
    ],
    documents: 0,
  },
  {
    name: "a compressed feed",
    looks: [
      {
        answer: () =>
          new Response(Bun.gzipSync(rssOf(AB)), { headers: { "content-encoding": "gzip" } }),
        expect: { fresh: 2 },
      },
    ],
    documents: 2,
  },
  {
    name: "fifty megabytes, packed into fifty kilobytes",
    looks: [
      {
        answer: () =>
          new Response(Bun.gzipSync(new Uint8Array(50_000_000).fill(60)), {
            headers: { "content-encoding": "gzip" },
          }),
        expect: { error: "may have at most", failures: 1 },
      },
    ],
    documents: 0,
  },
  {
    name: "fifty megabytes, and it says so",
    looks: [
      {
        answer: () => new Response(new Uint8Array(50_000_000).fill(60)),
        expect: { error: "47.7 MB", failures: 1 },
      },
    ],
    documents: 0,
  },
  {
    name: "a feed that never ends",
    looks: [
      {
        answer: () =>
          new Response(
            new ReadableStream({
              pull: (controller) => controller.enqueue(new Uint8Array(100_000).fill(60)),
            }),
          ),
        expect: { error: "may have at most", failures: 1 },
      },
    ],
    documents: 0,
  },
  {
    name: "an answer that never comes",
    looks: [{ answer: () => new Promise(() => {}), expect: { error: "within 1 seconds" } }],
    documents: 0,
  },
  {
    name: "Cache-Control asks for a rest of six hours",
    looks: [
      {
        answer: () =>
          new Response(rssOf(AB), { headers: { "cache-control": "public, max-age=21600" } }),
        expect: { fresh: 2, wait: [5.9 * HOUR, 6.1 * HOUR] },
      },
    ],
    documents: 2,
  },
];
