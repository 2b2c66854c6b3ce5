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
  | "unreachable"
  | "timeout"
  | "redirects"
  | "http-status"
  | "no-text"
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
