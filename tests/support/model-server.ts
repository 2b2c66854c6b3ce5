import { createServer } from "node:http";

/** A server of models as Hugging Face is one, which can be told to break connections. */
export interface ModelServer {
  /** To be named in `HF_ENDPOINT`. */
  url: string;
  /** Bytes that were sent since the last call. */
  sent(): number;
  /** After so many bytes in all, every connection breaks, until it is said again. */
  breakAfter(bytes: number): void;
  /** Waits so long, in milliseconds, before each piece of 256 KB. */
  slow(ms: number): void;
  close(): void;
}

const PIECE = 256 * 1024;

/**
 * @param files by what follows the address: `owner/repository/resolve/main/file.gguf`
 * @param tags what it says of files, as Hugging Face says their SHA-256
 */
export async function serveModels(
  files: Record<string, Uint8Array>,
  tags: Record<string, string> = {},
): Promise<ModelServer> {
  let total = 0;
  let left = Number.POSITIVE_INFINITY;
  let wait = 0;
  const server = createServer(async (request, response) => {
    const name = decodeURIComponent(request.url!.slice(1).replace(/\?.*/, ""));
    const file = files[name];
    if (!file) return response.writeHead(404).end();
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
    const from = Number(range?.[1] ?? 0);
    const to = range?.[2] ? Math.min(Number(range[2]), file.length - 1) : file.length - 1;
    response.writeHead(range ? 206 : 200, {
      "accept-ranges": "bytes",
      "content-length": to - from + 1,
      etag: `"${file.length}"`,
      ...(tags[name] && { "x-linked-size": file.length, "x-linked-etag": `"${tags[name]}"` }),
      ...(range && { "content-range": `bytes ${from}-${to}/${file.length}` }),
    });
    if (request.method === "HEAD") return response.end();
    const gone = new Promise((resolve) => response.once("close", resolve));
    for (let at = from; at <= to && !response.destroyed; at += PIECE) {
      if (left <= 0) return response.destroy();
      if (wait > 0) await Bun.sleep(wait);
      const piece = file.subarray(at, Math.min(at + PIECE, to + 1));
      left -= piece.length;
      total += piece.length;
      await Promise.race([new Promise((resolve) => response.write(piece, resolve)), gone]);
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/`,
    sent: () => {
      const bytes = total;
      total = 0;
      return bytes;
    },
    breakAfter: (bytes) => {
      left = bytes;
    },
    slow: (ms) => {
      wait = ms;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
