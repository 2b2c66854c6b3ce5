/** Why something could not be read, for programs; the message is for people. */
export type ReadErrorCode =
  | "missing"
  | "unreadable"
  | "empty"
  | "empty-folder"
  | "too-large"
  | "binary"
  | "unsupported"
  | "bad-address"
  | "private-address"
  | "unreachable"
  | "timeout"
  | "redirects"
  | "http-status"
  | "no-text"
  | "no-feed"
  | "encrypted"
  | "damaged"
  | "too-complex";

/** One clear sentence that names the thing and says what to do about it. */
export class ReadError extends Error {
  constructor(
    readonly code: ReadErrorCode,
    /** The path or address, as it was given. */
    readonly source: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "ReadError";
  }
}

/** A server's refusal. */
export class HttpError extends ReadError {
  constructor(
    source: string,
    message: string,
    readonly status: number,
    /** How long the server asks to be left alone, in milliseconds, if it says so. */
    readonly retryAfterMs?: number,
  ) {
    super("http-status", source, message);
  }
}

/** Whether the same may go well at another time, with nothing done about it. */
export function mayPass(error: ReadError): boolean {
  if (error instanceof HttpError) {
    return (
      error.status === 408 || error.status === 425 || error.status === 429 || error.status >= 500
    );
  }
  return error.code === "timeout" || error.code === "unreachable";
}
