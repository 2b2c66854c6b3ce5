import { afterAll, expect, test } from "bun:test";
import { createServer } from "node:net";
import { digest } from "../../../../agent/read/digest.ts";
import { ReadError, type ReadErrorCode } from "../../../../agent/read/errors.ts";
import { fetchDocument, isAddress, parseAddress } from "../../../../agent/read/fetch.ts";
import { DEFAULT_LIMITS } from "../../../../agent/read/limits.ts";

const LIMITS = {
  ...DEFAULT_LIMITS,
  maxBytes: 100_000,
  timeoutMs: 400,
  maxRedirects: 4,
  privateHosts: "all",
} as const;
/** How many bytes the endless page has sent. */
let sent = 0;

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  routes: {
    "/page": () => html("<title>A page</title><article><p>Text of the page.</p></article>"),
    "/note.md": () =>
      new Response("# Note\n\nBody.", { headers: { "content-type": "text/plain" } }),
    "/untold": () => new Response(new TextEncoder().encode("<!doctype html><html><p>Told.</p>")),
    "/charset": () =>
      new Response(Buffer.from("Sch\xf6n", "latin1"), {
        headers: { "content-type": "text/plain; charset=ISO-8859-1" },
      }),
    "/circle": () => redirect("/circle-2"),
    "/circle-2": () => redirect("/circle"),
    "/self": () => redirect("/self#part"),
    "/chain/:n": (request) =>
      request.params.n === "0"
        ? redirect("/page")
        : redirect(`/chain/${Number(request.params.n) - 1}`),
    "/away": () => redirect("file:///etc/passwd"),
    "/nowhere": () => new Response("", { status: 302 }),
    "/slow": async () => {
      await Bun.sleep(2000);
      return html("late");
    },
    "/stalls": () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            controller.enqueue(new TextEncoder().encode("word "));
            await Bun.sleep(200);
          },
        }),
        { headers: { "content-type": "text/plain" } },
      ),
    "/endless": () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += 10_000;
            controller.enqueue(new Uint8Array(10_000).fill(97));
          },
        }),
        { headers: { "content-type": "text/plain" } },
      ),
    "/large": () => new Response("a".repeat(200_000)),
    "/bomb": () =>
      new Response(Bun.gzipSync(new Uint8Array(20_000_000).fill(97)), {
        headers: { "content-type": "text/plain", "content-encoding": "gzip" },
      }),
    "/damaged": () =>
      new Response("no gzip", {
        headers: { "content-type": "text/plain", "content-encoding": "gzip" },
      }),
    "/picture": () => new Response("x", { headers: { "content-type": "image/png" } }),
    "/empty": () => html(""),
    "/secret": () => new Response("no", { status: 401 }),
    "/broken": () => new Response("no", { status: 503 }),
  },
  fetch: () => new Response("no", { status: 404 }),
});
afterAll(() => server.stop(true));

function html(body: string): Response {
  return new Response(body, { headers: { "content-type": "text/html; charset=utf-8" } });
}

function redirect(location: string): Response {
  return new Response(null, { status: 302, headers: { location } });
}

const at = (path: string) => new URL(path, server.url).href;
const get = (path: string, signal?: AbortSignal) => fetchDocument(at(path), LIMITS, signal);

async function refusal(fetching: Promise<unknown>): Promise<ReadError> {
  const error = await fetching.then(
    () => new Error("nothing was thrown"),
    (thrown) => thrown,
  );
  if (!(error instanceof ReadError)) throw error;
  return error;
}

test("a page is fetched and read", async () => {
  const result = digest(await get("/page"));
  expect([result.format, result.title]).toEqual(["html", "A page"]);
  expect(result.passages[0]!.text).toBe("Text of the page.");
});

test("the name tells Markdown, the bytes tell a page, the header tells the character set", async () => {
  expect(digest(await get("/note.md")).format).toBe("markdown");
  expect(digest(await get("/untold")).format).toBe("html");
  expect(digest(await get("/charset")).passages[0]!.text).toBe("Schön");
});

test("a few redirects are followed", async () => {
  expect(digest(await get("/chain/3")).title).toBe("A page");
});

const REFUSED: [string, ReadErrorCode, string][] = [
  ["/circle", "redirects", "redirects in a circle"],
  ["/self", "redirects", "redirects in a circle"],
  ["/chain/9", "redirects", "redirects more than 4 times"],
  ["/away", "bad-address", "file:///etc/passwd is not an address that can be read"],
  ["/nowhere", "http-status", "HTTP 302"],
  ["/slow", "timeout", "within 0.4 seconds"],
  ["/stalls", "timeout", "SELKIE_FETCH_TIMEOUT"],
  ["/endless", "too-large", "SELKIE_MAX_DOCUMENT_MB"],
  ["/large", "too-large", "has 0.2 MB"],
  ["/bomb", "too-large", "has more than 0.1 MB"],
  ["/damaged", "unreachable", "damaged"],
  ["/picture", "unsupported", "of type image/png"],
  ["/empty", "empty", "empty page"],
  ["/secret", "http-status", "HTTP 401; it does not let us in"],
  ["/broken", "http-status", "try again later"],
  ["/missing", "http-status", "HTTP 404; there is no such page"],
];
test.each(REFUSED)("%s is refused: %s", async (path, code, words) => {
  const error = await refusal(get(path));
  expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)]);
  if (code !== "bad-address") expect(error.message).toStartWith(at(path));
});

test("what is too large is not fetched to its end", async () => {
  sent = 0;
  await refusal(get("/endless"));
  expect(sent).toBeLessThan(10_000_000);
});

test("a dead address, an unknown host, and something that speaks no HTTP", async () => {
  const closed = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const dead = closed.url.href;
  await closed.stop(true);
  const refused = await refusal(fetchDocument(dead, LIMITS));
  expect(refused.code).toBe("unreachable");
  expect(refused.message).toBe(
    `${dead} cannot be reached (nothing answers there): check the address and the connection, and try again.`,
  );

  const mute = createServer((socket) => socket.once("data", () => socket.destroy()));
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const { port } = mute.address() as { port: number };
  const cut = await refusal(fetchDocument(`http://127.0.0.1:${port}/`, LIMITS));
  expect(cut.code).toBe("unreachable");
  const insecure = await refusal(fetchDocument(at("/").replace("http:", "https:"), LIMITS));
  expect(insecure.code).toBe("unreachable");
  mute.close();
});

test("stops when asked to", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("stopped")), 50);
  await expect(get("/slow", stop.signal)).rejects.toThrow("stopped");
});

test("addresses and paths are told apart", () => {
  expect(["http://a", "HTTPS://a", "ftp://a", "file:///a"].map(isAddress)).not.toContain(false);
  expect(
    ["/a", "a.txt", "C:\\a", "c:/a", "notes: http", "./http://a"].map(isAddress),
  ).not.toContain(true);
  expect(parseAddress("HTTP://Example.com/a#b").href).toBe("http://example.com/a");
  expect(() => parseAddress("ftp://a")).toThrow("http:// or https://");
  expect(() => parseAddress("http://")).toThrow(ReadError);
});
