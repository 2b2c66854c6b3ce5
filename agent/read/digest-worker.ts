import { type Digest, digest, type RawDocument } from "./digest.ts";
import { ReadError, type ReadErrorCode } from "./errors.ts";

/** What the worker answers; an error loses its class on the way, so its parts are sent. */
export type DigestReply =
  | { digest: Digest }
  | { refused: { code: ReadErrorCode; source: string; message: string } }
  | { failed: string };

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<RawDocument>) => {
  self.postMessage(reply(data));
};

function reply(raw: RawDocument): DigestReply {
  try {
    return { digest: digest(raw) };
  } catch (error) {
    if (error instanceof ReadError) {
      return { refused: { code: error.code, source: error.source, message: error.message } };
    }
    return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
