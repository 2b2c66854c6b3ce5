import type { Digest, RawDocument } from "./digest.ts";
import type { DigestReply } from "./digest-worker.ts";
import { ReadError } from "./errors.ts";

/**
 * Digests a document in a thread of its own, which ends with it: a large or hostile one holds up
 * neither the pages nor the lease, and takes its memory with it.
 * @param timeoutMs after how many milliseconds it is given up
 * @throws ReadError as `digest`, and `too-complex` when it takes too long; the signal's reason
 */
export async function digestAside(
  raw: RawDocument,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Digest> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL("./digest-worker.ts", import.meta.url).href);
  const { promise, resolve, reject } = Promise.withResolvers<Digest>();
  const abort = () => reject(signal!.reason);
  const timer = setTimeout(() => {
    const message = `${raw.source} is too tangled to be read in ${Math.round(timeoutMs / 1000)} seconds: give its text instead, as .txt or .md.`;
    reject(new ReadError("too-complex", raw.source, message));
  }, timeoutMs);
  signal?.addEventListener("abort", abort, { once: true });
  worker.onmessage = ({ data }: MessageEvent<DigestReply>) => {
    if ("digest" in data) resolve(data.digest);
    else if ("failed" in data) reject(new Error(data.failed));
    else reject(new ReadError(data.refused.code, data.refused.source, data.refused.message));
  };
  worker.onerror = ({ message }) => reject(new Error(`Reading ${raw.source} failed: ${message}`));
  try {
    worker.postMessage(raw);
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    worker.terminate();
  }
}
